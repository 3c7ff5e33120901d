#!/usr/bin/env python3
"""Runs torchtally under faults of its surroundings and holds what it does against the tables of this folder; standard library only.

    python3 tests/faults/check.py TORCHTALLY [--only TEXT] [--slow] [--sanitized] [--jobs N] [--times]

Exits 0 when every case does what is expected, 1 with lines for each that does not. A case that this machine cannot have is named
with the reason.
"""

import argparse
import concurrent.futures
import os
import sys
import time

import children
import inputs
import limits
import names
import outputs
from harness import Program, Skipped


def faults_of(case, program: Program) -> list:
    try:
        return case(program)
    except Skipped as why:
        return why
    except Exception as error:  # of the case itself: one that breaks must not hide the others
        return [f"{type(error).__name__}: {error}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("torchtally", type=os.path.abspath)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--slow", action="store_true", help="the slow cases, and no others")
    parser.add_argument("--sanitized", action="store_true", help="the program has AddressSanitizer, which limits of memory end")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--times", action="store_true", help="print the dearest cases")
    arguments = parser.parse_args()
    program = Program(arguments.torchtally, arguments.sanitized)
    every = [inputs.slow_cases] if arguments.slow else [m.cases for m in (outputs, inputs, names, limits, children)]
    cases = [(name, case) for some in every for name, case in some() if arguments.only in name]
    if not cases:
        sys.exit(f"no case has {arguments.only!r} in its name")
    seconds = {}

    def timed(item) -> list:
        start = time.monotonic()
        found = faults_of(item[1], program)
        seconds[item[0]] = time.monotonic() - start
        return found

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(zip(cases, pool.map(timed, cases)))
    bad = skipped = 0
    for (name, _), found in results:
        if isinstance(found, Skipped):
            skipped += 1
            print(f"{name}: skipped: {found}")
        elif found:
            bad += 1
            print(name)
            print("".join(f"    {fault}\n" for fault in found), end="")
    if arguments.times:
        for name in sorted(seconds, key=seconds.get)[-12:]:
            print(f"{seconds[name]:6.2f} s  {name}")
    print(f"{len(cases) - bad - skipped} of {len(cases)} cases as expected, {skipped} skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
