"""Inputs that cannot be read, and names that nobody expects."""

import functools
import json
import os
import pathlib
import socket

from harness import Folder, need_nobody, run

BYTES = b"not what was asked for"

# what stands in the place of a model: exit code, what is said of it
KINDS = {
    "a folder": "is a folder; a model file was expected",
    "a FIFO": "is not a regular file (a pipe or a device)",
    "a device that is empty": "is not a regular file (a pipe or a device)",
    "a device without end": "is not a regular file (a pipe or a device)",
    "a socket": "cannot be opened: No such device or address",
    "a dangling link": "no such file",
    "a link to itself": "cannot be opened: Too many levels of symbolic links",
    "a file as a folder": "cannot be opened: Not a directory",
    "an empty file": "the file is empty",
    "a file that may not be read": "cannot be opened: Permission denied",
    "a folder that may not be entered": "cannot be opened: Permission denied",
    "nothing": "no such file",
    "a name of 256 bytes": "cannot be opened: File name too long",
    "a path of 4,096 bytes": "cannot be opened: File name too long",
}


def made(kind: str, folder: Folder) -> str:
    path = folder.path / "odd.pt"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a FIFO":
        os.mkfifo(path)
    elif kind.startswith("a device"):
        return "/dev/null" if kind.endswith("empty") else "/dev/zero"
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(str(path))
    elif kind == "a dangling link":
        path.symlink_to("none")
    elif kind == "a link to itself":
        path.symlink_to(path)
    elif kind == "a file as a folder":
        path.write_bytes(BYTES)
        return str(path / "model.pt")
    elif kind == "an empty file":
        path.touch()
    elif kind == "a file that may not be read":
        path.write_bytes(BYTES)
        path.chmod(0)
    elif kind == "a folder that may not be entered":
        path.mkdir(mode=0o600)
        return str(path / "model.pt")
    elif kind == "a name of 256 bytes":
        return str(folder.path / ("x" * 253 + ".pt"))
    elif kind == "a path of 4,096 bytes":
        return f"{folder.path}/".ljust(4092, "/") + "m.pt"
    return str(path)


def unreadable(program, kind: str, command: str) -> list:
    """Alone it is refused with the reason; among others it costs none of them its answer."""
    nobody = "may not" in kind
    if nobody:
        need_nobody(program)
    with Folder() as folder:
        good, odd = folder.sample("gpt2.pt"), made(kind, folder)
        if command != "a batch":
            ended = run(program, [command, odd], nobody=nobody, seconds=20)
            return ended.faults(3, [KINDS[kind]]) + ([f"printed {ended.out[:80]}"] if ended.out else [])
        ended = run(program, ["audit", "-f", "json", good, odd, good], nobody=nobody, seconds=20)
        found = ended.faults(3)
        models = json.loads(ended.out)["models"]
        if [m["path"] for m in models] != [good, odd, good] or ["error" in m for m in models] != [False, True, False]:
            found.append(f"answers {[(m['path'], m.get('error')) for m in models]}")
        elif KINDS[kind] not in models[1]["error"]["message"]:
            found.append(f"says {models[1]['error']}")
        return found


# what stands in the place of a configuration or of a list: exit code, what is said of it
TEXTS = {
    "a folder": (3, "cannot be read: Is a directory"),
    "a socket": (3, "cannot be opened: No such device or address"),
    "a dangling link": (3, "cannot be opened: No such file or directory"),
    "a link to itself": (3, "cannot be opened: Too many levels of symbolic links"),
    "a file that may not be read": (3, "cannot be opened: Permission denied"),
    "a device without end": (3, "more than "),
    "a path of 4,096 bytes": (3, "cannot be opened: File name too long"),
}
READ_AS_TEXT = (["audit", "--files-from"], ["compare", "{model}", "--expect-config"], ["estimate", "--config"],
                ["fit", "--gpu", "H100 80GB", "--config"], ["table"])


def unreadable_text(program, kind: str, arguments: list) -> list:
    code, says = TEXTS[kind]
    nobody = "may not" in kind
    if nobody:
        need_nobody(program)
    with Folder() as folder:
        model, odd = folder.sample("gpt2.pt"), made(kind, folder)
        arguments = [a.format(model=model) for a in arguments]
        return run(program, [*arguments, odd], nobody=nobody, seconds=40).faults(code, [odd[-200:], says])


# names of files, as bytes
NAMES = {
    "a line feed": b"a\nb.pt",
    "an escape": b"\x1b[31mred\x1b[0m.pt",
    "invalid UTF-8": b"caf\xe9\xff.pt",
    "half a character": b"a\xe2\x80.pt",
    "a leading dash": b"-o.pt",
    "a flag": b"--help",
    "255 bytes": b"x" * 252 + b".pt",
    "quotes": b"'\"`$(touch x)`.pt",
    "blanks": b" a  b .pt",
    "a formula": b"=1+1.pt",
    "text that turns": "\u202egnp.pt".encode(),
    "letters that cannot be seen": "a\u3164\u200d\ufe0f.pt".encode(),
}


def named(program, name: bytes) -> list:
    """Each is read, alone and from a list; what is printed has no control character but its own line feeds."""
    with Folder() as folder:
        model = pathlib.Path(folder.sample("gpt2.pt"))
        os.rename(bytes(model), os.path.join(bytes(folder.path), name))
        (folder.path / "list").write_bytes(name + b"\0")
        before = folder.names()
        found = []
        for format_name in ("text", "json", "jsonl", "md", "html", "csv"):
            for arguments in (["--", name], ["--files-from", "list"]):
                ended = run(program, ["audit", "-f", format_name, *arguments], cwd=folder.path)
                found += ended.faults(0)
                text = ended.out.decode("utf-8", "surrogateescape").replace("\r\n", "\n")  # CSV has both
                bad = [c for c in text if c != "\n" and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or 0xdc80 <= ord(c) <= 0xdcff)]
                if bad:
                    found.append(f"-f {format_name} prints {bad[:5]!r}")
        ended = run(program, ["compare", "--", name], cwd=folder.path)
        found += ended.faults(0)
        return found + [f"left {n}" for n in folder.names() - before]


def long_path(program) -> list:
    """A path of 4,095 bytes, the longest that Linux takes, by folders that are there."""
    with Folder() as folder:
        part = "d" * 200
        path = str(folder.path)
        while len(path) + 1 + len(part) < 4000:
            path += "/" + part
        os.makedirs(path)
        path = (path + "/").ljust(4095 - len("gpt2.pt"), "/") + "gpt2.pt"
        os.rename(folder.sample("gpt2.pt"), path)
        ended = run(program, ["audit", "-f", "json", path])
        found = ended.faults(0)
        if not found and json.loads(ended.out)["models"][0]["path"] != path:
            found.append("the path is cut")
        return found


def many_files(program, files: int, jobs: int) -> list:
    """Each has its line."""
    with Folder() as folder:
        model = pathlib.Path(folder.sample("small_view.pt"))
        for i in range(1, files):
            os.link(model, folder.path / f"{i}.pt")
        names = sorted(p.name for p in folder.path.iterdir())
        listed = folder.path / "list"
        listed.write_text("\n".join(names))
        arguments = ["audit", "--files-from", "list", "-f", "jsonl", "-j", str(jobs)]
        ended = run(program, arguments, cwd=folder.path, seconds=280)
        paths = [json.loads(line)["path"] for line in ended.out.splitlines()]
        return ended.faults(0) + ([] if paths == names else [f"{len(paths)} lines"])


def cases():
    for kind in KINDS:
        for command in ("audit", "compare", "probe", "a batch"):
            yield f"unreadable: {kind}: {command}", functools.partial(unreadable, kind=kind, command=command)
    for kind in TEXTS:
        for arguments in READ_AS_TEXT:
            name = " ".join(arguments).format(model="MODEL")
            yield f"unreadable: {kind}: {name}", functools.partial(unreadable_text, kind=kind, arguments=arguments)
    for name in NAMES:
        yield f"named: {name}", functools.partial(named, name=NAMES[name])
    yield "named: a path of 4,095 bytes", long_path
    yield "1,000 files in one call", functools.partial(many_files, files=1_000, jobs=2)


def slow_cases():
    for jobs in (1, 2):
        yield f"10,000 files in one call, -j {jobs}", functools.partial(many_files, files=10_000, jobs=jobs)
