#!/usr/bin/env python3
"""Writes the fuzzers' seeds: the pickles and sources of the sample models, and the archives themselves.

    make_seeds.py SAMPLE_MODELS FOLDER
"""

import json
import pathlib
import shutil
import sys
import zipfile


def main(samples: pathlib.Path, folder: pathlib.Path):
    for name in ("zip_directory", "pickle", "source", "snapshot_json"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    for model in sorted(samples.glob("*.pt")):
        if model.stat().st_size < 30_000:
            shutil.copy(model, folder / "zip_directory" / model.name)
        with zipfile.ZipFile(model) as archive:
            for number, record in enumerate(archive.namelist()):
                kind = "pickle" if record.endswith(".pkl") else "source" if record.endswith(".py") else None
                if kind and archive.getinfo(record).file_size < 10_000:
                    (folder / kind / f"{model.stem}-{number}").write_bytes(archive.read(record))
    # one of what a worker sends: inspector/model/snapshot_json.cpp
    for number, snapshot in enumerate(SNAPSHOTS):
        (folder / "snapshot_json" / str(number)).write_text(json.dumps(snapshot))


VIEW = ["float32", [2, 3], [3, 1], 0, 0, 6, 24]
SNAPSHOTS = [{
    "path": "m.pt", "file_bytes": 1000, "format": "TorchScript", "version": 3, "byte_order": "little",
    "modules": [["", -1, "M", -1, [["in_features", "3"]], [["training", "true"]]], ["fc", 0, "torch.nn.Linear", -1, [], []]],
    "tensors": [[1, "weight", "parameter", VIEW, True],
                [0, "mask", "buffer", ["float32", [8, 10], [], -1, 0, 80, 60], False, "sparse_coo", [["indices", VIEW], ["values", VIEW]], None, 0, ""],
                [0, "packed[0]", "packed", ["qint8", [2, 3], [3, 1], 0, 0, 6, 6], False, "strided", [], ["per_tensor_affine", 0.5, 3, 0], 0, ""],
                [0, "CONSTANTS.c0", "constant", VIEW, False, "strided", [], None, 2, "torch.conv2d"]],
    "storages": [["data/0", 24, 123456, "cpu"]], "sections": [["weights", 1, 24], ["directory", 0, 976]],
    "findings": [["unused-storage", "one"]]}]

if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
