#!/usr/bin/env python3
"""Holds torchtally against LibTorch over mutated archives: each is counted as torch::jit::load counts it, or refused.

    python3 tests/differential/check.py TORCHTALLY TORCH_LOAD [--count N] [--seed S] [--jobs N] [--keep FOLDER] [--only I]

TORCH_LOAD is the program of torch_load_main.cpp. Parameters and buffers are compared by name, sizes and dtype. What LibTorch
refuses and torchtally reads has to be of a kind in READ_ALL_THE_SAME. Standard library only; the same count and seed make the
same archives. --only makes one of them, keeps it and says what both answer.
Exits 0 where all hold, 1 with a line for each that does not.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import re
import resource
import select
import subprocess
import sys
import tempfile

import mutate

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_models"
LARGEST = 400_000  # bytes of an archive that is mutated
SECONDS = 10       # for LibTorch to load one

# What LibTorch refuses and torchtally reads, by LibTorch's words and the sample's name, and why that is right. Further kinds are
# told from what was changed: beside_the_declarations().
READ_ALL_THE_SAME = [
    (r"__setstate__", r"", "__setstate__ is not run, nor its state held against its argument"),
    (r"TupleElements: invalid index|isTuple\(\) INTERNAL ASSERT", r"quantized|recurrent|setstate",
     "__setstate__ is not run, nor its state held against its argument"),
    (r"INTERNAL ASSERT FAILED at .*ivalue(_inl)?\.h|Argument passed to at|Unsupported qscheme|only version 1 supported|at .*prepack\.cpp|data is not allocated yet", r"quantized|recurrent",
     "what a packed object unpacks is known to the library that packed it"),
    (r"expected ident but found '(class|def|if|else|for|while|in|is|not|and|or|pass|return|None|True|False|with|raise|global|import|del)'",
     r"", "names that are words of the language: torch.jit.save writes them, and LibTorch cannot read them"),
    (r"in parseAssign|parseAssign at", r"", "functions are not compiled"),
    (r"importNamedTuple", r"", "a NamedTuple that no module holds is not read as LibTorch reads it"),
]

# c10::toString(ScalarType) in the words of torch.dtype.
DTYPES = {"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64", "Int": "int32",
          "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "ComplexHalf": "complex32", "ComplexFloat": "complex64",
          "ComplexDouble": "complex128", "QInt8": "qint8", "QUInt8": "quint8", "QInt32": "qint32", "QUInt4x2": "quint4x2",
          "QUInt2x4": "quint2x4", "UInt16": "uint16", "UInt32": "uint32", "UInt64": "uint64", "Float8_e5m2": "float8_e5m2",
          "Float8_e4m3fn": "float8_e4m3fn", "Float8_e5m2fnuz": "float8_e5m2fnuz", "Float8_e4m3fnuz": "float8_e4m3fnuz",
          "Float8_e8m0fnu": "float8_e8m0fnu", "Float4_e2m1fn_x2": "float4_e2m1fn_x2"}

# A refusal says where: a place in a text or a pickle, a record, or the ZIP.
PLACE = re.compile(r"line \d+, column \d+|byte \d+|record \S|records? |ZIP|\.pkl|archive|version|is (a|an|of) ")


class Authority:
    """torch_load, started again whenever it dies or takes too long."""

    def __init__(self, program: str):
        self.program, self.process = program, None

    def ask(self, path: pathlib.Path) -> dict:
        if self.process is None:
            limit = 8 << 30
            self.process = subprocess.Popen(
                [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=path.parent,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        try:
            self.process.stdin.write(f"{path}\n".encode())
            self.process.stdin.flush()
            ready = select.select([self.process.stdout], [], [], SECONDS)[0]
            line = self.process.stdout.readline() if ready else b""
            if line.endswith(b"\n"):
                return json.loads(line)
        except BrokenPipeError:
            pass
        self.close()
        return {"error": "ends or takes too long"}

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def theirs(answer: dict):
    if "error" in answer:
        return answer["error"]
    return collections.Counter((kind, name, tuple(sizes), DTYPES[dtype]) for kind, key in (("parameter", "parameters"), ("buffer", "buffers"))
                               for name, sizes, dtype in answer[key])


def ours(model: dict):
    if "error" in model:
        return None
    return collections.Counter((t["kind"], t["name"], tuple(t["shape"]), t["dtype"]) for t in model["tensors"]
                               if t["kind"] in ("parameter", "buffer"))


def audit(torchtally: str, paths: list) -> list:
    """What torchtally says of each path, in order."""
    run = subprocess.run([torchtally, "audit", "-f", "jsonl", "--jobs", "1", *map(str, paths)], capture_output=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    models = {m["path"]: m for row in rows for m in (row["models"] if "models" in row else [row]) if "path" in m}
    return [models[str(p)] for p in paths]


MODULE = re.compile(rb"^class \S+\(Module\):$", re.M)


def beside_the_declarations(records: dict, base: dict, error: str) -> str:
    """Why LibTorch stumbles over code that says nothing about what modules hold; nothing where it says something."""
    changed = [name for name in {*records, *base} if records.get(name) != base.get(name)]
    weights = re.compile(r"/(data|constants)/\d+$")  # a record of these may hold anything
    changed = [name for name in changed if not weights.search(name)] or changed
    if all("/code/" in name and not MODULE.search(records.get(name, b"") + b"\n" + base.get(name, b"")) for name in changed):
        return "code that declares no module is not compiled"
    for record, number in re.findall(r'File "(code/[^"]+)", line (\d+)', error):
        source = next((data for name, data in records.items() if name.endswith("/" + record)), b"")
        if not MODULE.search(source):
            return "code that declares no module is not compiled"
        lines = source.decode("utf-8", "replace").split("\n")
        indent = len(lines[int(number) - 1]) - len(lines[int(number) - 1].lstrip())
        for line in reversed(lines[:int(number)]):  # outwards, through the blocks that the line stands in
            if line.lstrip().startswith("def "):
                return "functions are not compiled"
            if line.strip() and len(line) - len(line.lstrip()) < indent:
                indent = len(line) - len(line.lstrip())
            if line.startswith("class "):
                break
    return ""


def judge(model: dict, answer: dict, name: str, records: dict, base: dict) -> tuple:
    """("fault" or a class for the summary, words)."""
    if "error" in model:
        error = model["error"]
        if error["code"] not in ("malformed", "limit_exceeded", "not_a_model"):
            return "fault", f"fails: {error}"
        if not PLACE.search(error["message"]):
            return "fault", f"is refused without a place: {error['message']}"
        return "refused by both" if "error" in answer else "refused by us", error["message"]
    if "error" not in answer:
        if ours(model) == theirs(answer):
            return "equal", ""
        return "fault", f"counts otherwise: ours only {list((ours(model) - theirs(answer)).items())[:3]}, LibTorch's only " \
                        f"{list((theirs(answer) - ours(model)).items())[:3]}"
    why = beside_the_declarations(records, base, answer["error"])
    if why:
        return f"read by us only: {why}", ""
    for pattern, sample, why in READ_ALL_THE_SAME:
        if re.search(pattern, answer["error"]) and re.search(sample, name):
            return f"read by us only: {why}", answer["error"]
    return "fault", f"is read, and LibTorch refuses it: {' '.join(answer['error'].split())[:500]}"


def bases(authority: Authority) -> dict:
    """The archives to mutate: what LibTorch loads of the samples."""
    small = [p for p in SAMPLES.glob("*.pt") if p.stat().st_size <= LARGEST]
    return {p.name: mutate.read(p) for p in small if "error" not in authority.ask(p)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("torchtally", type=lambda p: str(pathlib.Path(p).resolve()))
    parser.add_argument("torch_load", type=lambda p: str(pathlib.Path(p).resolve()))
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path, help="where to keep archives with a fault")
    parser.add_argument("--only", type=int, help="this archive alone")
    arguments = parser.parse_args()
    first = Authority(arguments.torch_load)
    models = bases(first)
    first.close()
    if not models:
        sys.exit("LibTorch loads none of the samples")
    numbers = [arguments.only] if arguments.only is not None else range(arguments.count)
    batches = [list(numbers[i:i + 100]) for i in range(0, len(numbers), 100)]
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)

    def check(batch: list) -> list:
        authority, rows = Authority(arguments.torch_load), []
        with tempfile.TemporaryDirectory() as folder:
            made = []
            for number in batch:
                rng = random.Random(f"{arguments.seed}:{number}")
                name = rng.choice(sorted(models))
                records = [list(r) for r in models[name]]
                what = mutate.mutate(records, rng)
                path = pathlib.Path(folder, f"{number}.pt")
                path.write_bytes(mutate.write(records, rng))
                made.append((number, path, name, what))
            for (number, path, name, what), model in zip(made, audit(arguments.torchtally, [p for _, p, _, _ in made])):
                answer = authority.ask(path)
                verdict, words = judge(model, answer, name, dict(mutate.read(path)), dict(map(tuple, models[name])))
                rows.append((number, f"{name}: {what}", verdict, words))
                if arguments.keep and (verdict == "fault" or arguments.only is not None):
                    (arguments.keep / f"{arguments.seed}-{path.name}").write_bytes(path.read_bytes())
        authority.close()
        return rows

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        rows = [row for batch in pool.map(check, batches) for row in batch]
    for number, what, verdict, words in rows:
        if verdict == "fault" or arguments.only is not None:
            print(f"{arguments.seed}:{number} ({what}) {words or verdict}")
    for verdict, times in collections.Counter(verdict for _, _, verdict, _ in rows).most_common():
        print(f"{times:7,}  {verdict}")
    return 1 if any(verdict == "fault" for _, _, verdict, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
