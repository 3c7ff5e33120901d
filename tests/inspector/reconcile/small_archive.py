"""Saves an export for the repository: without debug files, which name paths of the machine that made them, and deflated."""

import io
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "sample_models"))
from repack import records_of, write_archive  # noqa: E402


def save(exported, path: pathlib.Path):
    buffer = io.BytesIO()
    torch.jit.save(exported, buffer)
    records = [r.replace(deflated=True) for r in records_of(buffer.getvalue()) if not r.name.endswith(".debug_pkl")]
    path.write_bytes(write_archive(records))
    torch.jit.load(path)  # what was written is still an archive
