"""Outputs that cannot be written: each on stdout and by -o, in every format."""

import functools
import os
import resource
import shutil
import subprocess

from harness import FORMATS, Folder, Skipped, need_nobody, run

OLD = b"what was here before\n"

# what a command has for arguments, the model's path in place of {}; the exit code where all goes well
COMMANDS = {
    "audit": (["audit", "{}"], 0),
    "audit of two": (["audit", "{}", "{}"], 0),
    "compare": (["compare", "{}"], 0),
    "table": (["table"], 0),
    "formulas": (["formulas", "llama"], 0),
}

# fault of stdout: exit code, what stderr says ("" : nothing at all)
STDOUT = {
    "full": (4, "cannot write to stdout: No space left on device"),
    "closed": (4, "cannot write to stdout: it is closed"),
    "broken pipe": (0, ""),
    "limit of file size": (4, "cannot write to stdout: File too large"),
}

# fault of the file of -o: exit code, what stderr says after "cannot write to 'FILE': "
FILES = {
    "limit of file size": (4, "File too large"),
    "a device": (2, "it is no regular file"),
    "a FIFO": (2, "it is no regular file"),
    "a folder": (2, "it is a folder"),
    "no folder": (2, "there is no folder"),
    "a folder that may not be written to": (2, "Permission denied"),
    "a file that may not be written to": (2, "Permission denied"),
    "a full disk": (4, "No space left on device"),
}


def arguments_of(command: str, model: str) -> list:
    return [a.format(model) for a in COMMANDS[command][0]]


def run_with_stdout(program, fault: str, arguments: list, folder: Folder, **how):
    if fault == "full":
        with open("/dev/full", "wb") as full:
            return run(program, arguments, stdout=full, **how)
    if fault == "closed":
        return run(program, arguments, before=lambda: os.close(1), **how)
    if fault == "broken pipe":
        end, pipe = os.pipe()
        os.close(end)
        try:
            return run(program, arguments, stdout=pipe, **how)
        finally:
            os.close(pipe)
    return run(program, arguments, limits={resource.RLIMIT_FSIZE: 100}, **how)


def stdout_faults(program, fault: str, arguments: list) -> list:
    code, says = STDOUT[fault]
    with Folder() as folder:
        model = folder.sample("gpt2.pt")
        ended = run_with_stdout(program, fault, [a.format(model) for a in arguments], folder, cwd=folder.path)
        found = ended.faults(code, [says])
        if not says and ended.err:
            found.append(f"says {ended.err!r}")
        return found + [f"left {name}" for name in folder.names() - {"gpt2.pt"}]


def tiny_disk(folder: Folder):
    """Arguments in front of the program that give it a disk of one page at folder/disk."""
    (folder.path / "disk").mkdir()
    script = f"mount -t tmpfs -o size=4096 none {folder.path}/disk && dd if=/dev/zero of={folder.path}/disk/full bs=4096 count=1 2>/dev/null && exec \"$@\""
    shell = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*shell, "true"], capture_output=True).returncode != 0:
        raise Skipped("no disk can be mounted here")
    return shell


def file_faults(program, fault: str, command: str, ending: str) -> list:
    code, says = FILES[fault]
    how = {}
    with Folder() as folder:
        model = folder.sample("gpt2.pt")
        file = folder.path / ("report" + ending)
        file.write_bytes(OLD)
        if fault == "limit of file size":
            how["limits"] = {resource.RLIMIT_FSIZE: 100}
            how["stdout"] = subprocess.DEVNULL
        elif fault == "a device":
            file.unlink(), file.symlink_to("/dev/full")
        elif fault == "a FIFO":
            file.unlink(), os.mkfifo(file)
        elif fault == "a folder":
            file.unlink(), file.mkdir()
        elif fault == "no folder":
            file = folder.path / "none" / file.name
        elif fault.endswith("that may not be written to"):
            need_nobody(program)
            how["nobody"] = True
            if fault.startswith("a file"):
                folder.path.chmod(0o777)
            else:
                file.unlink()
        elif fault == "a full disk":
            shell = tiny_disk(folder)
            file = folder.path / "disk" / file.name
            # the disk goes with the run: what lies on it is looked at there
            script = f'"$@" >/dev/null; code=$?; ls -A {file.parent} >&2; exit $code'
            arguments = [*shell[1:], "sh", "-c", script, "sh", program.path]
            program = type(program)(shell[0])
            ended = run(program, [*arguments, *arguments_of(command, model), "-o", str(file)], cwd=folder.path)
            found = ended.faults(code, [f"cannot write to '{file}': {says}"])
            left = ended.err.splitlines()[-1] if ended.err else ""
            # lines are added to a file that is there: an empty one is what it was before
            if left.startswith(file.name) and ending != ".jsonl" or ".tmp" in left:
                found.append(f"left {left} on the disk")
            return found
        before = folder.names()
        ended = run(program, [*arguments_of(command, model), "-o", str(file)], cwd=folder.path, **how)
        found = ended.faults(code, [f"cannot write to '{file}': {says}"])
        if file.is_file() and not file.is_symlink() and file.read_bytes() != OLD:
            found.append("the file that was there before has changed")
        if code == 4 and ended.out:
            found.append(f"printed {ended.out[:100]}")
        return found + [f"left {name}" for name in folder.names() - before]


def one_of_two_files(program) -> list:
    """A full disk costs the one report, and no other."""
    with Folder() as folder:
        model = folder.sample("gpt2.pt")
        limits = {resource.RLIMIT_FSIZE: 2000}
        ended = run(program, ["audit", model, model, "-o", "long.html", "-o", "short.csv"], cwd=folder.path, limits=limits)
        found = ended.faults(4, ["cannot write to 'long.html'"])
        if folder.names() != {"gpt2.pt", "short.csv"}:
            found.append(f"there is {folder.names()}")
        if b"2 models" not in ended.out:
            found.append("the report on stdout is missing")
        return found


# how an output is an input: the name of the output, made from the model's path
LINKS = {
    "itself": lambda model, other: model,
    "a hard link": lambda model, other: os.link(model, other) or other,
    "a symbolic link": lambda model, other: os.symlink(model, other) or other,
    "by another path": lambda model, other: os.path.join(os.path.dirname(model), ".", os.path.basename(model)),
}
INPUTS = {
    "audit": ["audit", "gpt2.pt", "{}"],
    "audit's list": ["audit", "--files-from", "{}"],
    "compare": ["compare", "{}"],
    "compare's configuration": ["compare", "gpt2.pt", "--expect-config", "{}"],
    "probe": ["probe", "{}"],
    "probe's snapshot": ["probe", "{}", "--device", "cuda", "--cuda-snapshot", "{output}"],
    "estimate": ["estimate", "--config", "{}"],
    "fit": ["fit", "--config", "{}"],
    "table": ["table", "llama-3-8b", "{}"],
}


def output_is_input(program, command: str, link: str, ending: str) -> list:
    with Folder() as folder:
        folder.sample("gpt2.pt")
        # a model would do for audit, a configuration for table: refused before anything is read
        file = folder.path / ("input" + ending)
        file.write_bytes(OLD)
        output = LINKS[link](str(file), str(folder.path / ("other" + ending)))
        arguments = [a.format(file, output=output) for a in INPUTS[command]]
        if output not in arguments or "--cuda-snapshot" not in arguments:
            arguments += ["-o", output]
        before = folder.names()
        ended = run(program, arguments, cwd=folder.path)
        found = ended.faults(2, [f"cannot write to '{output}': it is the input '{file}'"])
        if file.read_bytes() != OLD:
            found.append("the input has changed")
        return found + [f"left {name}" for name in folder.names() - before]


def stdout_is_input(program) -> list:
    with Folder() as folder:
        model = folder.sample("gpt2.pt")
        with open(model, "ab") as appended:
            before = os.fstat(appended.fileno()).st_size
            ended = run(program, ["audit", model], stdout=appended)
        found = ended.faults(2, ["cannot write to stdout: it is the input"])
        return found if os.stat(model).st_size == before else [*found, "the input has changed"]


def cases():
    for fault in STDOUT:
        for command in COMMANDS:
            for name in FORMATS:
                yield (f"stdout: {fault}: {command} -f {name}",
                       functools.partial(stdout_faults, fault=fault, arguments=[*COMMANDS[command][0], "-f", name]))
        if fault != "limit of file size":
            for flag in ("--help", "--version"):
                yield f"stdout: {fault}: {flag}", functools.partial(stdout_faults, fault=fault, arguments=[flag])
        if fault == "full":  # an error in JSON that has no place on stdout
            yield "stdout: full: error", lambda program: run_full_error(program)
    for fault in FILES:
        commands = COMMANDS if fault == "limit of file size" else ["audit"]
        for command in commands:
            for name in FORMATS.values():
                yield f"-o: {fault}: {command}, {name}", functools.partial(file_faults, fault=fault, command=command, ending=name)
    yield "-o: one of two files", one_of_two_files
    for command in INPUTS:
        for link in LINKS:
            for name in (".json", ".jsonl") if command == "audit" else (".json",):
                yield (f"an output that is an input: {command}, {link}, {name}",
                       functools.partial(output_is_input, command=command, link=link, ending=name))
    yield "an output that is an input: stdout", stdout_is_input


def run_full_error(program) -> list:
    with open("/dev/full", "wb") as full:
        return run(program, ["audit", "--depth", "x", "-f", "json"], stdout=full).faults(2, ["--depth"])
