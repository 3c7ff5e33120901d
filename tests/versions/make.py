#!/usr/bin/env python3
"""Writes small models with the PyTorch that runs this, in every way that it has of writing TorchScript, and what they hold.

    python tests/versions/make.py [CASE…]      needs nothing but torch (1.2.0 or later, Python 3.7 or later)

The archives and figures.json go to tests/versions/VERSION/.  The figures are those of the Python modules in memory, taken before
anything is saved: names, shapes, dtypes, what is a parameter and what a buffer, what is trainable.  README.md says what the test
makes of them.  This one source has to run with every PyTorch since 2019, so it avoids what came later.
"""

import json
import os
import pathlib
import shutil
import sys
import warnings
from collections import namedtuple
from typing import Dict, List, Optional, Tuple

import torch
from figures import VERSION, as_constants, figures, row
from neutral_paths import leaked_paths, run_under_neutral_paths
from torch import Tensor, nn

# torch.quantization since 1.3, torch.ao.quantization since 1.10, whole since 1.11.
QUANTIZATION = getattr(getattr(torch, "ao", None), "quantization", None)
if not hasattr(QUANTIZATION, "QuantStub"):
    QUANTIZATION = getattr(torch, "quantization", None)
warnings.filterwarnings("ignore")

CASES = []  # (name, function): the function gets the file to write and returns figures, None where it does not say them


def case(function):
    CASES.append((function.__name__, function))
    return function


# -------------------------------------------------------------------------------------------------------------------- models


class Mlp(nn.Module):
    """The last layer's weight is the first one's; one layer is not trained."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(7, 7, bias=False)
        self.frozen = nn.Linear(7, 7)
        self.last = nn.Linear(7, 7)
        self.last.weight = self.first.weight
        self.frozen.weight.requires_grad = False
        self.frozen.bias.requires_grad = False

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.frozen(self.first(x))))


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, bias=False)
        self.norm = nn.BatchNorm2d(5)
        self.head = nn.Conv2d(5, 2, 1, groups=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.norm(self.conv(x))))


class Block(nn.Module):
    """A layer of a transformer, without nn.MultiheadAttention, whose code is fifty kilobytes."""

    def __init__(self, size: int = 8):
        super().__init__()
        self.norm1 = nn.LayerNorm(size)
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)
        self.norm2 = nn.LayerNorm(size)
        self.up = nn.Linear(size, 11)
        self.down = nn.Linear(11, size)
        self.register_buffer("mask", torch.ones(4, 4).triu(1))
        self.heads = 2

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        scores = torch.matmul(q, k.transpose(-2, -1)) / 2.0 - self.mask * 1e4
        x = x + self.out(torch.matmul(torch.softmax(scores, -1), v))
        return x + self.down(torch.relu(self.up(self.norm2(x))))


class Embeddings(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(13, 4, padding_idx=0)
        self.bags = nn.EmbeddingBag(6, 4, mode="sum")
        self.gru = nn.GRU(4, 3, num_layers=2, bidirectional=True)

    def forward(self, ids: Tensor) -> Tensor:
        return self.gru(self.words(ids))[0].sum() + self.bags(ids).sum()


class Halves(nn.Module):
    """Every dtype that this version makes parameters and buffers of."""

    def __init__(self):
        super().__init__()
        self.of_half = nn.Parameter(torch.ones(3, 2).half())
        self.of_bfloat16 = nn.Parameter(torch.ones(2, 5).to(torch.bfloat16))
        self.of_double = nn.Parameter(torch.ones(4).double())
        for name in ("uint8", "int8", "int16", "int32", "int64", "bool"):
            self.register_buffer("of_" + name, torch.ones(3).to(getattr(torch, name)))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.of_half.float().sum() + self.of_double.float().sum() + self.of_int32.sum()


class Complex(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 2, dtype=torch.complex64))
        self.register_buffer("wide", torch.ones(5, dtype=torch.complex128))
        self.number = 0.5 - 2j

    def forward(self, x: Tensor) -> Tensor:
        return torch.real(x * self.weight * self.number).sum() + torch.real(self.wide).sum()


class Constants(nn.Module):
    """Tensors that tracing writes into the code; and views of one storage, one of them expanded."""

    def __init__(self):
        super().__init__()
        whole = torch.arange(24.0)
        self.register_buffer("low", whole[:6].view(2, 3))
        self.register_buffer("high", whole[6:18].view(3, 4).t())
        self.register_buffer("one", whole[23:].expand(4, 5))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.full((3,), 2.5).tolist()[0] + torch.tensor([0.25, 0.5, 4.0]) + self.low[0] + self.high.sum() + \
            self.one.sum() + self.bias


Pair = namedtuple("Pair", ["left", "right"])


class Containers(nn.Module):
    """Attributes of the types that scripting knows; modules in lists and dicts, one of them twice."""

    limits: Tuple[int, float, str]
    maybe: Optional[Tensor]
    nothing: Optional[Tensor]
    table: Dict[str, Tensor]
    row: List[Tensor]
    __annotations__ = {"limits": Tuple[int, float, str], "maybe": Optional[Tensor], "nothing": Optional[Tensor],
                       "table": Dict[str, Tensor], "row": List[Tensor]}

    def __init__(self):
        super().__init__()
        shared = nn.Linear(3, 3)
        self.list = nn.ModuleList([shared, nn.Linear(3, 3, bias=False), shared])
        self.dict = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.LayerNorm(3)})
        self.sequence = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 3))
        self.limits = (3, 0.5, "x\n\"'\\\t")
        self.maybe = torch.ones(3)
        self.nothing = None
        self.table = {"m": torch.zeros(2, 3), "n": torch.zeros(3)}
        self.row = [torch.zeros(1), torch.zeros(3, dtype=torch.float64)]
        self.register_buffer("late", None)
        self.register_parameter("absent", None)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.list:
            x = layer(x)
        for layer in self.dict.values():
            x = layer(x)
        maybe = self.maybe
        if maybe is not None:
            x = x + maybe
        if self.nothing is None:
            x = x * self.limits[1]
        return self.sequence(x) + self.table["n"] + self.row[0]


class State(nn.Module):
    """Its state is what its own methods make of it."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))
        self.training = True

    @torch.jit.export
    def __getstate__(self):
        return self.scale, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, bool]):
        self.scale = state[0]
        self.training = state[1]

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class ToQuantize(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant = QUANTIZATION.QuantStub()
        self.conv = nn.Conv2d(3, 4, 3)
        self.flat = nn.Linear(4, 5)
        self.dequant = QUANTIZATION.DeQuantStub()

    def forward(self, x: Tensor) -> Tensor:
        return self.dequant(self.flat(self.conv(self.quant(x)).mean([2, 3])))


def float_function(x: Tensor, n: int) -> Tensor:
    return x / n


# ------------------------------------------------------------------------------------------ ways of exporting and of writing

IMAGE = torch.ones(1, 3, 8, 8)


def scripted(file, model):
    rows = figures(model)
    torch.jit.save(torch.jit.script(model), file)
    return rows


def traced(file, model, *inputs):
    rows = figures(model.eval())
    torch.jit.save(torch.jit.trace(model, inputs), file)
    return rows


@case
def mlp_scripted(file):
    return scripted(file, Mlp())


@case
def mlp_traced(file):
    return traced(file, Mlp(), torch.ones(2, 7))


@case
def conv_traced(file):
    return traced(file, ConvNet(), IMAGE)


@case
def block_scripted(file):
    return scripted(file, Block())


@case
def embeddings_traced(file):
    return traced(file, Embeddings(), torch.ones(2, 3, dtype=torch.long))


@case
def dtypes_scripted(file):
    return scripted(file, Halves())


@case
def complex_scripted(file):
    return scripted(file, Complex())


@case
def constants_traced(file):
    # The list in the code, and the factor: a number read from a tensor.
    return traced(file, Constants(), torch.ones(3)) + as_constants(
        [row("", "", torch.ones(3)), row("", "", torch.ones((), dtype=torch.float64))])


@case
def containers_scripted(file):
    return scripted(file, Containers())


@case
def state_scripted(file):
    scripted(file, State())
    return [dict(r, kind="state") for r in figures(State())]


@case
def function_scripted(file):
    torch.jit.save(torch.jit.script(float_function), file)
    return []


def dynamic():
    return QUANTIZATION.quantize_dynamic(nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3, bias=False)).eval(), {nn.Linear},
                                         dtype=torch.qint8)


def static():
    model = ToQuantize().eval()
    model.qconfig = QUANTIZATION.get_default_qconfig("fbgemm")
    QUANTIZATION.prepare(model, inplace=True)
    model(IMAGE)
    return QUANTIZATION.convert(model)


@case
def quantized_dynamic(file):
    return scripted(file, dynamic())


@case
def quantized_static(file):
    return scripted(file, static())


@case
def frozen(file):
    rows = figures(Mlp())
    frozen = torch.jit.freeze(torch.jit.script(Mlp().eval()), optimize_numerics=False)
    torch.jit.save(frozen, file)
    return as_constants([r for r in rows if r["name"] != "last.weight"])  # the same tensor as the first one's


@case
def frozen_folded(file):
    torch.jit.save(torch.jit.freeze(torch.jit.script(ConvNet().eval())), file)
    # The norm goes into the first convolution, which gets a bias of five.
    rows = [r for r in figures(ConvNet()) if r["name"].startswith(("conv", "head"))]
    return as_constants(rows + [row("", "", torch.ones(5))])


@case
def for_lite_interpreter(file):
    rows = figures(Mlp())
    torch.jit.script(Mlp())._save_for_lite_interpreter(file)
    return rows


@case
def for_lite_interpreter_quantized(file):
    rows = figures(dynamic())
    torch.jit.script(dynamic())._save_for_lite_interpreter(file)
    return rows


@case
def for_lite_interpreter_flatbuffer(file):
    torch.jit.script(Mlp())._save_for_lite_interpreter(file, _use_flatbuffer=True)


@case
def with_extra_files(file):
    rows = figures(Mlp())
    extra = {"labels.txt": "cat\ndog\n", "deep/er/bytes.bin": "\x01\x02"}
    if hasattr(torch._C, "ExtraFilesMap"):  # up to 1.6
        files = torch._C.ExtraFilesMap()
        for name, text in extra.items():
            files[name] = text
        extra = files
    torch.jit.save(torch.jit.script(Mlp()), file, _extra_files=extra)
    return rows


@case
def to_buffer(file):
    import io

    rows, buffer = figures(Mlp()), io.BytesIO()
    torch.jit.save(torch.jit.script(Mlp()), buffer)
    pathlib.Path(file).write_bytes(buffer.getvalue())
    return rows


@case
def without_crc32(file):
    rows = figures(Mlp())
    torch.serialization.set_crc32_options(False)
    try:
        torch.jit.save(torch.jit.script(Mlp()), file)
    finally:
        torch.serialization.set_crc32_options(True)
    return rows


@case
def state_dict_without_crc32(file):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(Mlp().state_dict(), file)
    finally:
        torch.serialization.set_crc32_options(True)


@case
def for_inference(file):
    torch.jit.save(torch.jit.optimize_for_inference(torch.jit.script(ConvNet().eval())), file)


@case
def for_mobile(file):
    from torch.utils.mobile_optimizer import optimize_for_mobile

    torch.jit.save(optimize_for_mobile(torch.jit.script(ConvNet().eval())), file)


@case
def for_mobile_lite(file):
    from torch.utils.mobile_optimizer import optimize_for_mobile

    optimize_for_mobile(torch.jit.script(ConvNet().eval()))._save_for_lite_interpreter(file)


@case
def package(file):
    rows = figures(Mlp(), "0:")
    from torch.package import PackageExporter, package_exporter

    package_exporter._gate_torchscript_serialization = False
    with PackageExporter(file) as exporter:
        exporter.save_pickle("models", "mlp.pkl", torch.jit.script(Mlp()))
    return rows


@case
def state_dict(file):
    torch.save(Mlp().state_dict(), file)


# ----------------------------------------------------------------------------------------------------------------- the folder


def make():
    folder = pathlib.Path(os.environ["TORCHTALLY_HERE"]) / VERSION
    if folder.exists():
        shutil.rmtree(str(folder))
    folder.mkdir()
    wrote, could_not = {}, {}
    for name, write in CASES:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        torch.manual_seed(5)
        file = folder / (name + ".pt")
        try:
            rows = write(str(file))
        except (AttributeError, ImportError, RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            could_not[name] = type(error).__name__ + ": " + (str(error).strip().split("\n") or [""])[0][:120]
            if file.exists():
                file.unlink()
            continue
        if leaked_paths(file):
            sys.exit("%s: a path of this machine is in %s" % (file.name, leaked_paths(file)))
        wrote[file.name] = rows
    lines = ["{", ' "torch": %s,' % json.dumps(VERSION), ' "could_not_write": %s,' % json.dumps(could_not, indent=2),
             ' "figures": {']
    for i, (name, rows) in enumerate(wrote.items()):
        comma = "," if i + 1 < len(wrote) else ""
        text = "null" if rows is None else "[" + ",".join("\n   " + json.dumps(r) for r in rows) + "]"
        lines.append("  %s: %s%s" % (json.dumps(name), text, comma))
    text = "\n".join(lines + [" }", "}"]) + "\n"
    json.loads(text)
    (folder / "figures.json").write_text(text)
    sizes = sum(f.stat().st_size for f in folder.iterdir())
    print("%s: %d files, %d bytes; could not: %s" % (VERSION, len(wrote), sizes, json.dumps(could_not, indent=1)))


if __name__ == "__main__":
    if "TORCHTALLY_HERE" in os.environ:
        make()
    else:
        sys.exit(run_under_neutral_paths())
