#!/usr/bin/env python3
"""Makes those files of other kinds that only PyTorch can write; needs torch 2.11.0.  The results are committed in files/."""

import pathlib
import zipfile

import torch
from torch import nn

FILES = pathlib.Path(__file__).resolve().parent / "files"


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        return torch.relu(self.linear(x))


def main():
    torch.manual_seed(20)
    model = Small().eval()
    torch.save(model.state_dict(), FILES / "state_dict.pt")
    torch.save(nn.Linear(3, 2), FILES / "pickled_module.pt")
    torch.save(model.state_dict(), FILES / "legacy_save.pt", _use_new_zipfile_serialization=False)
    program = torch.export.export(model, (torch.randn(1, 3),))
    # no stack traces: they hold paths of the machine
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
        node.meta.pop("nn_module_stack", None)
        node.meta.pop("source_fn_stack", None)
    torch.export.save(program, FILES / "exported.pt2")
    for file in FILES.iterdir():
        data = file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as z:
                data += b"".join(map(z.read, z.namelist()))
        assert str(pathlib.Path.home()).encode() not in data, f"{file.name} holds a path of this machine"
        print(f"{file.name:28} {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
