#!/usr/bin/env python3
"""Writes the small archives of tests/inspector/probe/inputs: models whose inputs are to be inferred, given, or refused.

    python tests/inspector/probe/make_input_models.py        # needs torch 2.11.0

Weights are zeros and records are deflated, so that each is a few kilobytes. What the tests expect of them are the sizes in this file.
"""
import io
import pathlib
import warnings
import zipfile
from typing import Dict, List, Optional, Tuple

import torch
import torch.utils.bundled_inputs
from torch import Tensor, nn

HERE = pathlib.Path(__file__).resolve().parent / "inputs"

# Operators of test_operators.cpp: only their schemas are needed to script a call.
LIBRARY = torch.library.Library("torchtally_test", "DEF")
OPERATORS = ("twice", "abort", "segfault", "kill", "hang", "quit", "write_file", "start_process", "open_socket", "signal_parent")
for operator in OPERATORS:
    LIBRARY.define(f"{operator}(Tensor x) -> Tensor")


class TokenModel(nn.Module):
    """Token ids, positions from arange, as nanoGPT has them: 37 tokens, 24 positions."""

    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(37, 8)
        self.wpe = nn.Embedding(24, 8)
        self.head = nn.Linear(8, 37, bias=False)

    def forward(self, idx: Tensor) -> Tensor:
        b, t = idx.size()
        pos = torch.arange(0, t, dtype=torch.long, device=idx.device)
        return self.head(self.wte(idx) + self.wpe(pos))


class MaskedModel(nn.Module):
    """Token ids and an attention mask, as BERT has them, positions from a buffer of 40."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(31, 8)
        self.types = nn.Embedding(2, 8)
        self.places = nn.Embedding(40, 8)
        self.register_buffer("position_ids", torch.arange(40).expand((1, -1)))
        self.query = nn.Linear(8, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        length = input_ids.size()[1]
        x = self.words(input_ids) + self.types(token_type_ids) + self.places(self.position_ids[:, :length])
        bias = (1.0 - attention_mask[:, None, :].to(x.dtype)) * -10000.0
        scores = torch.matmul(self.query(x), x.transpose(1, 2)) + bias
        return self.out(torch.matmul(scores.softmax(-1), x))


class ImageModel(nn.Module):
    """A normalised image, then a convolution in two groups: 6 channels."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.full((1, 6, 1, 1), 0.5))
        self.conv = nn.Conv2d(6, 4, 3, stride=8, groups=2)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = (x - self.mean) / 0.25
        return self.fc(torch.relu(self.norm(self.conv(x))).mean(dim=[2, 3]))


class SizedImageModel(nn.Module):
    """Refuses images that are not 32 high and 48 wide."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 16, stride=16)

    def forward(self, pixel_values: Tensor) -> Tensor:
        if pixel_values.size(2) != 32:
            raise ValueError("the height must be 32")
        assert pixel_values.size(3) == 48, "the width must be 48"
        return self.patches(pixel_values).flatten(2).transpose(1, 2)


class SequenceModel(nn.Module):
    """A block of a transformer: batch, sequence, 12 features, though its first layer only says 12."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.qkv = nn.Linear(12, 36)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        b, t, c = y.shape
        return self.qkv(y).view(b, t, 3, c)


class SpeechModel(nn.Module):
    """Batch, time, 10 features; transposed before a convolution over time."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(10, 6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.transpose(1, 2))


class GreyModel(nn.Module):
    """Batch, height, width: a channel is put in before the convolution."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, stride=8)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.unsqueeze(1))


class FlatModel(nn.Module):
    """Images of 7x7 in half precision, flattened before the first layer."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(49, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x.flatten(1))


class LoopModel(nn.Module):
    """The first layer is called by a loop and a function of the module."""

    def __init__(self):
        super().__init__()
        self.cells = nn.ModuleList([nn.Linear(9, 9) for _ in range(2)])
        self.steps = 2

    def through(self, x: Tensor) -> Tensor:
        for _ in range(self.steps):
            for cell in self.cells:
                x = torch.tanh(cell(x))
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.through(x)


class AttendingModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x)


class RecurrentModel(nn.Module):
    def __init__(self, rnn: nn.Module):
        super().__init__()
        self.rnn = rnn

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class UntoldModel(nn.Module):
    """Nothing says what `x` is."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 + x.sum()


class ArgumentsModel(nn.Module):
    """An argument of every type that can be given."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 5)

    def forward(self, x: Tensor, n: int, scale: float, flag: bool, mode: str, extra: List[Tensor], named: Dict[str, Tensor],
                pair: Tuple[Tensor, Tensor], sizes: List[int], maybe: Optional[Tensor] = None, late: int = 4) -> Tensor:
        y = self.fc(x) * scale + n
        for e in extra:
            y = y + e.sum()
        y = y + named["bias"] + pair[0].sum() - pair[1].sum() + len(sizes) + sizes[0]
        if flag and mode == "double" and late == 4:
            y = y * 2
        if maybe is not None:
            y = y + maybe
        return y


class DefaultsModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 5)

    def forward(self, x: Tensor, scale: float = 0.5, mask: Optional[Tensor] = None, mode: str = "plain") -> Tensor:
        y = self.fc(x) * scale
        if mask is not None:
            y = y * mask
        return y if mode == "plain" else -y


class DeviceModel(nn.Module):
    """Takes an object that no command line can give."""

    def forward(self, x: Tensor, pairs: List[Tuple[str, int]]) -> Tensor:
        return x + len(pairs)


class BundledModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(29, 4)

    def forward(self, ids: Tensor, scale: float = 1.0) -> Tensor:
        # Only the bundled ids pass: drawn ones would not all be 7.
        assert bool((ids == 7).all()), "the ids are not those that were bundled"
        return self.wte(ids) * scale


class WritingModel(nn.Module):
    """Adds to its input in place: a second call with the same tensor would be out of range."""

    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(3, 4)

    def forward(self, ids: Tensor) -> Tensor:
        ids.add_(2)
        return self.wte(ids)


class NoForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self.fc(x)

    @torch.jit.export
    def decode(self, x: Tensor) -> Tensor:
        return self.fc(x)


class NoArguments(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self) -> Tensor:
        return self.fc(torch.ones(2, 3))


class OddOutputs(nn.Module):
    """Whatever an output can be; only `trained` takes a gradient."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tuple[Dict[str, List[Tensor]], Optional[Tensor], int, str, Tuple[float, Tensor]]:
        y = self.fc(x)
        nothing: Optional[Tensor] = None
        return {"trained": [y, torch.zeros(0)], "ids": [y.argmax(-1)]}, nothing, 3, "text", (0.5, y > 0)


class OnlyNumber(nn.Module):
    """No output takes a gradient."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tuple[int, Tensor]:
        return x.size(0), self.fc(x).argmax(-1)


class NoOutput(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> None:
        self.fc(x)


class NoParameters(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class Raises(nn.Module):
    """Raises its own exception from a module within a module."""

    class Inner(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if x.size(0) != 77:
                raise RuntimeError("the inner module wants 77 rows,\nnot any other number")
            return x

    def __init__(self):
        super().__init__()
        self.inner = Raises.Inner()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Limited(nn.Module):
    """For limits of memory: each phase needs more than those before it."""

    def __init__(self):
        super().__init__()
        self.up = nn.Linear(16, 64, bias=False)
        self.down = nn.Linear(64, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(torch.tanh(torch.tanh(torch.tanh(self.up(x)))))


def calls(operator: str) -> nn.Module:
    """A model that calls an operator of test_operators.cpp, which may end the process for batches of more than two."""

    class Calls(nn.Module):
        def __init__(self):
            super().__init__()
            self.before = nn.Linear(6, 6, bias=False)
            self.after = nn.Linear(6, 2, bias=False)

    source = f"def forward(self, x: Tensor) -> Tensor:\n    return self.after(torch.ops.torchtally_test.{operator}(self.before(x)))\n"
    module = torch.jit.script(Calls())
    module.define(source)
    return module


class Deed(nn.Module):
    """What PyTorch's own operators can do to files, for batches of more than two."""

    def __init__(self):
        super().__init__()
        self.before = nn.Linear(6, 6, bias=False)
        self.after = nn.Linear(6, 2, bias=False)


class SavesModel(Deed):
    def forward(self, x: Tensor) -> Tensor:
        if x.size(0) > 2:
            torch.save(x, "torchtally_victim.txt")
        return self.after(self.before(x))


class MapsFileModel(Deed):
    def forward(self, x: Tensor) -> Tensor:
        y = self.after(self.before(x))
        if x.size(0) > 2:
            y = y + torch.from_file("torchtally_victim.txt", True, 4).fill_(1.0).sum()
        return y


def scripted(model: nn.Module) -> torch.jit.ScriptModule:
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_floating_point():
            tensor.data.zero_()
    return torch.jit.script(model)


def bundled() -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.utils.bundled_inputs.bundle_inputs(
            scripted(BundledModel()), [(torch.full((2, 5), 7), 2.5), (torch.full((1, 3), 7), 1.0)])


MODELS = {
    "tokens": lambda: scripted(TokenModel()),
    "masked": lambda: scripted(MaskedModel()),
    "image": lambda: scripted(ImageModel()),
    "sized_image": lambda: scripted(SizedImageModel()),
    "sequence": lambda: scripted(SequenceModel()),
    "speech": lambda: scripted(SpeechModel()),
    "grey": lambda: scripted(GreyModel()),
    "flat": lambda: scripted(FlatModel().bfloat16()),
    "loop": lambda: scripted(LoopModel()),
    "lstm": lambda: scripted(RecurrentModel(nn.LSTM(11, 3, batch_first=True))),
    "gru": lambda: scripted(RecurrentModel(nn.GRU(11, 3))),
    "conv3d": lambda: scripted(nn.Conv3d(2, 3, 5, stride=4)),
    "transposed": lambda: scripted(nn.ConvTranspose1d(4, 3, 5, stride=2)),
    "attending": lambda: scripted(AttendingModel()),
    "bag": lambda: scripted(nn.EmbeddingBag(17, 3)),
    "norm": lambda: scripted(nn.BatchNorm2d(5)),
    "untold": lambda: scripted(UntoldModel()),
    "arguments": lambda: scripted(ArgumentsModel()),
    "defaults": lambda: scripted(DefaultsModel()),
    "pairs": lambda: scripted(DeviceModel()),
    "bundled": bundled,
    "writing": lambda: scripted(WritingModel()),
    "no_forward": lambda: scripted(NoForward()),
    "no_arguments": lambda: scripted(NoArguments()),
    "odd_outputs": lambda: scripted(OddOutputs()),
    "only_number": lambda: scripted(OnlyNumber()),
    "no_output": lambda: scripted(NoOutput()),
    "no_parameters": lambda: scripted(NoParameters()),
    "raises": lambda: scripted(Raises()),
    "limits": lambda: scripted(Limited()),
    **{f"calls_{op}": (lambda op=op: calls(op)) for op in OPERATORS},
    "saves": lambda: scripted(SavesModel()),
    "maps_file": lambda: scripted(MapsFileModel()),
}


def save(name: str, model: torch.jit.ScriptModule):
    buffer = io.BytesIO()
    torch.jit.save(model, buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(HERE / f"{name}.pt", "w", zipfile.ZIP_DEFLATED) as target:
        for record in source.infolist():
            if not record.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(record.filename), source.read(record), zipfile.ZIP_DEFLATED)


def main():
    HERE.mkdir(exist_ok=True)
    torch.manual_seed(0)
    for name, build in MODELS.items():
        save(name, build())


if __name__ == "__main__":
    main()
