#!/usr/bin/env python3
"""Runs torchtally over the corpus and holds each answer against expected.json; standard library only.

    python3 tests/hostile/check.py TORCHTALLY [--corpus FOLDER] [--only TEXT] [--jobs N]

Exits 0 when every case does what is expected, 1 with a line for each that does not.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def faults(case: dict, torchtally: str, corpus: pathlib.Path, limits: dict) -> list:
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        # in a process group of its own, so that a worker cannot outlive the time limit
        process = subprocess.Popen([torchtally, "audit", str(corpus / case["file"])], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = process.communicate(timeout=limits["seconds"])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return [f"still running after {limits['seconds']} s"]
        seconds = time.monotonic() - start
        written = sorted(p.name for p in pathlib.Path(folder).rglob("*"))
    out, err = (b.decode("utf-8", "replace") for b in (out, err))
    found = []
    if process.returncode not in case["exit"]:
        found.append(f"exit code {process.returncode}, not {case['exit']}: {(err or out).strip()[-300:]!r}")
    if process.returncode == 3 and 3 in case["exit"]:
        message = err.lower() or out.lower()
        for item in case["says"]:
            words = item if isinstance(item, list) else [item]
            if not any(w.lower() in message for w in words):
                found.append(f"says none of {words}: {err.strip()[:300]!r}")
        if len(err) > 4000:
            found.append(f"{len(err)} characters of message")
        if case["file"] not in err:
            found.append(f"does not name the file: {err.strip()[:200]!r}")
    found += [f"prints {n!r}" for n in case.get("never", []) if n in out or n in err]
    found += [f"wrote {name}" for name in written]
    if "Traceback" in err or "terminate called" in err:
        found.append(f"crashed: {err.strip()[-300:]!r}")
    if seconds > limits["seconds"]:
        found.append(f"took {seconds:.1f} s")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("torchtally", type=os.path.abspath)
    parser.add_argument("--corpus", type=pathlib.Path, help="where to make the corpus; else a temporary folder")
    parser.add_argument("--only", default="", help="cases whose file name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = (arguments.corpus or pathlib.Path(scratch)).resolve()
        subprocess.run([sys.executable, str(HERE / "make.py"), str(corpus)], check=True, stdout=subprocess.DEVNULL)
        expected = json.loads((corpus / "expected.json").read_text())
        cases = [c for c in expected["cases"] if arguments.only in c["file"]]
        if not cases:
            sys.exit(f"no case has {arguments.only!r} in its name")
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            results = list(pool.map(lambda c: faults(c, arguments.torchtally, corpus, expected["limits"]), cases))
    bad = [(c, found) for c, found in zip(cases, results) if found]
    for case, found in bad:
        print(f"{case['file']} ({case['why']})")
        for fault in found:
            print(f"    {fault}")
    print(f"{len(cases) - len(bad)} of {len(cases)} cases as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
