"""One run of the program under a fault, and what it leaves behind; standard library only."""

import contextlib
import dataclasses
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "sample_models"
FORMATS = {"text": ".txt", "json": ".json", "jsonl": ".jsonl", "md": ".md", "html": ".html", "csv": ".csv"}
NOBODY = 65534
FOREIGN = ("terminate called", "what():", "Traceback", "internal error", "damaged or hostile")


class Skipped(Exception):
    """What a case needs is not there; its text says what."""


@dataclasses.dataclass
class Program:
    path: str
    sanitized: bool = False

    @property
    def reader(self) -> str:
        return str(pathlib.Path(self.path).with_name("torchtally-reader"))


@dataclasses.dataclass
class Ended:
    exit: int
    out: bytes
    err: str
    processes_left: list

    def faults(self, exits, says=(), never=FOREIGN) -> list:
        """What is not as expected."""
        found = []
        exits = exits if isinstance(exits, (set, tuple, list)) else (exits,)
        if self.exit not in exits:
            found.append(f"exit code {self.exit}, not {exits}: {self.err[-300:]!r}")
        found += [f"says nothing of {words!r}: {self.err[-300:]!r}" for words in says if words not in self.err]
        found += [f"says {words!r}: {self.err[-300:]!r}" for words in never if words in self.err]
        found += [f"left a process: {line}" for line in self.processes_left]
        return found


def as_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def processes_with(mark: str) -> list:
    """Command lines of the processes whose environment holds `mark`."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def left_processes(mark: str, seconds: float = 2) -> list:
    """Those that are there when they have had the time to end."""
    end = time.monotonic() + seconds
    while (found := processes_with(mark)) and time.monotonic() < end:
        time.sleep(0.005)
    return found


@contextlib.contextmanager
def started(program: Program, arguments: list, *, limits=None, nobody=False, before=None, environment=None, **streams):
    """The running program and the mark of its processes. `limits`: of resource.setrlimit; `before`: runs in the child."""
    mark = f"TORCHTALLY_FAULT={uuid.uuid4().hex}"

    def prepare():
        if before is not None:
            before()
        if nobody:
            as_nobody()
        for limit, value in (limits or {}).items():
            resource.setrlimit(limit, (value, value))

    everything = dict(os.environ if environment is None else environment)
    everything.update([mark.split("=")], LC_ALL="C.UTF-8")
    process = subprocess.Popen([program.path, *arguments], preexec_fn=prepare, env=everything, **streams)
    try:
        yield process, mark
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def run(program: Program, arguments: list, *, seconds: float = 60, stdin=subprocess.DEVNULL, stdout=None, **how) -> Ended:
    """Runs it to its end. What is printed goes to temporary files, so that nothing can block."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = {"stdin": stdin, "stdout": out if stdout is None else stdout, "stderr": err}
        with started(program, arguments, **streams, **how) as (process, mark):
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = "none: it did not end"
        left = left_processes(mark)
        out.seek(0), err.seek(0)
        return Ended(code, out.read(), err.read().decode(errors="replace"), left)


class Folder:
    """A temporary folder that anybody may enter, and what is in it."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="torchtally-faults-"))
        self.path.chmod(0o755)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def sample(self, name: str, as_name=None) -> str:
        target = self.path / (as_name or name)
        shutil.copyfile(SAMPLES / name, target)
        return str(target)

    def names(self) -> set:
        return {str(p.relative_to(self.path)) for p in self.path.rglob("*")}


def need_nobody(program: Program) -> None:
    """Raises Skipped where a run as another user is not possible."""
    if os.geteuid() != 0:
        raise Skipped("needs root, to become another user")
    with Folder() as folder:
        try:
            run(program, ["--version"], nobody=True, cwd=folder.path)
        except (OSError, subprocess.SubprocessError) as error:
            raise Skipped(f"another user may not run the program: {error}") from error
