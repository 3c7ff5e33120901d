"""Parameters, buffers and attributes in every place that TorchScript lets them stand."""

import enum
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from . import recipe


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(11, 17)
        self.norm = nn.LayerNorm(17)
        self.fc2 = nn.Linear(17, 5, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.relu(self.norm(self.fc1(x))))


@recipe("scripted_mlp", "torch.jit.script", "the plain case: two linear layers and a norm")
def scripted_mlp():
    return torch.jit.script(Mlp())


@recipe("part_frozen_mlp", "torch.jit.script", "`requires_grad` False on one layer only")
def part_frozen_mlp():
    model = Mlp()
    model.fc1.requires_grad_(False)
    return torch.jit.script(model)


class DTypes(nn.Module):
    DTYPES = (
        "float64 float32 float16 bfloat16 float8_e4m3fn float8_e5m2 complex64 complex128 "
        "bool uint8 int8 int16 int32 int64"
    ).split()

    def __init__(self):
        super().__init__()
        for i, name in enumerate(self.DTYPES):
            values = torch.arange((i + 2) * 3).reshape(i + 2, 3)
            self.register_buffer(f"as_{name}", values.to(getattr(torch, name)))
        self.as_half = nn.Parameter(torch.randn(7, 2).half())
        self.as_brain = nn.Parameter(torch.randn(2, 9).bfloat16())
        self.as_complex = nn.Parameter(torch.randn(4, 3, dtype=torch.complex64))

    def forward(self, x: Tensor) -> Tensor:
        return x


@recipe("dtypes", "torch.jit.script", "half, bfloat16, float8, complex, bool and integer tensors")
def dtypes():
    return torch.jit.script(DTypes())


class Strides(nn.Module):
    def __init__(self):
        super().__init__()
        self.zero_rows = nn.Parameter(torch.empty(0, 13))
        self.scalar = nn.Parameter(torch.tensor(0.5))
        self.register_buffer("steps", torch.tensor(3))
        self.register_buffer("empty", torch.empty(4, 0, 2, dtype=torch.int64))
        self.register_buffer("transposed", torch.randn(3, 5).t())
        self.register_buffer("expanded", torch.randn(6, 1).expand(6, 4))
        self.register_buffer("channels_last", torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scalar


@recipe("empty_and_strided", "torch.jit.script",
        "tensors without elements, 0-d, transposed, expanded and channels-last ones")
def empty_and_strided():
    return torch.jit.script(Strides())


class SparseCoo(nn.Module):
    def __init__(self):
        super().__init__()
        dense = torch.zeros(8, 10)
        dense[1, 2], dense[3, 4], dense[7, 9] = 1.0, 2.0, 3.0
        self.register_buffer("mask", dense.to_sparse())
        self.weight = nn.Parameter(torch.randn(10, 3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x, self.weight)


@recipe("sparse_coo", "torch.jit.script", "a sparse COO buffer with 3 stored values")
def sparse_coo():
    return torch.jit.script(SparseCoo())


class SparseCsr(nn.Module):
    def __init__(self):
        super().__init__()
        dense = torch.zeros(6, 7)
        dense[0, 1], dense[2, 2], dense[2, 5], dense[5, 0] = 1.0, 2.0, 3.0, 4.0
        self.register_buffer("graph", dense.to_sparse_csr())
        self.weight = nn.Parameter(torch.randn(5, 2))

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x, self.weight)


@recipe("sparse_csr", "torch.jit.script", "a sparse CSR buffer with 4 stored values")
def sparse_csr():
    return torch.jit.script(SparseCsr())


class NoneParameters(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 4, bias=False)
        self.norm = nn.BatchNorm1d(4, affine=False)
        self.register_parameter("scale", None)
        self.register_buffer("table", None)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.linear(x))


@recipe("none_parameters", "torch.jit.script", "parameters and buffers that are None")
def none_parameters():
    return torch.jit.script(NoneParameters())


class Containers(nn.Module):
    def __init__(self, heads: dict):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.Linear(3 + i, 3 + i), nn.LayerNorm(3 + i)]) for i in range(2))
        self.heads = nn.ModuleDict(heads)
        self.stack = nn.Sequential(nn.Linear(4, 6), nn.Sequential(nn.ReLU(), nn.Linear(6, 7)))

    def forward(self, x: Tensor) -> Tensor:
        return self.stack(x)


@recipe("containers", "torch.jit.script", "nested ModuleList, ModuleDict and Sequential, with odd keys")
def containers():
    return torch.jit.script(Containers({
        "we ird-\u00e9": nn.Linear(4, 3),
        "def forward(self):": nn.ModuleDict({"0": nn.Linear(4, 5)}),
    }))


@recipe("keyword_keys", "torch.jit.script", "ModuleDict keys that TorchScript saves but cannot read back", unloadable=True)
def keyword_keys():
    return torch.jit.script(Containers({
        "class": nn.Linear(4, 2),
        'quo"te': nn.Linear(4, 3),
        "def": nn.ModuleDict({"import": nn.Linear(4, 5), "None": nn.BatchNorm1d(2)}),
    }))


class TensorAttributes(nn.Module):
    as_list: List[Tensor]
    as_dict: Dict[str, Tensor]
    as_tuple: Tuple[Tensor, Tuple[Tensor, int]]
    present: Optional[Tensor]
    absent: Optional[Tensor]
    nested: Dict[str, List[Tensor]]

    def __init__(self):
        super().__init__()
        self.as_list = [torch.randn(2, 3), torch.randn(4)]
        self.as_dict = {"mean": torch.randn(5), "std": torch.randn(5)}
        self.as_tuple = (torch.randn(6), (torch.randn(7, 2), 3))
        self.present = torch.randn(9)
        self.absent = None
        self.nested = {"a": [torch.randn(1), torch.randn(2)], "b": []}
        self.plain = torch.randn(3, 8)
        self.trainable_attribute = torch.randn(10, requires_grad=True)
        self.register_buffer("saved", torch.randn(11))
        self.register_buffer("non_persistent", torch.randn(12), persistent=False)
        self.linear = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        present = self.present
        if present is not None:
            x = x + present.sum()
        x = x + self.as_list[0].sum() + self.as_dict["mean"].sum() + self.as_tuple[1][0].sum()
        x = x + self.plain.sum() + self.trainable_attribute.sum() + self.nested["a"][0]
        if self.absent is not None:
            x = x + 1
        return self.linear(x + self.non_persistent.sum() + self.saved.sum())


@recipe("tensor_attributes", "torch.jit.script",
        "tensors as plain attributes, in lists, dicts, tuples and Optionals; a non-persistent buffer")
def tensor_attributes():
    return torch.jit.script(TensorAttributes())


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Limits(NamedTuple):
    low: Tensor
    high: Tensor
    steps: int


@torch.jit.interface
class Layer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


class Doubles(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.randn(3))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gain


@torch.jit.script
class Counter:
    def __init__(self, total: Tensor):
        self.total = total
        self.calls = 0

    def add(self, x: Tensor):
        self.calls += 1


class RichTypes(nn.Module):
    layer: Layer
    limits: Limits

    def __init__(self):
        super().__init__()
        self.layer = Doubles()
        self.colour = Colour.BLUE
        self.limits = Limits(torch.randn(3), torch.randn(3), 4)
        self.counter = Counter(torch.randn(5))

    def forward(self, x: Tensor) -> Tensor:
        self.counter.add(x)
        if self.colour == Colour.BLUE:
            x = x + self.limits.low + self.counter.total.sum()
        return self.layer.forward(x)


@recipe("rich_types", "torch.jit.script",
        "attributes of interface, enum, NamedTuple and TorchScript class types, the last two holding tensors")
def rich_types():
    return torch.jit.script(RichTypes())


class WithStateParent(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = Mlp()
        self.packed = StatefulTable()

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.packed()


class StatefulTable(nn.Module):
    """Stores its table halved; `__setstate__` doubles it again."""

    def __init__(self):
        super().__init__()
        self.table = torch.randn(5)
        self.training = True

    def forward(self) -> Tensor:
        return self.table

    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, bool]:
        return self.table / 2.0, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, bool]) -> None:
        self.table = state[0] * 2.0
        self.training = state[1]


@recipe("setstate", "torch.jit.script", "a submodule with `__getstate__` and `__setstate__`")
def setstate():
    return torch.jit.script(WithStateParent())


class WritesOnLoad(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.randn(3)
        self.training = True

    def forward(self) -> Tensor:
        return self.table

    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, bool]:
        return self.table, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, bool]) -> None:
        self.table = state[0]
        self.training = state[1]
        torch.save(state[0], "written-by-setstate.tmp")


class WritesOnLoadParent(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.table = WritesOnLoad()

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x + self.table())


@recipe("setstate_writes_a_file", "torch.jit.script",
        "its `__setstate__` writes `written-by-setstate.tmp` into the working folder when it is loaded",
        hostile=True)
def setstate_writes_a_file():
    return torch.jit.script(WritesOnLoadParent())


class Block(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(torch.relu(self.up(self.norm(x))))


class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(31, 8)
        self.h = nn.ModuleList(Block(8, 20) for _ in range(12))
        self.last = Block(8, 24)  # of another size: does not fold with the others
        self.head = nn.Linear(8, 31)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        for block in self.h:
            x = block(x)
        return self.head(self.last(x))


@recipe("repeated_layers", "torch.jit.script", "12 identical blocks and one of another size")
def repeated_layers():
    return torch.jit.script(Repeated())


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(10, 4, bias=False, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(self.lstm(x)[0])[0]


@recipe("recurrent", "torch.jit.script", "LSTM and GRU, whose `_flat_weights` list repeats every parameter")
def recurrent():
    return torch.jit.script(Recurrent())


class Forks(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(5, 7)
        self.right = nn.Linear(5, 7)

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        return self.right(x) + torch.jit.wait(future)


@recipe("fork", "torch.jit.script", "`torch.jit.fork`, whose body is a function of its own")
def fork():
    return torch.jit.script(Forks())
