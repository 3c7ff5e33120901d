#!/usr/bin/env python3
"""Makes the corpus of broken and wrong-kind inputs in a folder, with expected.json beside it.

    python3 tests/hostile/make.py FOLDER           the whole corpus; standard library only
    python3 tests/hostile/make.py --expected       rewrites tests/hostile/expected.json

Each case has in expected.json:
    file            its name in FOLDER; missing.pt is not made, on purpose
    why             what is wrong with it
    exit            exit codes of `torchtally audit FILE` that are right: 3 refused, 0 audited
    says            if refused, what the message must contain: each item, or one of its items where it is a list (any case)
    never           what the output must not contain
    must_not_write  files that must not appear in the working folder
"""

import argparse
import json
import pathlib
import sys

from corpus import ALL, code, declared, kinds, pickles, tensors, zips  # noqa: F401

COMMITTED = pathlib.Path(__file__).resolve().parent / "expected.json"


def expected() -> str:
    """One line a case."""
    rows = ",\n".join("  " + json.dumps(c.expectation()) for c in ALL)
    # whatever a file claims, a run of it stays within these
    return '{\n "schema_version": 1,\n "limits": {"seconds": 20, "memory_bytes": 1073741824},\n "cases": [\n' + rows + "\n ]\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--expected", action="store_true", help="rewrite the committed expectations")
    arguments = parser.parse_args()
    names = [c.file for c in ALL]
    if len(set(names)) != len(names):
        sys.exit("two cases have one file name")
    if arguments.expected:
        COMMITTED.write_text(expected())
    elif COMMITTED.read_text() != expected():
        sys.exit(f"{COMMITTED} is not what the cases say: run make.py --expected and look at the difference")
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for c in ALL:
            c.place(arguments.folder)
        (arguments.folder / "expected.json").write_text(expected())
        print(f"{len(ALL)} cases in {arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
