#!/usr/bin/env python3
"""Writes the fuzzers' seeds: the sample models, their pickles and sources, and configurations of every family.

    make_seeds.py SOURCE_TREE FOLDER
"""

import io
import pathlib
import shutil
import struct
import sys
import zipfile


def unchecked(model: pathlib.Path) -> bytes:
    """The archive with its records as they are and without CRC-32, as PyTorch writes it after set_crc32_options(False): what
    a fuzzer changes in a record then reaches the readers."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(model) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for record in source.infolist():
            target.writestr(zipfile.ZipInfo(record.filename), source.read(record))
        places = [record.header_offset + 14 for record in target.infolist()]
    data = bytearray(buffer.getvalue())
    at = struct.unpack_from("<I", data, len(data) - 22 + 16)[0]  # of the directory, by the end record
    while data[at : at + 4] == b"PK\1\2":
        places.append(at + 16)
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    for place in places:
        data[place : place + 4] = bytes(4)
    return bytes(data)


def main(tree: pathlib.Path, folder: pathlib.Path):
    for name in ("archive", "report", "config", "zip_directory", "pickle", "source", "snapshot_bytes"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    for model in sorted((tree / "sample_models").glob("*.pt")):
        if model.stat().st_size < 30_000:
            shutil.copy(model, folder / "zip_directory" / model.name)
            (folder / "archive" / model.name).write_bytes(unchecked(model))
            (folder / "report" / model.name).write_bytes(unchecked(model))
        with zipfile.ZipFile(model) as archive:
            for number, record in enumerate(archive.namelist()):
                kind = "pickle" if record.endswith(".pkl") else "source" if record.endswith(".py") else None
                if kind and archive.getinfo(record).file_size < 10_000:
                    (folder / kind / f"{model.stem}-{number}").write_bytes(archive.read(record))
    for config in sorted((tree / "tests/formulas/data/configs").glob("*.json")):
        shutil.copy(config, folder / "config" / config.name)
    # The empty one of what a reader sends, inspector/model/snapshot_bytes.cpp: text and lists are their length, 4 bytes.
    (folder / "snapshot_bytes" / "empty").write_bytes(bytes(4 + 8 + 4 + 8 + 4 + 7 * 4))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
