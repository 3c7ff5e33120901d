#!/usr/bin/env python3
"""Makes the sample models and manifest.json with what PyTorch says of them.

    python sample_models/make.py [NAME…]      needs torch 2.11.0, torchvision and transformers

Counts are the same on every run (fixed seed).  The files' bytes may differ: a package holds random module names, and the debug
files of a trace hold the stack that led to it.
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20
MAX_BYTES = 1_000_000
# Debug files name the sources they come from.  So that no path of the authoring machine gets into a committed file, Python
# runs over links in this folder.
NEUTRAL = pathlib.Path(tempfile.gettempdir()) / "torchtally-samples"


def run_under_neutral_paths() -> int:
    import torch

    NEUTRAL.mkdir(mode=0o700, exist_ok=True)
    if NEUTRAL.is_symlink() or NEUTRAL.stat().st_uid != os.getuid():
        sys.exit(f"{NEUTRAL} belongs to someone else: remove it or set TMPDIR")
    for name, target in (("site-packages", pathlib.Path(torch.__file__).parents[1]), ("sample_models", HERE),
                         ("stdlib", pathlib.Path(os.__file__).parent)):
        link = NEUTRAL / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    paths = [NEUTRAL / "site-packages", NEUTRAL / "sample_models", NEUTRAL / "stdlib"]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, paths)), TORCHTALLY_HERE=str(HERE), PYTHONHASHSEED="0")
    return subprocess.call([sys.executable, "-P", str(NEUTRAL / "sample_models" / "make.py"), *sys.argv[1:]], env=environment)


def leaked_paths(file: pathlib.Path) -> list:
    home = pathlib.Path(os.environ["TORCHTALLY_HERE"])
    own = {str(pathlib.Path.home()), str(home), str(home.parent), sys.prefix, sys.base_prefix}
    with zipfile.ZipFile(file) as z:
        return [n for n in z.namelist() if any(p.encode() in z.read(n) for p in own)]


def make(wanted: list):
    import torch
    from recipes import ALL, archives, basics, language, quantized, storages, vision  # noqa: F401
    from truth import truth

    home = pathlib.Path(os.environ["TORCHTALLY_HERE"])
    models, hostile = [], []
    for recipe in ALL:
        if wanted and recipe.name not in wanted:
            continue
        torch.manual_seed(SEED)
        folder = home.parent / "tests" / "hostile" / "files" if recipe.hostile else home
        folder.mkdir(exist_ok=True, parents=True)
        file = folder / f"{recipe.name}.pt"
        built = recipe.build()
        if isinstance(built, bytes):
            file.write_bytes(built)
        else:
            torch.jit.save(built, str(file))
        if leaked := leaked_paths(file):
            sys.exit(f"{file.name}: a path of this machine is in {leaked}")
        size = file.stat().st_size
        if size > MAX_BYTES:
            sys.exit(f"{file.name}: {size} bytes, more than {MAX_BYTES}")
        said = {"file": file.name, "how": recipe.how, "shows": recipe.shows, "size_bytes": size,
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        with tempfile.TemporaryDirectory() as scratch:  # a `__setstate__` may write there
            os.chdir(scratch)
            said.update(truth(str(file), recipe.unpack, built if recipe.unloadable else None))
        (hostile if recipe.hostile else models).append(said)
        print(f"{file.name:28} {size:8,} bytes  {said['parameters_unique']:8,} parameters", flush=True)
    if wanted:
        return  # a partial run writes no manifest
    write_manifest(home / "manifest.json", models)
    write_manifest(home.parent / "tests" / "hostile" / "files" / "manifest.json", hostile)
    write_table(home / "README.md", models)
    print(f"{len(models)} models, {sum(m['size_bytes'] for m in models):,} bytes")


def write_manifest(file: pathlib.Path, models: list):
    import torch
    import torchvision
    import transformers

    head = {"schema_version": 1, "seed": SEED, "torch": torch.__version__.split("+")[0],
            "torchvision": torchvision.__version__.split("+")[0], "transformers": transformers.__version__}
    # one line a tensor keeps it readable and its differences small
    text = json.dumps({**head, "models": []}, indent=1)[:-3].rstrip() + "\n"
    text += ",\n".join(one_model(m) for m in models) + "\n ]\n}\n"
    json.loads(text)
    file.write_text(text)


def write_table(file: pathlib.Path, models: list):
    lines = ["| file | bytes | shows | parameters | with aliases | buffers | more |", "|---|--:|---|--:|--:|--:|---|"]
    for m in models:
        more = [f"{m['elements_by_kind'][k]:,} {k}" for k in ("packed", "state", "attribute") if k in m["elements_by_kind"]]
        if "constants" in m:
            more.append(f"{m['constants']['elements_unique']:,} constant")
        if "jit_load_refuses" in m:
            more.append("`torch.jit.load` refuses it")
        lines.append(f"| `{m['file']}` | {m['size_bytes']:,} | {m['shows']} | {m['parameters_unique']:,} | "
                     f"{m['parameters_naive']:,} | {m['buffers_unique']:,} | {', '.join(more)} |")
    text = file.read_text()
    head, rest = text.split("<!-- table, written by make.py -->\n")
    tail = rest.split("<!-- end of table -->\n")[1]
    file.write_text(head + "<!-- table, written by make.py -->\n" + "\n".join(lines) + "\n<!-- end of table -->\n" + tail)


def one_model(model: dict) -> str:
    lines = []
    for key, value in model.items():
        if isinstance(value, list):
            inner = ",\n".join(f"    {json.dumps(v)}" for v in value)
            lines.append(f"   {json.dumps(key)}: [\n{inner}\n   ]" if value else f"   {json.dumps(key)}: []")
        else:
            lines.append(f"   {json.dumps(key)}: {json.dumps(value)}")
    return "  {\n" + ",\n".join(lines) + "\n  }"


if __name__ == "__main__":
    if "TORCHTALLY_HERE" not in os.environ:
        sys.exit(run_under_neutral_paths())
    make(sys.argv[1:])
