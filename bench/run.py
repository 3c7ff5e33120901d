#!/usr/bin/env python3
"""Measures torchtally against its goals and writes bench/results.md. Standard library only.

    cmake --preset release && cmake --build --preset release
    python3 bench/run.py --decoder decoder.pt      # bench/make_decoder.py makes that one; it needs PyTorch in Python
    … --before DIR                                 # the build folder of another commit: every command of both, in the same rounds
    … --python PYTHON                              # one with torch and torchinfo: what people use today, on the archive of 6 GB

Whole processes, their start and end included. Runs are interleaved: every round runs each program once, in an order of its own, so that
a busy spell of the machine meets all of them. The pages of the archive are dropped from the page cache before each run;
LibTorch's own libraries stay in it, for all programs alike. Memory is measured in rounds of its own, since watching a
process costs time. The archives are sparse (bench/make_sparse_llama.py): reading a hole costs less than reading a
disk, so load_and_count comes off better here than with weights of a real model.
"""
import argparse
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)
import make_sparse_llama  # noqa: E402

MB = 1e6


def drop_pages(path):
    """Drops what the page cache holds of a file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def start(command, output):
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    return os.posix_spawn(command[0], command, environment, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output.fileno(), 1)])


def finish(command, status, output):
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"exit code {os.waitstatus_to_exitcode(status)}: {' '.join(command)}")
    output.seek(0)
    return output.read().decode()


def timed(command, archive=None):
    """Milliseconds of the whole process, and what it printed."""
    if archive:
        drop_pages(archive)
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        pid = start(command, output)
        _, status, _ = os.wait4(pid, 0)
        took = (time.perf_counter() - began) * 1e3
        return took, finish(command, status, output)


def descendants(pid):
    """`pid` and all that it started, as /proc shows them now."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        found.append(parent)
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as children:
                    waiting += [int(child) for child in children.read().split()]
        except OSError:
            pass
    return found


def peak_of(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            match = re.search(r"^VmHWM:\s*(\d+) kB", status.read(), re.MULTILINE)
            return int(match.group(1)) * 1024 if match else 0
    except OSError:
        return 0


def peak_memory(command, archive=None):
    """(largest process, all processes) in bytes of resident memory, mapped files included, at their peaks: VmHWM, looked at
    every millisecond (a peak only grows, so the last look counts). What wait4 tells of a child begins with the memory of
    this program, which started it."""
    if archive:
        drop_pages(archive)
    peaks = {}
    with tempfile.TemporaryFile() as output:
        pid = start(command, output)
        while True:
            for process in descendants(pid):
                peaks[process] = max(peaks.get(process, 0), peak_of(process))
            done, status, _ = os.wait4(pid, os.WNOHANG)
            if done:
                break
            time.sleep(0.001)
        finish(command, status, output)
    return max(peaks.values()), sum(peaks.values())


class Series:
    """One program's measurements."""

    def __init__(self, name, command, archive=None, expected=None, limit=None):
        self.name, self.command, self.archive, self.expected, self.limit = name, command, archive, expected, limit
        self.milliseconds, self.inside, self.largest, self.together = [], [], [], []

    def run_timed(self):
        if self.limit is not None and len(self.milliseconds) >= self.limit:
            return
        took, printed = timed(self.command, self.archive)
        self.milliseconds.append(took)
        self._read(printed)

    def run_for_memory(self):
        if self.limit is not None and len(self.largest) >= self.limit:
            return
        largest, together = peak_memory(self.command, self.archive)
        self.largest.append(largest)
        self.together.append(together)

    def _read(self, printed):
        """load_and_count and read_only print the count and the milliseconds inside; it must be the right count. safety_cost prints
        its findings as the count."""
        match = re.fullmatch(r"(\d+) ([0-9.e+]+)\n", printed)
        if match:
            self.inside.append(float(match.group(2)))
            count = int(match.group(1))
            if self.expected is not None and count != self.expected:
                sys.exit(f"{self.name}: {count:,} parameters, {self.expected:,} expected")
        elif self.expected is not None and f"{self.expected:,}" not in printed:
            sys.exit(f"{self.name}: {self.expected:,} is not in the report:\n{printed}")

    def median(self):
        return statistics.median(self.milliseconds)


def spread(values, digits=0):
    return f"{min(values):,.{digits}f}–{max(values):,.{digits}f}"


def machine_facts(build):
    with open("/proc/cpuinfo") as info:
        cpu = re.search(r"^model name\s*:\s*(.*)$", info.read(), re.MULTILINE)
    with open("/proc/meminfo") as info:
        memory = int(re.search(r"^MemTotal:\s*(\d+) kB", info.read(), re.MULTILINE).group(1)) * 1024
    with open(os.path.join(build, "CMakeCache.txt")) as cache:
        cache = cache.read()
    torch_dir = re.search(r"^TORCHTALLY_TORCH_DIR:\w+=(.+)$", cache, re.MULTILINE)
    version = "as configured"
    candidates = [torch_dir.group(1)] if torch_dir else []
    candidates.append(os.path.join(ROOT, ".deps", "libtorch-2.11.0", "torch"))
    for candidate in candidates:
        try:
            with open(os.path.join(candidate, "version.py")) as text:
                version = re.search(r"__version__ = '([^']+)'", text.read()).group(1)
                break
        except OSError:
            continue
    return (f"{cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores, {memory / 2**30:.1f} GiB of memory; "
            f"Linux {platform.release().split('-')[0]}; LibTorch {version}")


def make_archives(folder, wanted):
    archives = {}
    for name in ("0.5mb", "500mb", "6gb", "llama-3-70b"):
        if name in wanted:
            path = os.path.join(folder, f"{name}.pt")
            config = make_sparse_llama.CONFIGS[name]
            parameters, _ = make_sparse_llama.write(path, **config)
            assert parameters == config["parameters"]
            archives[name] = (path, parameters)
    return archives


def make_batch(folder, count):
    """`count` small archives under names of their own; the list that the command line takes."""
    below = os.path.join(folder, f"batch-{count}")
    os.mkdir(below)
    sample = os.path.join(ROOT, "sample_models", "scripted_mlp.pt")
    for number in range(count):
        shutil.copyfile(sample, os.path.join(below, f"{number:05}.pt"))
    return [os.path.join(below, f"{number:05}.pt") for number in range(count)]


def interleave(series, rounds, action, label):
    """Every round in an order of its own: what follows load_and_count of gigabytes finds no huge pages for a while, and in a
    fixed order that would always be the same program."""
    for index in range(rounds):
        for one in random.Random(index).sample(series, len(series)):
            if sys.stderr.isatty():
                print(f"\r{label}: round {index + 1} of {rounds}, {one.name:<40.40}", end="", file=sys.stderr, flush=True)
            action(one)
    if sys.stderr.isatty():
        print(f"\r{'':<80}\r", end="", file=sys.stderr)


def goal(text, value, met):
    return f"| {text} | {value} | {'met' if met else '**missed**'} |"


MOST_TIME = {"0.5mb": 0.10, "500mb": 0.10, "6gb": 0.10, "llama-3-70b": 0.15, "decoder": 0.25}  # of link_only's
MOST_PEAK = 40 * MB


def write_report(path, facts, rounds, memory_rounds, base, start_up, audits, batches, both, python, loads, reads, safety):
    """`batches`: {(files, jobs): (this commit's series, the other's or None)}; `both`: pairs of commands that must cost the same."""
    lines = [
        "# Benchmark results", "",
        "Written by `bench/run.py`; its opening says how. Whole processes unless said otherwise.", "",
        f"Machine: {facts}. Medians of {rounds} interleaved rounds (lowest–highest in brackets); peak memory: medians of "
        f"{memory_rounds} rounds, resident, mapped libraries included.", "",
        "## Goals", "", "| goal | measured | |", "|---|---|---|"]
    base_ms = base.median()
    for one in start_up:
        lines.append(goal(f"`{one.name}` under 20 ms", f"{one.median():.1f} ms", one.median() < 20))
    for name, most in MOST_TIME.items():
        if name not in audits:
            lines.append(f"| audit of {name}: at most {most:.2f} × link_only | not measured | |")
            continue
        one = audits[name]
        ratio, peak = one.median() / base_ms, statistics.median(one.together)
        lines.append(goal(f"audit of {name}: at most {most:.2f} × link_only", f"{ratio:.3f} ×", ratio <= most))
        lines.append(goal("… and at most 40 MB, all processes together", f"{peak / MB:.1f} MB", peak <= MOST_PEAK))
    if safety:
        cost = statistics.median(safety.inside)
        lines.append(goal("sandbox and safety report: at most 2 ms of the audit of decoder", f"{cost:.2f} ms", cost <= 2))
    for (files, jobs), (now, before) in batches.items():
        if before:
            ratio = before.median() / now.median()
            lines.append(goal(f"audit of {files:,} small archives, -j {jobs}: at least 2 × as fast as before", f"{ratio:.2f} ×", ratio >= 2))
        if jobs > 1:
            ratio = now.median() / batches[files, 1][0].median()
            lines.append(goal(f"… and -j {jobs} not slower than -j 1", f"{ratio:.2f} × its time", ratio <= 1))
    for now, before in both:
        ratio = now.median() / before.median()
        lines.append(goal(f"{now.name}: within 5 % of before", f"{ratio:.3f} ×", ratio <= 1.05))
    if python and "6gb" in audits:
        lines.append(f"| audit of 6gb against `torch.jit.load` and torchinfo in Python | {python.median() / audits['6gb'].median():,.0f} × as fast | |")
    lines += ["", "## Measurements", "",
              "| program | time, ms | against link_only | inside, ms | peak of the largest process, MB | "
              "of all processes, MB | runs |", "|---|---:|---:|---:|---:|---:|---:|"]
    batch_series = [one for pair in batches.values() for one in pair if one]
    pair_series = [one for pair in both for one in pair]
    for one in [base, *start_up, *audits.values(), *batch_series, *pair_series, *([python] if python else []), *loads, *reads,
                *([safety] if safety else [])]:
        inside = f"{statistics.median(one.inside):,.1f} ({spread(one.inside, 1)})" if one.inside else ""
        memory = [f"{statistics.median(values) / MB:,.0f}" if values else "" for values in (one.largest, one.together)]
        lines.append(f"| {one.name} | {one.median():,.1f} ({spread(one.milliseconds, 1)}) | {one.median() / base_ms:.2f} × | "
                     f"{inside} | {memory[0]} | {memory[1]} | {len(one.milliseconds)} |")
    lines += [
        "", "`link_only` links libtorch_cpu and returns from `main`; `load_and_count` is `torch::jit::load` and a sum over "
        "the parameters; `read_only` is what the reader does with a request, in a process of its own; `safety_cost` looks for "
        "risks in an archive that has been read, and enters the reader's sandbox. *Inside* is measured "
        "by the program itself, without its start. The archives are sparse files of zeros: from a real disk "
        "`load_and_count` takes longer.", ""]
    text = "\n".join(lines)
    with open(path + ".tmp", "w") as file:
        file.write(text)
    os.replace(path + ".tmp", path)
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build-release"), help="the build folder, with TORCHTALLY_BENCH=ON")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--memory-rounds", type=int, default=5)
    parser.add_argument("--slow-rounds", type=int, default=3, help="rounds of load_and_count on archives of gigabytes")
    parser.add_argument("--archives", default="0.5mb,500mb,6gb,llama-3-70b", help="which of them, comma-separated")
    parser.add_argument("--scratch", help="folder for the archives (sparse; a file system with holes); default: a temporary one")
    parser.add_argument("--decoder", help="the traced decoder that bench/make_decoder.py wrote")
    parser.add_argument("--before", help="a build folder of another commit, with its torchtally and worker in bin/")
    parser.add_argument("--python", help="an interpreter with torch and torchinfo")
    parser.add_argument("--batches", default="1000,10000", help="numbers of small archives, comma-separated; empty: none")
    parser.add_argument("--batch-rounds", type=int, default=5, help="rounds of the batches")
    parser.add_argument("--output", default=os.path.join(HERE, "results.md"))
    arguments = parser.parse_args()

    program = {name: os.path.join(os.path.abspath(arguments.build), "bin", name)
               for name in ("torchtally", "link_only", "load_and_count", "read_only", "safety_cost")}
    for path in program.values():
        if not os.access(path, os.X_OK):
            sys.exit(f"{path} is not built: cmake --preset release && cmake --build --preset release")

    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        archives = make_archives(folder, arguments.archives.split(","))
        base = Series("link_only", [program["link_only"]])
        start_up = [Series(f"torchtally {flag}", [program["torchtally"], flag]) for flag in ("--help", "--version")]
        audits, loads, reads, safety = {}, [], [], None
        for name, (path, parameters) in archives.items():
            audits[name] = Series(f"torchtally audit {name}", [program["torchtally"], "audit", path], path, parameters)
            reads.append(Series(f"read_only {name}", [program["read_only"], path], path, parameters))
            if name != "llama-3-70b":  # 141 GB do not fit this program's memory
                slow = arguments.slow_rounds if os.path.getsize(path) > 1e9 else None
                loads.append(Series(f"load_and_count {name}", [program["load_and_count"], path], path, parameters, slow))
        if arguments.decoder:
            path = os.path.abspath(arguments.decoder)
            audits["decoder"] = Series("torchtally audit decoder", [program["torchtally"], "audit", path], path)
            loads.append(Series("load_and_count decoder", [program["load_and_count"], path], path))
            reads.append(Series("read_only decoder", [program["read_only"], path], path))
            safety = Series("safety_cost decoder", [program["safety_cost"], path], path)
        older = os.path.join(os.path.abspath(arguments.before), "bin", "torchtally") if arguments.before else None
        batches = {}
        for files in [int(count) for count in arguments.batches.split(",") if count]:
            paths = make_batch(folder, files)
            for jobs in (1, 2):
                tail = ["audit", "-j", str(jobs), *paths]
                name = f"torchtally audit of {files:,} small archives, -j {jobs}"
                batches[files, jobs] = (
                    Series(name, [program["torchtally"], *tail], limit=arguments.batch_rounds),
                    Series(f"before: {name}", [older, *tail], limit=arguments.batch_rounds) if older else None)
        both = []
        if older:
            gpt2 = os.path.join(ROOT, "sample_models", "gpt2.pt")
            for words in (["estimate", "--preset", "llama-3-8b"], ["fit", "--preset", "llama-3-8b", "--gpu", "H100 80GB"], ["table"], ["probe", gpt2]):
                both.append((Series(f"torchtally {words[0]}", [program["torchtally"], *words]),
                             Series(f"before: torchtally {words[0]}", [older, *words])))
        python = None
        if arguments.python and "6gb" in archives:
            path = archives["6gb"][0]
            script = "import sys, torch, torchinfo; torchinfo.summary(torch.jit.load(sys.argv[1]), verbose=0)"
            python = Series("Python: torch.jit.load and torchinfo, 6gb", [arguments.python, "-c", script, path], path,
                            limit=arguments.slow_rounds)

        batch_series = [one for pair in batches.values() for one in pair if one]
        series = [base, *start_up, *audits.values(), *batch_series, *[one for pair in both for one in pair],
                  *([python] if python else []), *reads, *loads,
                  *([safety] if safety else [])]
        for one in series:  # once beforehand: LibTorch's libraries come into the page cache
            if one.limit is None:
                timed(one.command, one.archive)
        interleave(series, arguments.rounds, Series.run_timed, "time")
        long_enough = [one for one in series if one not in start_up]  # milliseconds are too short to watch
        interleave(long_enough, arguments.memory_rounds, Series.run_for_memory, "memory")
        write_report(arguments.output, machine_facts(arguments.build), arguments.rounds, arguments.memory_rounds, base, start_up,
                     audits, batches, both, python, loads, reads, safety)


if __name__ == "__main__":
    main()
