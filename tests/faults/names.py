"""Names that deceive, in every format, each read by a parser of that format."""

import csv
import functools
import html.parser
import io
import itertools
import json
import os
import pathlib
import re
import sys
import urllib.parse

from harness import HERE, Folder, run

sys.path.insert(0, str(HERE.parent / "hostile" / "corpus"))
import assemble  # noqa: E402  the small model of the hostile corpus, whose keys can be anything

# Names that look like "a" or like each other where they are printed as they are (Unicode: Default_Ignorable_Code_Point and blanks)
TWINS = ["a", "a\u3164", "a\u200d", "a\u200c", "a\ufe0f", "a\u00ad", "a\u034f", "a\u115f", "a\uffa0", "a\u2800", "a\U000e0041",
         "a\U000e0100", "a\u180b", "a\u2063", "a\ufeff", "a\u2060", "a\u202e", "a\n", "a\\n", "a\x1b", "a\\x1b", "a\\u{3164}",
         "a b", "a\u00a0b", "a\u3000b", "a\u2009b"]
# Names that Markdown, HTML or a spreadsheet makes something of
ACTIVE = ["@octocat", "me@example.com", "https://example.com/x", "ftp://example.com", "www.example.com", "o#1", "#12", "[x](y)",
          "<b>x</b>", "&lt;", "*x*", "_x_", "`x`", "~~x~~", "|x|", "$x$", "![x](y)", "<!-- x", "=1+1", "+1", "-1", '"x"', "'x'",
          "<script>x</script>", "a,b", "&#64;octocat"]


def of_files(names: list) -> list:
    """As names of files have them: neither a slash nor one that a folder has already."""
    return [n.replace("/", "\u2215") for n in names]


class Report:
    """The audit of models of these names in one format."""

    def __init__(self, program, folder: Folder, names: list, format_name: str):
        for name in names:
            (folder.path / name).write_bytes((HERE.parents[1] / "sample_models" / "small_view.pt").read_bytes())
        self.ended = run(program, ["audit", "-f", format_name, "--", *names], cwd=folder.path)
        self.text = self.ended.out.decode()

    def rows(self) -> list:
        """Of the table in text: its first column, as wide as its title's."""
        lines = self.text.splitlines()
        title = next(i for i, line in enumerate(lines) if line.lstrip().startswith("model "))
        width = lines[title].index("modules") - 2
        end = next(i for i, line in enumerate(lines) if i > title + 1 and not line.strip())
        return [line[2:width].rstrip() for line in lines[title + 2:end]]


class Cells(html.parser.HTMLParser):
    """Text of the cells, and tags that hold them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.cells, self.tags, self.depth = [], set(), 0

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.depth += 1
            self.cells.append("")

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.depth -= 1

    def handle_data(self, data):
        if self.depth:
            self.cells[-1] += data


def shown(name: str) -> str:
    """A name as people see it: docs/exit-codes.md."""
    ranges = [(0, 0x1f), (0x7f, 0xa0), (0xad, 0xad), (0x34f, 0x34f), (0x61c, 0x61c), (0x115f, 0x1160), (0x1680, 0x1680),
              (0x17b4, 0x17b5), (0x180b, 0x180f), (0x2000, 0x200f), (0x2028, 0x202f), (0x205f, 0x206f), (0x2800, 0x2800),
              (0x3000, 0x3000), (0x3164, 0x3164), (0xfe00, 0xfe0f), (0xfeff, 0xfeff), (0xffa0, 0xffa0), (0xfff0, 0xfffb),
              (0x1bca0, 0x1bca3), (0x1d173, 0x1d17a), (0xe0000, 0xe0fff)]
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    out = ""
    for i, c in enumerate(name):
        if any(low <= ord(c) <= high for low, high in ranges):
            out += short.get(c) or ("\\x%02x" % ord(c) if ord(c) < 0x80 else "\\u{%x}" % ord(c))
        elif c == "\\" and (name[i + 1:i + 2] or ".") in "ntrxu\\":
            out += "\\\\"
        else:
            out += c
    return out


def literal_of_markdown(cell: str) -> str:
    """What a cell of GFM shows where nothing in it is markup: backslash escapes (2.4) and comments (6.10) alone are taken out."""
    return re.sub(r"<!-- -->|\\([!-/:-@\[-`{-~])", lambda m: m.group(1) or "", cell)


def markup_of_markdown(cell: str) -> list:
    """What is left in a cell that GFM or GitHub would read as more than letters."""
    found = []
    plain = re.sub(r"\\[!-/:-@\[-`{-~]", "x", cell)
    if "<" in plain.replace("<!-- -->", "") or re.search(r"[`*|~$\[\]]|&(#|\w+;)", plain):
        found.append("a sign that is not escaped")
    # links are looked for in text nodes: a comment ends one, an escape does not (GFM 6.9; GitHub's @name and #1)
    for node in re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell).split("<!-- -->"):
        if re.search(r"(?i)\b(https?|ftp)://\S|\bwww\.\S|[\w.+-]@[\w-]|(^|\W)@\w|#\d|#\w", node):
            found.append(f"a link in {node!r}")
    return found


def alike(names: list, seen: list, format_name: str) -> list:
    return [f"-f {format_name}: {ascii(a)} and {ascii(b)} look alike"
            for (a, x), (b, y) in itertools.combinations(list(zip(names, seen)), 2) if x == y]


def in_format(program, format_name: str) -> list:
    names = of_files(TWINS + ACTIVE)
    with Folder() as folder:
        report = Report(program, folder, names, format_name)
        found = report.ended.faults(0)
        text = report.text
        if format_name == "text":
            seen = report.rows()
            expected = [shown(n) for n in names]
        elif format_name == "md":
            rows = [line for line in text.splitlines() if line.startswith("|")][2:]
            cells = [re.split(r"(?<!\\)\|", row)[1].strip() for row in rows]
            found += [f"{ascii(cell)}: {fault}" for cell in cells for fault in markup_of_markdown(cell)]
            seen = [literal_of_markdown(cell) for cell in cells]
            expected = [shown(n) for n in names]
        elif format_name == "html":
            parser = Cells()
            parser.feed(text)
            parser.close()
            seen = [c for c in parser.cells if c in {shown(n) for n in names}]
            expected = [shown(n) for n in names]
            if parser.tags & {"b", "script", "img", "a"}:
                found.append(f"has the tags {parser.tags}")
        elif format_name == "csv":
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
            seen = [row[0] for row in rows]
            kept = [n for n in names if not re.search("[\x00-\x1f\u202e\u2060\u2063\ufeff\u00ad\U000e0041\u180e]", n)]
            # what only cannot be seen stays; what a spreadsheet would run has an apostrophe in front
            expected = seen
            found += [f"{ascii(n)} is not there" for n in kept if ("'" + n if n[0] in "=+-@" else n) not in seen]
            return found + ([] if len(seen) == len(names) else [f"{len(seen)} rows"])
        else:
            models = json.loads(text)["models"] if format_name == "json" else map(json.loads, text.splitlines())
            seen = [m["path"] for m in models]
            expected = names
        if seen != expected:
            found += [f"{ascii(e)} is shown as {ascii(s)}" for e, s in zip(expected, seen) if s != e][:5] + [f"{len(seen)} names"]
        return found + alike(names, seen, format_name)


ODD_BYTES = [b"caf\xe9", b"caf\xe8", b"caf\\xe9", b"a\xe2\x80", b"\xff\xfe%41 b", "caf\u00e9".encode(), b"%ff"]


def bytes_of(model: dict) -> bytes:
    """The file's name in bytes: docs/exit-codes.md."""
    return urllib.parse.unquote_to_bytes(model["path_encoded"]) if "path_encoded" in model else os.fsencode(model["path"])


def paths_to_bytes(program, command: str) -> list:
    with Folder() as folder:
        sample = pathlib.Path(folder.sample("gpt2.pt")).read_bytes()
        found, answers = [], []
        for name in ODD_BYTES:
            with open(os.path.join(bytes(folder.path), name), "wb") as file:
                file.write(sample if command != "audit of no model" else b"no model")
        if command == "compare":
            for name in ODD_BYTES:
                ended = run(program, ["compare", "-f", "json", "--", name], cwd=folder.path)
                found += ended.faults(0)
                answers.append(json.loads(ended.out))
        else:
            name = "jsonl" if command == "audit in lines" else "json"
            ended = run(program, ["audit", "-f", name, "--", *ODD_BYTES], cwd=folder.path)
            found += ended.faults(3 if command == "audit of no model" else 0)
            answers = [json.loads(line) for line in ended.out.splitlines()] if name == "jsonl" else json.loads(ended.out)["models"]
        if [bytes_of(a) for a in answers] != ODD_BYTES:
            found.append(f"came back: {[bytes_of(a) for a in answers]}")
        return found


def schema_knows(program) -> list:
    """Objects take no other keys than those that the schema lists."""
    schema = json.loads((HERE.parents[1] / "docs/schema/audit-2.schema.json").read_text())["definitions"]
    return [f"{name} has no path_encoded" for name in ("model", "unreadable", "line", "unreadable_line")
            if "path_encoded" not in schema[name]["properties"]]


def filter_on_long_names(program, length: int) -> list:
    """A filter sees the end of a name of any length."""
    with Folder() as folder:
        name = "w" * length + "tail"
        data = assemble.pickled(assemble.module({name: assemble.tensor(), "training": assemble.TRUE}))
        code = assemble.CODE.replace("weight", name)
        (folder.path / "m.pt").write_bytes(assemble.archive(data=data, code=code))
        found = []
        for expression, count in (("tail$", 6), ("^w+tail$", 6), ("none", 0)):
            ended = run(program, ["audit", "-f", "json", "--filter", expression, "m.pt"], cwd=folder.path)
            here = ended.faults(0)
            if not here:
                totals = json.loads(ended.out)["models"][0]["totals"]["parameters"]["elements"]
                here = [] if totals == count else [f"{expression} counts {totals}, not {count}"]
            found += here
        return found


def cases():
    for name in ("text", "json", "jsonl", "md", "html", "csv"):
        yield f"names that deceive: -f {name}", functools.partial(in_format, format_name=name)
    for command in ("audit", "audit in lines", "audit of no model", "compare"):
        yield f"paths that are no UTF-8: {command}", functools.partial(paths_to_bytes, command=command)
    yield "paths that are no UTF-8: schema", schema_knows
    for length in (100, 1_990, 2_000, 60_000):
        yield f"--filter on a name of {length} bytes", functools.partial(filter_on_long_names, length=length)
