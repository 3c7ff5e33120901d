"""Archives of other layouts: packages, extra files, older versions, no debug files."""

import io
import zipfile

import torch
from torch import nn, Tensor

from . import recipe
from .basics import Mlp
from .storages import Tied
from repack import records_of, write_archive

torch.package.package_exporter._gate_torchscript_serialization = False


def saved(module, **options) -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(module, buffer, **options)
    return buffer.getvalue()


@recipe("extra_files", "torch.jit.save with _extra_files", "two extra files, one in a folder")
def extra_files():
    return saved(torch.jit.script(Mlp()), _extra_files={"labels.txt": "cat\ndog\n", "meta/notes.json": '{"epochs": 3}'})


@recipe("no_debug_files", "torch.jit.script, then repacked without .debug_pkl records",
        "code without its debug files")
def no_debug_files():
    archive = saved(torch.jit.script(Mlp()))
    return write_archive([r for r in records_of(archive) if not r.name.endswith(".debug_pkl")])


@recipe("old_layout", "torch.jit.script, then repacked without `byteorder` and `.data/serialization_id`",
        "the records that PyTorch wrote before 2.1: `<root>/version` alone")
def old_layout():
    records = records_of(saved(torch.jit.script(Tied())))
    return write_archive([r for r in records if not r.name.endswith(("/byteorder", "/.data/serialization_id"))])


@recipe("repacked", "torch.jit.script, then repacked: its weights are deflated, no record is aligned",
        "an archive that some other ZIP tool packed again")
def repacked():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        for record in records_of(saved(torch.jit.script(Mlp()))):
            z.writestr(zipfile.ZipInfo(record.name), record.data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class Half(nn.Module):
    def __init__(self, shared: nn.Linear, own: int):
        super().__init__()
        self.shared = shared
        self.own = nn.Linear(7, own)

    def forward(self, x: Tensor) -> Tensor:
        return self.own(self.shared(x))


@recipe("package", "torch.package with two scripted modules", "two TorchScript modules that share storages")
def package():
    shared = nn.Linear(5, 7)
    buffer = io.BytesIO()
    with torch.package.PackageExporter(buffer) as exporter:
        # one pickle: only what is loaded together is shared again by PackageImporter
        exporter.save_pickle("models", "both.pkl", [torch.jit.script(Half(shared, n)) for n in (3, 4)])
        exporter.save_pickle("models", "tensor.pkl", torch.arange(6.0))
        exporter.save_text("notes", "read_me.txt", "two halves\n")
    return buffer.getvalue()


@recipe("package_frozen", "torch.package with a frozen and a scripted module",
        "constants of a frozen module inside a package")
def package_frozen():
    buffer = io.BytesIO()
    with torch.package.PackageExporter(buffer) as exporter:
        exporter.save_pickle("models", "frozen.pkl", torch.jit.freeze(torch.jit.script(Half(nn.Linear(5, 7), 3).eval())))
        exporter.save_pickle("models", "scripted.pkl", torch.jit.script(Half(nn.Linear(5, 7), 6)))
    return buffer.getvalue()
