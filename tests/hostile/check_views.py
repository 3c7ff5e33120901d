#!/usr/bin/env python3
"""Runs every command that takes model files over the corpus in every output format; each output goes through a parser of its
format, and holds nothing that acts on who reads it. Standard library only.

    python3 tests/hostile/check_views.py TORCHTALLY [--corpus FOLDER] [--jobs N] [--slack N] [--only TEXT]

Whether each file is read or refused is check.py's; here every run must end by itself in time, write nothing, exit with a
documented code, and be well-formed. Exits 0 where all are, 1 with a line for each fault.
"""

import concurrent.futures
import csv
import html.parser
import io
import json
import pathlib
import sys
import unicodedata

from check import Run, corpus_for, parser_of

FORMATS = ("text", "markdown", "html", "json", "jsonl", "csv")
COMMANDS = {
    "audit": ["audit", "--depth", "-1", "--safety", "--tensors"],
    "compare": ["compare"],
    "estimate": ["estimate", "--config"],  # a model is no configuration: refused by name
}
EXITS = (0, 1, 2, 3, 4)
MOST_OUTPUT = 20_000_000  # bytes, of a file below a megabyte
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "header", "section", "footer", "h1", "h2", "h3", "p", "table", "caption",
        "thead", "tbody", "tfoot", "tr", "th", "td", "ul", "ol", "li", "dl", "dt", "dd", "div", "span", "code", "pre", "strong", "em", "b", "i",
        "br", "hr", "details", "summary", "small", "svg", "rect"}
VOID = {"meta", "br", "hr"}


def acts(text: str) -> list:
    """Characters that a terminal or a reader would take for more than themselves."""
    found = []
    for c in sorted(set(text)):
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\n":
            found.append(f"holds {c!r}")
    return found


class Page(html.parser.HTMLParser):
    """Only the page's own elements, all closed, and nothing that runs or loads."""

    def __init__(self):
        super().__init__()
        self.open, self.faults = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in TAGS:
            self.faults.append(f"has an element {tag}")
        for name, value in attributes:
            if name.startswith("on") or name in ("src", "href", "action", "formaction", "srcdoc"):
                self.faults.append(f"has an attribute {name}={value!r}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"closes {tag}, which is not open")


def html_faults(text: str) -> list:
    page = Page()
    page.feed(text)
    page.close()
    return acts(text) + page.faults[:5] + [f"leaves {tag} open" for tag in page.open[:5]]


def json_faults(text: str) -> list:
    try:
        value = json.loads(text)
    except ValueError as e:
        return [f"is no JSON: {e}"]
    return [] if "tool" in value and "schema_version" in value else ["has no tool or schema_version"]


def jsonl_faults(text: str) -> list:
    return [fault for line in text.splitlines() for fault in json_faults(line)]


def csv_faults(text: str) -> list:
    rows = list(csv.reader(io.StringIO(text), strict=True))
    widths = {len(row) for row in rows}
    formulas = [cell for row in rows for cell in row if cell[:1] in ("=", "@")]
    return ([f"has rows of {sorted(widths)} fields"] if len(widths) > 1 else []) + [f"has the formula {f[:60]!r}" for f in formulas[:3]]


def markdown_faults(text: str) -> list:
    # Raw HTML is a tag that follows "<"; the renderer escapes every "<" of a name.
    raw = [line for line in text.splitlines() if "<script" in line.lower() or "<img" in line.lower()]
    return acts(text) + [f"has raw HTML: {line[:80]!r}" for line in raw[:3]]


PARSERS = {"text": acts, "markdown": markdown_faults, "html": html_faults, "json": json_faults, "jsonl": jsonl_faults, "csv": csv_faults}


def faults_of(torchtally: str, words: list, view: str, path: pathlib.Path, limits: dict) -> list:
    run = Run(torchtally, [*words, "-f", view, "--", str(path)] if words[-1] != "--config" else [*words, str(path), "-f", view],
              limits["seconds"])
    found = run.faults(limits["seconds"], limits["memory_bytes"])
    if run.exit >= 0 and run.exit not in EXITS:
        found.append(f"exits with {run.exit}: {run.err.strip()[-200:]!r}")
    if len(run.out) > MOST_OUTPUT:
        found.append(f"prints {len(run.out):,} bytes")
    if run.exit == 2 and not run.out:
        return found + acts(run.err)  # a format that the command does not have
    if run.exit == 0 and not run.out:
        found.append("prints nothing")
    if run.out:
        found += PARSERS[view](run.out)
    return found + [f"on stderr {fault}" for fault in acts(run.err)]


def main() -> int:
    arguments = parser_of(__doc__).parse_args()
    with corpus_for(arguments) as (corpus, cases, limits):
        runs = [(name, words, view, corpus / case["file"]) for case in cases for name, words in COMMANDS.items() for view in FORMATS]
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            found = list(pool.map(lambda run: faults_of(arguments.torchtally, run[1], run[2], run[3], limits), runs))
    for (name, _, view, path), faults in zip(runs, found):
        for fault in faults:
            print(f"{name} -f {view} {path.name}: {fault}")
    bad = sum(bool(faults) for faults in found)
    print(f"{len(runs) - bad:,} of {len(runs):,} outputs are well-formed and harmless")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
