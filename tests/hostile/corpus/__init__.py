"""The corpus of broken and wrong-kind inputs, one source a family.  Standard library only."""

import dataclasses
import os
import pathlib
from typing import Callable


@dataclasses.dataclass
class Case:
    file: str
    why: str
    build: Callable
    exit: list
    says: list  # each item must be in the message, or one of its items where it is a list; case does not matter
    special: str = ""  # not a regular file: "folder", "pipe", "loop" (a link to itself), "device"
    never: list = dataclasses.field(default_factory=list)  # must not be in the output
    writes: list = dataclasses.field(default_factory=list)  # files that must not appear in the working folder

    def place(self, folder: pathlib.Path):
        target = folder / self.file
        if self.special:
            target.unlink() if target.is_symlink() or target.is_fifo() else None
            {"folder": lambda: target.mkdir(exist_ok=True), "pipe": lambda: os.mkfifo(target),
             "loop": lambda: target.symlink_to(target.name), "device": lambda: target.symlink_to("/dev/zero")}[self.special]()
        else:
            data = self.build()
            if data is not None:
                target.write_bytes(data)

    def expectation(self) -> dict:
        said = {"file": self.file, "why": self.why, "exit": self.exit, "says": self.says}
        if self.never:
            said["never"] = self.never
        if self.writes:
            said["must_not_write"] = self.writes
        return said


ALL: list = []


def case(file: str, why: str, says=(), exit=3, **more):
    """Registers a function that returns a file's bytes, or None for a file that is not there."""

    def register(build):
        ALL.append(Case(file, why, build, exit if isinstance(exit, list) else [exit], list(says), **more))
        return build

    return register


def cases(table: dict, make: Callable):
    """Registers table rows `file: (why, says, argument…)`, built by make(argument…)."""
    for file, (why, says, *arguments) in table.items():
        case(file, why, says)(lambda arguments=tuple(arguments): make(*arguments))
