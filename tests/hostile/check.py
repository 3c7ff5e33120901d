#!/usr/bin/env python3
"""Runs torchtally over the corpus and holds each answer against expected.json; standard library only.

    python3 tests/hostile/check.py TORCHTALLY [--alone] [--corpus FOLDER] [--only TEXT] [--jobs N]

All files go to two runs, one that reports in text and one in JSON, so that each worker meets many of them: what one file does
must not show in the answer to another. With --alone each file gets a run of its own, which takes minutes.
Exits 0 when every case does what is expected, 1 with a line for each that does not.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
REFUSED = ("not_found", "not_a_model", "malformed", "limit_exceeded")  # error codes of exit code 3


class Run:
    """One run of torchtally in an empty working folder, with what it cost."""

    def __init__(self, torchtally: str, arguments: list, seconds: float):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            # in a process group of its own, so that a worker cannot outlive the time limit
            process = subprocess.Popen([torchtally, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=err, start_new_session=True)
            killer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
            killer.start()
            # not Popen.wait: wait4 tells the peak memory of the program and of the workers that it has waited for
            _, status, usage = os.wait4(process.pid, 0)
            killer.cancel()
            self.seconds = time.monotonic() - start
            process.returncode = self.exit = os.waitstatus_to_exitcode(status)
            self.peak_bytes = usage.ru_maxrss * 1024
            self.wrote = sorted(p.name for p in pathlib.Path(folder).rglob("*"))
            out.seek(0), err.seek(0)
            self.out, self.err = (f.read().decode("utf-8", "replace") for f in (out, err))

    def faults(self, seconds: float, memory_bytes: int) -> list:
        """What is wrong with the run whatever the files."""
        found = [f"wrote {name}" for name in self.wrote]
        if self.exit < 0:
            found.append(f"ended by signal {-self.exit} after {self.seconds:.1f} s: {self.err.strip()[-300:]!r}")
        elif self.seconds > seconds:
            found.append(f"took {self.seconds:.1f} s")
        if self.peak_bytes > memory_bytes:
            found.append(f"took {self.peak_bytes:,} bytes of memory, more than {memory_bytes:,}")
        if "Traceback" in self.err or "terminate called" in self.err:
            found.append(f"crashed: {self.err.strip()[-300:]!r}")
        return found


def message_faults(case: dict, message: str) -> list:
    """What is wrong with the message of a refusal."""
    found = []
    for item in case["says"]:
        words = item if isinstance(item, list) else [item]
        if not any(w.lower() in message.lower() for w in words):
            found.append(f"says none of {words}: {message.strip()[:300]!r}")
    if len(message) > 4000:
        found.append(f"{len(message)} characters of message")
    if case["file"] not in message:
        found.append(f"does not name the file: {message.strip()[:200]!r}")
    return found


def check_alone(cases: list, torchtally: str, corpus: pathlib.Path, limits: dict, jobs: int) -> dict:
    def faults(case: dict) -> list:
        run = Run(torchtally, ["audit", str(corpus / case["file"])], limits["seconds"])
        found = run.faults(limits["seconds"], limits["memory_bytes"])
        if run.exit not in case["exit"]:
            found.append(f"exit code {run.exit}, not {case['exit']}: {(run.err or run.out).strip()[-300:]!r}")
        elif run.exit == 3:
            found += message_faults(case, run.err)
        return found + [f"prints {n!r}" for n in case.get("never", []) if n in run.out + run.err]

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return dict(zip((c["file"] for c in cases), pool.map(faults, cases)))


def check_together(cases: list, torchtally: str, corpus: pathlib.Path, limits: dict, jobs: int) -> dict:
    """Faults by file; those of a whole run under ""."""
    files = [str(corpus / c["file"]) for c in cases]
    seconds = 10 * limits["seconds"]
    common = ["--timeout", str(limits["seconds"]), "--jobs", str(max(1, jobs // 2))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        text, report = pool.map(lambda extra: Run(torchtally, ["audit", *common, *extra, *files], seconds), (["--each"], ["-f", "json"]))
    found = {"": [f for run in (text, report) for f in run.faults(seconds, limits["memory_bytes"])]}
    # "torchtally: FILE: MESSAGE" and its hint, up to the next of them
    pieces = re.split(r"^torchtally: (?=" + re.escape(str(corpus)) + "/)", text.err, flags=re.MULTILINE)
    messages = {}
    for piece in pieces[1:]:
        messages[piece[len(str(corpus)) + 1:].split(": ", 1)[0]] = piece
    try:
        answers = {pathlib.Path(m["path"]).name: m for m in json.loads(report.out)["models"]}
    except (ValueError, KeyError) as e:
        answers = {}
        found[""].append(f"its JSON cannot be read: {e}: {report.out[:200]!r}")
    for case in cases:
        name = case["file"]
        here = found[name] = []
        answer = answers.get(name)
        if answer is None:
            here.append("has no answer")
            continue
        code = answer["error"]["code"] if "error" in answer else None
        exit_code = 0 if code is None else 3 if code in REFUSED else code
        if exit_code not in case["exit"]:
            here.append(f"{answer.get('error', 'audited')}, not exit code {case['exit']}")
        if (code is None) != (name not in messages):
            here.append(f"text and JSON do not agree that it is refused: {messages.get(name)!r}")
        if code is not None:
            here += message_faults(case, messages.get(name, ""))
            if "took longer than the limit allows" in answer["error"]["message"]:
                here.append("took longer than its time limit")
        here += [f"prints {n!r}" for n in case.get("never", []) if n in text.out + text.err + report.out + report.err]
    worst = 3 if any("error" in a for a in answers.values()) else 0
    found[""] += [f"exit code {run.exit}, not {worst}" for run in (text, report) if run.exit not in (worst,) and run.exit >= 0]
    return found


def parser_of(text: str) -> argparse.ArgumentParser:
    """What every check of the corpus can be told."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("torchtally", type=os.path.abspath)
    parser.add_argument("--corpus", type=pathlib.Path, help="where to make the corpus; else a temporary folder")
    parser.add_argument("--only", default="", help="cases whose file name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--slack", type=int, default=1, help="so many times the time and memory: sanitizers need more")
    return parser


@contextlib.contextmanager
def corpus_for(arguments: argparse.Namespace):
    """The corpus, made anew: its folder, the cases that are asked for, and the limits of a run."""
    with tempfile.TemporaryDirectory() as scratch:
        corpus = (arguments.corpus or pathlib.Path(scratch)).resolve()
        subprocess.run([sys.executable, str(HERE / "make.py"), str(corpus)], check=True, stdout=subprocess.DEVNULL)
        expected = json.loads((corpus / "expected.json").read_text())
        cases = [c for c in expected["cases"] if arguments.only in c["file"]]
        if not cases:
            sys.exit(f"no case has {arguments.only!r} in its name")
        yield corpus, cases, {name: limit * arguments.slack for name, limit in expected["limits"].items()}


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--alone", action="store_true", help="a run for each file")
    arguments = parser.parse_args()
    with corpus_for(arguments) as (corpus, cases, limits):
        check = check_alone if arguments.alone else check_together
        found = check(cases, arguments.torchtally, corpus, limits, arguments.jobs)
    why = {c["file"]: f"{c['file']} ({c['why']})" for c in cases}
    bad = [name for name, faults in found.items() if faults]
    for name in bad:
        print(why.get(name, "the run as a whole"))
        for fault in found[name]:
            print(f"    {fault}")
    print(f"{sum(not found[c['file']] for c in cases)} of {len(cases)} cases as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
