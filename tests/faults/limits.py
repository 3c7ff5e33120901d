"""Descriptors, processes, memory and stack at their limits; surroundings that lack something."""

import functools
import json
import os
import pathlib
import resource
import signal

from harness import Folder, Skipped, need_nobody, run

KIB, MIB = 1 << 10, 1 << 20
NAMES = ["gpt2.pt", "resnet.pt", "recurrent.pt"]


def answers_of(ended) -> list:
    try:
        return json.loads(ended.out)["models"]
    except (ValueError, KeyError):
        return []


def sweep(program, limits: list, arguments: list, refusals: list, best: list, **how) -> list:
    """Runs with each of `limits` (dictionaries): ends with 0, or with 3 or 4 and one of `refusals` for what is missing, never by a
    signal. `best`: the exit codes that the last, the most generous, may have."""
    found = []
    with Folder() as folder:
        paths = [folder.sample(name) for name in NAMES]
        for limit in limits:
            ended = run(program, ["audit", "-f", "json", *arguments, *paths], limits=limit, cwd=folder.path, **how)
            name = ", ".join(f"{value}" for value in limit.values())
            here = ended.faults(best if limit is limits[-1] else (0, 3, 4))
            models = answers_of(ended)
            # either the whole was refused, or each file has an answer
            if ended.exit != 0:
                errors = [m["error"] for m in models if "error" in m]
                if not models:
                    errors = [json.loads(ended.out)["error"]] if ended.out else [{"message": ended.err}]
                here += [f"says {e}" for e in errors if not any(words in e["message"] for words in refusals)]
            if models and [pathlib.Path(m["path"]).name for m in models] != NAMES:
                here.append(f"has answers for {[m['path'] for m in models]}")
            found += [f"{name}: {fault}" for fault in here]
            found += [f"{name}: left {n}" for n in folder.names() - set(NAMES)]
    return found


# What the loader of programs takes before main() is not ours to tell: the sweeps begin above that.
def descriptors(program, jobs: int) -> list:
    refusals = ["Too many open files"]
    limits = [{resource.RLIMIT_NOFILE: n} for n in [*range(6, 26), 30, 40, 80]]
    return sweep(program, limits, ["-j", str(jobs)], refusals, [0])


def processes(program, jobs: int) -> list:
    need_nobody(program)
    limits = [{resource.RLIMIT_NPROC: n} for n in (0, 1, 2, 3, 4, 64)]
    return sweep(program, limits, ["-j", str(jobs)], ["cannot be started: Resource temporarily unavailable"], [0], nobody=True)


def soft(limit, value: int):
    """Lowers the soft limit: of the program itself, as its children set their own."""
    return lambda: resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))


NO_MEMORY = ["there is no memory", "more memory than the limit allows", "it ran out of memory", "Cannot allocate memory"]


def need_limits_of_memory(program) -> None:
    if program.sanitized:
        raise Skipped("AddressSanitizer needs all addresses there are")


def memory_of_the_client(program, format_name: str) -> list:
    """A program that is short of memory names the files that it has none for, and tells of the others."""
    need_limits_of_memory(program)
    found, seen = [], set()
    with Folder() as folder:
        paths = [folder.sample(name) for name in NAMES]
        for kib in range(600, 2600, 50):
            before = soft(resource.RLIMIT_DATA, kib * KIB)
            ended = run(program, ["audit", "-f", format_name, *paths], before=before, cwd=folder.path)
            here = ended.faults((0, 3, 4))
            if ended.exit:
                text = ended.out.decode() + ended.err
                if not any(words in text for words in NO_MEMORY):
                    here.append(f"says {text[-300:]!r}")
            seen.add(ended.exit)
            found += [f"{kib} KiB: {fault}" for fault in here]
    return found if {0, 3} <= seen else [*found, f"the sweep met exit codes {seen} only"]


def memory_of_the_reader(program) -> list:
    """A reader that is short of memory says so of the file, names --memory-limit, and blames nobody."""
    need_limits_of_memory(program)
    found, said = [], set()
    with Folder() as folder:
        paths = [folder.sample(name) for name in NAMES]
        for kib in [*range(4, 1200, 40), 4096]:
            ended = run(program, ["audit", "-f", "json", "--memory-limit", f"{kib}K", *paths], cwd=folder.path)
            here = ended.faults((0, 3, 4))
            models = answers_of(ended)
            errors = [m["error"] for m in models if "error" in m] or ([json.loads(ended.out)["error"]] if ended.exit else [])
            for error in errors:
                said.add(error["code"])
                if "--memory-limit" not in error["hint"] or error["code"] not in ("limit_exceeded", "unavailable"):
                    here.append(f"says {error}")
            found += [f"{kib} KiB: {fault}" for fault in here]
    return found if "limit_exceeded" in said and ended.exit == 0 else [*found, f"the sweep met {said} only, at last {ended.exit}"]


def address_space(program) -> list:
    need_limits_of_memory(program)
    limits = [{resource.RLIMIT_AS: n * MIB} for n in (16, 17, 18, 19, 20, 22, 24, 28, 32, 64)]
    return sweep(program, limits, [], NO_MEMORY, [0])


def stack(program) -> list:
    if program.sanitized:
        raise Skipped("AddressSanitizer makes frames of functions larger")
    return sweep(program, [{resource.RLIMIT_STACK: n * KIB} for n in (48, 64, 128)], [], [], [0])


def soft_stack(program) -> list:
    """A soft limit is raised before anything needs more."""
    if program.sanitized:
        raise Skipped("AddressSanitizer makes frames of functions larger")
    return sweep(program, [{}], [], [], [0], before=soft(resource.RLIMIT_STACK, 40 * KIB))


def ignored_signals(program) -> list:
    """Who starts it may ignore SIGCHLD (daemons do): children are waited for all the same."""
    def ignore():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    return sweep(program, [{}], [], [], [0], before=ignore)


def environment(program, **variables) -> list:
    return sweep(program, [{}], [], [], [0], environment=variables)


def closed_streams(program, closed: tuple) -> list:
    with Folder() as folder:
        model = folder.sample("gpt2.pt")

        def close():
            for descriptor in closed:
                os.close(descriptor)

        ended = run(program, ["audit", model, "-o", "report.json"], before=close, cwd=folder.path)
        found = ended.faults(4 if 1 in closed else 0)
        if folder.names() != {"gpt2.pt", "report.json"}:
            found.append(f"there is {folder.names()}")
        return found


def list_from_closed_stdin(program) -> list:
    return run(program, ["audit", "--files-from", "-"], before=lambda: os.close(0)).faults(3, ["stdin: cannot be read"])


def full_stderr(program) -> list:
    with open("/dev/full", "wb") as full:
        return run(program, ["audit", "none.pt"], before=lambda: os.dup2(full.fileno(), 2)).faults(3)


def removed_folder(program, arguments: list, code: int, says: str) -> list:
    with Folder() as folder:
        model = folder.sample("gpt2.pt")
        gone = folder.path / "gone"
        gone.mkdir()
        arguments = [a.format(model=model) for a in arguments]
        ended = run(program, arguments, cwd=gone, before=lambda: os.rmdir(gone))  # when it stands in it
        found = ended.faults(code, [says] if says else [])
        return found + [f"left {n}" for n in folder.names() - {"gpt2.pt"}]


def read_only_folder(program) -> list:
    """Nothing is written but what -o names: a folder that cannot be written to is good to read in."""
    need_nobody(program)
    with Folder() as folder:
        folder.sample("gpt2.pt")
        folder.path.chmod(0o555)
        found = run(program, ["audit", "gpt2.pt"], nobody=True, cwd=folder.path).faults(0)
        found += run(program, ["audit", "gpt2.pt", "-o", "r.json"], nobody=True, cwd=folder.path).faults(2, ["Permission denied"])
        return found


def cases():
    for jobs in (1, 8):
        yield f"descriptors at their limit, -j {jobs}", functools.partial(descriptors, jobs=jobs)
        yield f"processes at their limit, -j {jobs}", functools.partial(processes, jobs=jobs)
    for name in ("text", "json", "jsonl", "html"):
        yield f"memory of the program at its limit, -f {name}", functools.partial(memory_of_the_client, format_name=name)
    yield "memory of the reader at its limit", memory_of_the_reader
    yield "address space at its limit", address_space
    yield "stack at its limit", stack
    yield "stack at its soft limit", soft_stack
    yield "SIGCHLD ignored", ignored_signals
    yield "no HOME, no TMPDIR, nothing else", functools.partial(environment)
    yield "HOME and TMPDIR that are not there", functools.partial(environment, HOME="/no/such", TMPDIR="/no/such")
    for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        yield f"closed streams: {closed}", functools.partial(closed_streams, closed=closed)
    yield "closed streams: a list from stdin", list_from_closed_stdin
    yield "stderr: full", full_stderr
    for arguments, code, says in (
            (["audit", "{model}"], 0, ""), (["audit", "gpt2.pt"], 3, "no such file"), (["compare", "{model}"], 0, ""),
            (["audit", "{model}", "-o", "r.json"], 2, "the current folder has been removed")):
        name = " ".join(arguments).format(model="/MODEL")
        yield f"the current folder removed: {name}", functools.partial(removed_folder, arguments=arguments, code=code, says=says)
    yield "a folder that may not be written to", read_only_folder
