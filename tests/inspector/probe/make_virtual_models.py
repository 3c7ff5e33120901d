#!/usr/bin/env python3
"""Writes the small archives of virtual runs: what they refuse, and what they have to load and follow: virtual_models/*.pt.

    python tests/inspector/probe/make_virtual_models.py        # needs torch 2.11.0
"""
import importlib.util
import io
import pathlib
import random
import sys
import tempfile
import warnings
import zipfile
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.ao.quantization import DeQuantStub, QuantStub, convert, get_default_qconfig, prepare

from record_eager import HERE, save

FOLDER = HERE / "virtual_models"


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)


class Nonzero(Inner):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).nonzero()


class Item(Inner):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) * self.linear(x).sum().item()


class Branch(Inner):
    def forward(self, x: Tensor) -> Tensor:
        y = self.linear(x)
        return y if bool(y.sum() > 0) else x


class Unique(Inner):
    def forward(self, x: Tensor) -> Tensor:
        return torch.unique_consecutive(self.linear(x))


class MaskedSelect(Inner):
    def forward(self, x: Tensor) -> Tensor:
        return torch.masked_select(self.linear(x), x > 0)


class NoKernel(Inner):
    def forward(self, x: Tensor) -> Tensor:
        return torch.geqrf(self.linear(x))[0]


class OnCuda(Inner):
    """Makes a tensor on the device that it was exported for."""

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + torch.zeros([4], device="cuda")


class OnlyTrains(Inner):
    """Its evaluation is refused virtually, and raises where it has more than 3 rows; its training is neither."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.linear(x)
        if not self.training:
            if x.size(0) > 3:
                raise RuntimeError("evaluation takes 3 rows")
            return y.nonzero()
        return y


class Outer(nn.Module):
    def __init__(self, inner: nn.Module):
        super().__init__()
        self.encoder = nn.ModuleDict({"inner": inner})

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder["inner"](x)


MODELS = {"nonzero": Nonzero, "item": Item, "branch": Branch, "unique_consecutive": Unique, "masked_select": MaskedSelect,
          "geqrf": NoKernel, "on_cuda": OnCuda, "only_trains": OnlyTrains}


# Tensors of 4 ones that are held in something: each model adds one of them to its input.


@torch.jit.script
class Box:
    def __init__(self, n: int):
        self.t = torch.ones(n)


class Pair(NamedTuple):
    a: Tensor
    b: int


class InOptional(nn.Module):
    t: Optional[Tensor]

    def __init__(self):
        super().__init__()
        self.t = torch.ones(4)

    def forward(self, x: Tensor) -> Tensor:
        t = self.t
        return x + t if t is not None else x


class InList(nn.Module):
    t: List[Tensor]

    def __init__(self):
        super().__init__()
        self.t = [torch.ones(4)]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.t[0]


class InDict(nn.Module):
    t: Dict[str, Tensor]

    def __init__(self):
        super().__init__()
        self.t = {"a": torch.ones(4)}

    def forward(self, x: Tensor) -> Tensor:
        return x + self.t["a"]


class InTuple(nn.Module):
    t: Tuple[Tensor, int]

    def __init__(self):
        super().__init__()
        self.t = (torch.ones(4), 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.t[0]


class InNestedList(nn.Module):
    t: List[List[Tensor]]

    def __init__(self):
        super().__init__()
        self.t = [[torch.ones(4)]]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.t[0][0]


class InTuplesOfAList(nn.Module):
    t: List[Tuple[Tensor, Tensor]]

    def __init__(self):
        super().__init__()
        self.t = [(torch.ones(4), torch.ones(4))]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.t[0][1]


class InOptionalsOfAList(nn.Module):
    t: List[Optional[Tensor]]

    def __init__(self):
        super().__init__()
        self.t = [None, torch.ones(4)]

    def forward(self, x: Tensor) -> Tensor:
        t = self.t[1]
        return x + t if t is not None else x


class InObject(nn.Module):
    def __init__(self):
        super().__init__()
        self.t = Box(4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.t.t


class InNamedTuple(nn.Module):
    t: Pair

    def __init__(self):
        super().__init__()
        self.t = Pair(torch.ones(4), 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.t[0]


def ones_like_rows(x: Tensor) -> Tensor:
    return torch.ones([x.size(0), 4])


class InFunction(nn.Module):
    """The ones are made by a function of the file's own, on the default device."""

    def forward(self, x: Tensor) -> Tensor:
        return x + ones_like_rows(x)


HOLDERS = {"in_optional": InOptional, "in_list": InList, "in_dict": InDict, "in_tuple": InTuple,
           "in_nested_list": InNestedList, "in_tuples_of_a_list": InTuplesOfAList,
           "in_optionals_of_a_list": InOptionalsOfAList, "in_object": InObject, "in_named_tuple": InNamedTuple}


# Forks: PyTorch runs all of them.


class ForkInAList(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        futures = torch.jit.annotate(List[torch.jit.Future[Tensor]], [])
        for _ in range(3):
            futures.append(torch.jit.fork(self.a, x))
        y = x
        for future in futures:
            y = y + torch.jit.wait(future)
        return y


class ForkInAFork(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def inner(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.b, x)
        return self.a(x) + torch.jit.wait(future)

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.inner, x)
        return x + torch.jit.wait(future)


class ForkInALoop(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for _ in range(3):
            future = torch.jit.fork(self.a, x)
            y = y + torch.jit.wait(future)
        return y


FORKS = {"fork_in_a_list": ForkInAList, "fork_in_a_fork": ForkInAFork, "fork_in_a_loop": ForkInALoop}


# Weights as long as the blocks that a ZIP reader takes: stored, not deflated, as torch.jit.save leaves them.


def long_code():
    """A last weight of 65,536 bytes before code that deflates to more than that: it is read in blocks of as many bytes."""
    random.seed(1)
    lines = "".join(f"        x = x * {random.uniform(0.99, 1.01)!r} + {random.uniform(-1, 1)!r}\n" for _ in range(2300))
    source = ("import torch\n\n\nclass LongCode(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
              "        self.linear = torch.nn.Linear(128, 128, bias=False)\n\n"
              f"    def forward(self, x: torch.Tensor):\n        x = self.linear(x)\n{lines}        return x\n")
    with tempfile.TemporaryDirectory() as folder:  # TorchScript reads the source from a file
        path = pathlib.Path(folder) / "long_code.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location("long_code", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules["long_code"] = module
        return torch.jit.script(module.LongCode())


def quantized_convolution(channels):
    class Convolution(nn.Module):
        def __init__(self):
            super().__init__()
            self.quant, self.conv, self.dequant = QuantStub(), nn.Conv2d(channels, channels, 3), DeQuantStub()

        def forward(self, x):
            return self.dequant(self.conv(self.quant(x)))

    model = Convolution().eval()
    model.qconfig = get_default_qconfig("x86")
    prepare(model, inplace=True)
    model(torch.rand(1, channels, 8, 8))
    return convert(model)


def save_stored(model, name):
    """torch.jit.save, without debug files, the records of tensors stored as it leaves them."""
    buffer = io.BytesIO()
    torch.jit.save(model if isinstance(model, torch.jit.ScriptModule) else torch.jit.script(model.eval()), buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(FOLDER / f"{name}.pt", "w") as target:
        for record in source.infolist():
            if record.filename.endswith(".debug_pkl"):
                continue
            info = zipfile.ZipInfo(name + record.filename[record.filename.index("/"):], (1980, 1, 1, 0, 0, 0))
            info.compress_type = record.compress_type
            target.writestr(info, source.read(record))


def zeroed(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return model


def main():
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    FOLDER.mkdir(exist_ok=True)
    for name, make in MODELS.items():
        save(zeroed(Outer(make())), FOLDER / f"{name}.pt")
    for name, make in {**HOLDERS, "in_function": InFunction, **FORKS}.items():
        save(zeroed(make()), FOLDER / f"{name}.pt")
    save_stored(zeroed(nn.Linear(4, 1024)), "last_4096")
    save_stored(zeroed(nn.LayerNorm(1024)), "last_4096_twice")
    save_stored(zeroed(long_code()), "last_65536")
    save_stored(quantized_convolution(32), "quantized_convolution")


if __name__ == "__main__":
    main()
