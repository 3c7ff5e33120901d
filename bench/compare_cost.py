"""What a comparison costs beside an audit, whole process, on one decoder of about 1,000 tensors.

    python bench/compare_cost.py build/bin/torchtally [runs]

Writes its models to a temporary folder (needs torch): traced, the same frozen, and one that a configuration contradicts in many
fields. Runs the commands in turn, so that the machine's mood meets all alike, and prints medians of the time that passed and of
the CPU time of both processes, which other work on the machine disturbs less, with the differences scaled to 1,000 tensors.
bench/compare-results.md keeps what a run gave.
"""

import json
import pathlib
import resource
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


# Fields that differ from the model's: what is searched for an explanation.
WRONG = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 97, "n_positions": 19, "n_embd": 24, "n_layer": 62,
         "n_head": 1, "n_inner": 70}


def milliseconds(command) -> tuple:
    """Time that passed, and CPU time of the command and all that it waited for."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return passed * 1000, cpu * 1000


def main():
    program, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 15
    model = Decoder(62).eval()
    tensors = sum(1 for _ in model.parameters())
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        folder = pathlib.Path(folder)
        traced = torch.jit.trace(model, torch.arange(5).unsqueeze(0), check_trace=False)
        torch.jit.save(traced, folder / "traced.pt")
        torch.jit.save(torch.jit.freeze(traced), folder / "frozen.pt")
        (folder / "wrong.json").write_text(json.dumps(WRONG))
        # With a filter, which everything passes, an audit does not recognise anything: its time holds nothing of a comparison's.
        audit, compare = [program, "audit", "--filter", "."], [program, "compare"]
        commands = {}
        for name in ("traced", "frozen"):
            path = str(folder / f"{name}.pt")
            commands["audit", name], commands["compare", name] = audit + [path], compare + [path]
        commands["compare", "contradicted"] = compare + [str(folder / "traced.pt"), "--config", str(folder / "wrong.json")]
        times = {key: [] for key in commands}
        for _ in range(runs):
            for key, command in commands.items():
                times[key].append(milliseconds(command))
    median = {key: [statistics.median(column) for column in zip(*values)] for key, values in times.items()}
    print(f"{tensors} tensors, medians of {runs} rounds; goal: at most +20 ms for 1,000 tensors\n")
    print("| model | audit, ms (CPU) | compare, ms (CPU) | more for 1,000 tensors, ms (CPU) |\n|---|---:|---:|---:|")
    for name in ("traced", "frozen", "contradicted"):
        base, own = median["audit", "frozen" if name == "frozen" else "traced"], median["compare", name]
        more = [(b - a) * 1000 / tensors for a, b in zip(base, own)]
        print(f"| {name} | {base[0]:.1f} ({base[1]:.1f}) | {own[0]:.1f} ({own[1]:.1f}) | {more[0]:+.1f} ({more[1]:+.1f}) |")


if __name__ == "__main__":
    main()
