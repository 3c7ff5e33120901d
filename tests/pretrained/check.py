#!/usr/bin/env python3
"""Fetches silero_vad.jit and holds torchtally's audit of it against silero_vad.json.

    python3 tests/pretrained/check.py TORCHTALLY FOLDER
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main(torchtally: str, folder: str) -> int:
    subprocess.run([sys.executable, HERE.parents[1] / "tools" / "fetch-silero", folder], check=True)
    expected = json.loads((HERE / "silero_vad.json").read_text())
    model = str(pathlib.Path(folder) / expected["file"])
    run = subprocess.run([torchtally, "audit", "-f", "json", "--load", model], stdout=subprocess.PIPE)
    audit, = json.loads(run.stdout)["models"]
    totals = audit["totals"]
    found = {
        "size_bytes": audit["file"]["bytes"],
        "parameters_unique": totals["parameters"]["elements"],
        "parameters_naive": sum(t["elements"] for t in audit["tensors"] if t["kind"] == "parameter"),
        "trainable": totals["trainable"]["elements"],
        "buffers_unique": totals["by_kind"]["unique"]["buffer"]["elements"],
    }
    wrong = [f"{what}: {value:,}, and PyTorch says {expected[what]:,}" for what, value in found.items() if value != expected[what]]
    verification = audit["verification"]
    if not verification["ran"]:
        wrong.append(f"not compared with LibTorch: {verification['error']['message']}")
    wrong += verification.get("differences", [])
    print("\n".join(wrong) or f"{model}: {found['parameters_unique']:,} parameters, as PyTorch says, and LibTorch agrees")
    return 1 if wrong or run.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
