#!/usr/bin/env python3
"""Draws what an audit costs against the number of modules: 100 to 100,000, each with a weight and a storage of its own.

    python3 bench/scaling.py --build build-release     # writes bench/scaling_results.md

Archives as torch.jit.save lays them out, written with the standard library alone. Medians of interleaved rounds, whole
processes: a cost that grows faster than the modules shows as a longer bar of microseconds a module.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(ROOT, "tests", "hostile"))
import run  # noqa: E402
from corpus.assemble import Record, TRUE, WEIGHTS, module, pickled, storage, tensor, write_archive  # noqa: E402

MOST_STORAGES = 60_000  # 65,535 records are the most without ZIP64; the layers of larger models share storages, as tied ones do
COMMANDS = {"audit": ["audit"], "audit -f json": ["audit", "-f", "json"], "compare": ["compare"]}


def archive(modules: int) -> bytes:
    """A root with that many children of one class, as a ModuleList of layers has them."""
    names = [f"c{i}" for i in range(modules)]
    code = ('class Layer(Module):\n  __parameters__ = ["weight", ]\n  __buffers__ = []\n  weight : Tensor\n  training : bool\n'
            "class Model(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
            + "".join(f"  {name} : __torch__.Layer\n" for name in names) + "  training : bool\n")
    children = {name: module({"weight": tensor(of=storage(str(i % MOST_STORAGES))), "training": TRUE}, "Layer") for i, name in enumerate(names)}
    records = {"data.pkl": pickled(module({**children, "training": TRUE}, "Model")), "code/__torch__.py": code.encode(),
               "constants.pkl": pickled(b")"), "version": b"3\n", **{f"data/{i}": WEIGHTS for i in range(min(modules, MOST_STORAGES))}}
    return write_archive([Record(f"m/{name}", data) for name, data in records.items()])


def milliseconds(command: list) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build-release"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", default=os.path.join(HERE, "scaling_results.md"))
    arguments = parser.parse_args()
    program = os.path.join(os.path.abspath(arguments.build), "bin", "torchtally")
    sizes = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
    lines = ["# What an audit costs against the number of modules", "",
             f"Written by `bench/scaling.py`: {os.cpu_count()} cores, medians of {arguments.rounds} rounds of whole processes; the peak is that of "
             "all processes together.", "",
             "| modules | command | time, ms | µs a module | | peak, MB |", "|---:|---|---:|---:|---|---:|"]
    with tempfile.TemporaryDirectory() as folder:
        series = {}
        for modules in sizes:
            path = os.path.join(folder, f"{modules}.pt")
            with open(path, "wb") as file:
                file.write(archive(modules))
            for name, words in COMMANDS.items():
                series[name, modules] = ([program, *words, path], [])
        for _ in range(arguments.rounds):
            for command, times in series.values():
                times.append(milliseconds(command))
        for name in COMMANDS:
            for modules in sizes:
                command, times = series[name, modules]
                took = statistics.median(times)
                each = took * 1e3 / modules
                lines.append(f"| {modules:,} | {name} | {took:,.1f} | {each:,.1f} | {'█' * min(40, round(each / 2))} | "
                             f"{run.peak_memory(command)[1] / run.MB:,.0f} |")
    with open(arguments.output, "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
