"""Readers that are killed: at points of a batch, during their start, and while their file is cut off."""

import fcntl
import functools
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

from harness import Folder, left_processes, run, started

FILES = 24
POINTS = range(20)
SIGNALS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS)


def children_of(pid: int) -> list:
    try:
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Batch:
    """A batch in JSON Lines; when `point` lines have come, the reader gets a signal."""

    def __init__(self, program, folder: Folder, paths: list, point: int, sent: int, environment=None):
        self.lines, self.hits = [], 0
        answers, end = os.pipe()
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)  # it cannot run ahead of what is taken
        streams = {"stdin": subprocess.DEVNULL, "stdout": end, "stderr": subprocess.PIPE}
        arguments = ["audit", "-f", "jsonl", *paths]
        with started(program, arguments, cwd=folder.path, environment=environment, **streams) as (process, mark):
            os.close(end)
            with open(answers, "rb") as lines:
                for line in lines:
                    if len(self.lines) == point:
                        for child in children_of(process.pid):
                            os.kill(child, sent)
                            self.hits += 1
                    self.lines.append(json.loads(line))
            self.err = process.stderr.read().decode(errors="replace")
            self.exit = process.wait(60)
        self.lost = [line for line in self.lines if "error" in line]
        self.found = [f"left a process: {p}" for p in left_processes(mark)]
        if [line.get("path") for line in self.lines] != paths:
            self.found.append(f"{len(self.lines)} lines for {len(paths)} files: {self.err[-200:]!r}")


def killed_at_points(program, sent) -> list:
    """Twenty batches. None is lost without a word, and at most the one that the reader was at."""
    found, hits = [], 0
    with Folder() as folder:
        paths = [folder.sample("recurrent.pt", f"{i}.pt") for i in range(FILES)]
        for point in POINTS:
            batch = Batch(program, folder, paths, point, sent)
            hits += batch.hits
            here = batch.found
            if len(batch.lost) > 1:
                here.append(f"one reader took {len(batch.lost)} files along")
            codes = [0] + [4 if sent == signal.SIGKILL else 3] * len(batch.lost)
            if batch.exit != codes[-1]:
                here.append(f"exit code {batch.exit} with {len(batch.lost)} lost")
            found += [f"at {point}: {fault}" for fault in here]
        found += [f"left {name}" for name in folder.names() if not name.endswith(".pt")]
    return found if hits == len(POINTS) else [*found, f"{hits} readers were killed"]


def parent_killed_at_points(program) -> list:
    """Whoever kills the program itself finds no process, no part of a report and no other file."""
    found = []
    for point in range(20):
        with Folder() as folder:
            paths = [folder.sample("llama.pt", f"{i}.pt") for i in range(10)]
            streams = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
            arguments = ["audit", *paths, "--each", "--tensors", "-o", "report.html", "-o", "report.json"]
            with started(program, arguments, cwd=folder.path, **streams) as (process, mark):
                time.sleep(0.004 * point)
                process.kill()
                process.wait()
                found += [f"at {point}: left a process: {p}" for p in left_processes(mark)]
            for name in folder.names():
                text = (folder.path / name).read_bytes()
                if not name.endswith((".pt", ".html", ".json")):
                    found.append(f"at {point}: left {name}")
                elif name == "report.json":
                    json.loads(text)
                elif name == "report.html" and not text.endswith(b"</html>\n"):
                    found.append(f"at {point}: half a report")
    return found


# Starts of readers, counted from 1, that end before a word is said, while the one that serves is killed after ten files;
# the exit code, and whether files are lost.
KILLED_STARTS = {
    "the first": ([1], 0, False),
    "the first two": ([1, 2], 0, False),
    "the replacement": ([2], 0, False),
    "two replacements": ([2, 3], 0, False),
    "all replacements": (range(2, 300), 4, True),
    "all": (range(1, 300), 4, None),
}


def killed_at_start(program, which: str) -> list:
    starts, code, loses = KILLED_STARTS[which]
    with Folder() as folder:
        paths = [folder.sample("recurrent.pt", f"{i}.pt") for i in range(FILES)]
        wrapper = folder.path / "reader"
        wrapper.write_text(f"""#!/bin/sh
echo start >>{folder.path}/starts
case " {' '.join(map(str, starts))} " in
  *" $(grep -c start {folder.path}/starts) "*) kill -9 $$ ;;
esac
exec {program.reader} "$@"
""")
        wrapper.chmod(0o755)
        batch = Batch(program, folder, paths, 10, signal.SIGKILL, {**os.environ, "TORCHTALLY_READER": str(wrapper)})
        found = []
        if batch.exit != code:
            found.append(f"exit code {batch.exit}, not {code}: {batch.err[-200:]!r}")
        if loses is None:  # nothing can be read at all: one error for all
            message = batch.lines[0]["error"]["message"]
            return found if "did not start: it was ended by signal 9" in message else [*found, message]
        found += batch.found
        if bool(batch.lost) != loses or len(batch.lost) > FILES - 10:
            found.append(f"{len(batch.lost)} files are lost: {batch.lost[:1]}")
        return found + [str(line["error"]) for line in batch.lost if "did not start" not in line["error"]["message"]]


def cut_off(program) -> list:
    """Files that are cut off and written anew while they are read: each is read or refused, none ends a reader."""
    with Folder() as folder:
        paths = [folder.sample("resnet.pt", f"{i}.pt") for i in range(8)]
        whole = pathlib.Path(paths[0]).read_bytes()
        over = threading.Event()

        def cut():
            while not over.is_set():
                for path in paths:
                    os.truncate(path, len(whole) // 3)
                    time.sleep(0.0005)
                    with open(path, "r+b") as file:
                        file.write(whole)

        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            ended = run(program, ["audit", "-f", "json", *(20 * paths)])
        finally:
            over.set()
            cutter.join()
        found = ended.faults((0, 3))
        models = json.loads(ended.out)["models"]
        if len(models) != 20 * len(paths):
            found.append(f"{len(models)} of {20 * len(paths)} files have an answer")
        found += [f"says {m['error']}" for m in models if "error" in m and "died" in m["error"]["message"]]
        return found


def cases():
    for one in SIGNALS:
        yield f"readers killed: {one.name} at 20 points", functools.partial(killed_at_points, sent=one)
    yield "the program killed: at 20 points", parent_killed_at_points
    for which in KILLED_STARTS:
        yield f"readers killed: {which} during the start", functools.partial(killed_at_start, which=which)
    yield "files cut off while they are read", cut_off
