#!/usr/bin/env python3
"""What a virtual probe of a 70-billion-parameter model costs: seconds and peak memory of all its processes.

    cmake --preset release && cmake --build --preset release
    python3 bench/virtual_cost.py build-release/bin/torchtally       # writes bench/virtual_results.md

The archive is a sparse file of 141 GB (bench/make_sparse_llama.py, Meta-Llama-3-70B's sizes); the probe is a training step: evaluation forward, training
forward, loss, backward, two steps of Adam. Standard library only.
"""
import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

import make_sparse_llama

HERE = pathlib.Path(__file__).resolve().parent
MODEL, INPUTS, ROUNDS = "llama-3-70b", ("1x128:int64", "8x2048:int64"), 5
MOST_SECONDS, MOST_BYTES = 10, 1 << 30


def probe(program, path, spec):
    """(seconds, total at the highest peak in bytes)"""
    start = time.monotonic()
    ran = subprocess.run([program, "probe", str(path), "--device", "meta", "-p", "train", "-i", spec, "--no-modules", "-f", "json"],
                         check=True, capture_output=True, text=True)
    seconds = time.monotonic() - start
    run = json.loads(ran.stdout)["configurations"][0]["runs"][0]
    assert run["failure"] is None, run["failure"]
    return seconds, max(phase["peak_bytes"] for phase in run["phases"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", help="torchtally, a release build")
    program = parser.parse_args().program
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.pt"
        parameters, _ = make_sparse_llama.write(path, **make_sparse_llama.CONFIGS[MODEL])
        for spec in INPUTS:
            results = [probe(program, path, spec) for _ in range(ROUNDS)]
            seconds = [result[0] for result in results]
            rows.append((spec, statistics.median(seconds), max(seconds), results[0][1]))
        length = path.stat().st_size
    resident = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # the largest of all processes
    met = max(row[2] for row in rows) < MOST_SECONDS and resident < MOST_BYTES
    lines = ["# What a virtual probe costs", "",
             f"Written by `bench/virtual_cost.py`. {MODEL}: {parameters:,} parameters, an archive of {length / 1e9:.1f} GB, a whole training step with Adam; {ROUNDS} rounds.", "",
             "| input | seconds, median | most | what the step would take, GB |", "|---|--:|--:|--:|"]
    lines += [f"| `{spec}` | {median:.2f} | {most:.2f} | {peak / 1e9:,.1f} |" for spec, median, most, peak in rows]
    lines += ["", f"Peak memory of the largest process: {resident / 1e6:.0f} MB. Goal: under {MOST_SECONDS} s and 1 GB: {'met' if met else 'MISSED'}.", ""]
    (HERE / "virtual_results.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
