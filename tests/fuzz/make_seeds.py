#!/usr/bin/env python3
"""Writes the fuzzers' seeds: the pickles and sources of the sample models, and the archives themselves.

    make_seeds.py SAMPLE_MODELS FOLDER
"""

import pathlib
import shutil
import sys
import zipfile


def main(samples: pathlib.Path, folder: pathlib.Path):
    for name in ("zip_directory", "pickle", "source", "snapshot_bytes"):
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
    # The empty one of what a reader sends, inspector/model/snapshot_bytes.cpp: text and lists are their length, 4 bytes.
    (folder / "snapshot_bytes" / "empty").write_bytes(bytes(4 + 8 + 4 + 8 + 4 + 7 * 4))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
