"""What a comparison costs beside an audit, whole process, on one decoder of about 1,000 tensors.

    python bench/compare_cost.py build/bin/torchtally [runs]

Writes its model to a temporary folder (needs torch). Runs both commands in turn, so that the machine's mood meets both alike,
and prints medians in milliseconds and their difference, scaled to 1,000 tensors.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.n1(x)
        x = x + self.o(torch.softmax(self.q(y) @ self.k(y).transpose(-2, -1), -1) @ self.v(y))
        return x + self.down(torch.relu(self.up(self.n2(x))))


class Decoder(nn.Module):
    def __init__(self, layers: int):
        super().__init__()
        self.tokens = nn.Embedding(101, 24)
        self.layers = nn.ModuleList(Block(24) for _ in range(layers))
        self.norm = nn.LayerNorm(24)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.tokens(ids)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x) @ self.tokens.weight.t()


def milliseconds(command) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def main():
    program, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 15
    layers = 62
    model = Decoder(layers)
    tensors = sum(1 for _ in model.parameters())
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "decoder.pt")
        torch.jit.save(torch.jit.trace(model, torch.arange(5).unsqueeze(0), check_trace=False), path)
        # As JSON an audit does not say what it recognised, so that its time holds nothing of a comparison's.
        commands = {"audit": [program, "audit", path, "-f", "json"], "compare": [program, "compare", path]}
        times = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(milliseconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    more = medians["compare"] - medians["audit"]
    print(f"{tensors} tensors, {runs} runs: audit {medians['audit']:.1f} ms, compare {medians['compare']:.1f} ms, "
          f"difference {more:+.1f} ms, for 1,000 tensors {more * 1000 / tensors:+.1f} ms (goal: at most +20)")


if __name__ == "__main__":
    main()
