#!/usr/bin/env python3
"""Writes the small archives that virtual runs refuse, or that name a device: virtual_models/*.pt.

    python tests/inspector/probe/make_virtual_models.py        # needs torch 2.11.0
"""
import torch
from torch import Tensor, nn

from record_eager import HERE, save


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


class Outer(nn.Module):
    def __init__(self, inner: nn.Module):
        super().__init__()
        self.encoder = nn.ModuleDict({"inner": inner})

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder["inner"](x)


MODELS = {"nonzero": Nonzero, "item": Item, "branch": Branch, "unique_consecutive": Unique, "masked_select": MaskedSelect,
          "geqrf": NoKernel, "on_cuda": OnCuda}


def main():
    folder = HERE / "virtual_models"
    folder.mkdir(exist_ok=True)
    for name, make in MODELS.items():
        model = Outer(make())
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        save(model, folder / f"{name}.pt")


if __name__ == "__main__":
    main()
