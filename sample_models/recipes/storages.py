"""Tensors that share a storage, or look as if they did."""

import torch
from torch import Tensor, nn

from . import recipe


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(29, 6)
        self.body = nn.Linear(6, 6)
        self.head = nn.Linear(6, 29, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.body(self.embed(ids)))


@recipe("tied_scripted", "torch.jit.script", "one weight under two names")
def tied_scripted():
    return torch.jit.script(Tied())


class SharedModule(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.second = self.first
        self.rest = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3))
        self.again = nn.ModuleList([self.first, self.rest[1]])

    def forward(self, x: Tensor) -> Tensor:
        return self.rest(self.second(self.first(x)))


@recipe("shared_module", "torch.jit.script", "one module under three paths, another under two")
def shared_module():
    return torch.jit.script(SharedModule())


class Views(nn.Module):
    """Three parameters that tile one storage: 300 elements, not 100."""

    def __init__(self):
        super().__init__()
        flat = torch.randn(300)
        self.a = nn.Parameter(flat[:100])
        self.b = nn.Parameter(flat[100:200].view(10, 10))
        self.c = nn.Parameter(flat[200:].view(4, 25).t())

    def forward(self, x: Tensor) -> Tensor:
        return x + self.a.sum() + self.b.sum() + self.c.sum()


@recipe("views", "torch.jit.script", "three views that tile one storage")
def views():
    return torch.jit.script(Views())


class OverlappingViews(nn.Module):
    """The same bytes with other strides or sizes are other tensors; the exact same view is an alias."""

    def __init__(self):
        super().__init__()
        base = torch.randn(6, 4)
        self.whole = nn.Parameter(base)
        self.transposed = nn.Parameter(base.t())
        self.row = nn.Parameter(base[2])
        self.again = nn.Parameter(base[:])
        self.register_buffer("as_buffer", base)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.whole.sum() + self.row.sum() + self.transposed.sum() + self.again.sum()


@recipe("overlapping_views", "torch.jit.script",
        "the same storage whole, transposed, one row of it, and as a buffer under another name")
def overlapping_views():
    return torch.jit.script(OverlappingViews())


class SmallView(nn.Module):
    def __init__(self):
        super().__init__()
        self.kept = nn.Parameter(torch.randn(20_000)[17:30])
        self.linear = nn.Linear(13, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x + self.kept)


@recipe("small_view", "torch.jit.script", "a view of 13 elements that keeps a storage of 80,000 bytes")
def small_view():
    return torch.jit.script(SmallView())


class Twins(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(24, 16)
        self.decoder = nn.Linear(24, 16)
        self.decoder.load_state_dict(self.encoder.state_dict())
        self.other = nn.Linear(24, 16)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x) + self.decoder(x) + self.other(x)


@recipe("unshared_twins", "torch.jit.script", "storages with the same bytes that are not shared")
def unshared_twins():
    return torch.jit.script(Twins())
