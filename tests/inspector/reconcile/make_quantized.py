"""Quantized exports, and what PyTorch counted of the float modules that they were made of.

    python make_quantized.py archives        writes quantized_zoo.pt, quantized_dynamic_zoo.pt, quantized_cnn.pt (scripted), quantized_cnn_traced.pt
                                             and quantized_counts.json (all committed)

`modules` of the counts: per path of the quantized module, `sum(p.numel() for p in module.parameters())` of the float module of that path
just before torch.ao.quantization.convert (after fuse_modules, which folds batch norms into biases). `float` is the model as it was written,
before anything was fused: what folding took away is the difference.
"""

import json
import pathlib
import sys
import warnings

import torch
from torch import Tensor, nn
from torch.ao import quantization as q

from small_archive import save

warnings.simplefilter("ignore")
torch.backends.quantized.engine = "fbgemm"


class StaticZoo(nn.Module):
    """Every module that static quantization packs, at sizes that all differ."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(4, 6, 3), nn.Conv2d(4, 8, (3, 5), groups=2)
        self.conv3, self.conv_plain = nn.Conv3d(2, 3, (2, 3, 4)), nn.Conv2d(5, 7, 1, bias=False)
        self.up1, self.up2 = nn.ConvTranspose1d(6, 4, 5), nn.ConvTranspose2d(6, 4, 3, groups=2)
        self.up3 = nn.ConvTranspose3d(3, 2, 2, bias=False)
        self.linear, self.linear_plain = nn.Linear(3, 5), nn.Linear(7, 11, bias=False)
        self.words, self.bag = nn.Embedding(13, 4), nn.EmbeddingBag(17, 3, mode="sum")
        self.nibbles = nn.EmbeddingBag(19, 6, mode="sum")
        self.layer, self.group = nn.LayerNorm(9), nn.GroupNorm(2, 10)
        self.instance1, self.instance2 = nn.InstanceNorm1d(11, affine=True), nn.InstanceNorm2d(12, affine=True)
        self.batch2, self.batch3 = nn.BatchNorm2d(14), nn.BatchNorm3d(15)
        self.slope = nn.PReLU(1)
        self.float_linear = nn.Linear(16, 2)  # stays as it is

    def forward(self, x: Tensor) -> Tensor:
        return x


class DynamicZoo(nn.Module):
    """Every module that dynamic quantization packs."""

    def __init__(self):
        super().__init__()
        self.linear, self.linear_plain = nn.Linear(3, 5), nn.Linear(7, 11, bias=False)
        self.lstm = nn.LSTM(7, 8, num_layers=2, bidirectional=True)
        self.lstm_one = nn.LSTM(4, 9)  # dynamic quantization refuses layers without bias
        self.gru, self.gru_both = nn.GRU(5, 6, num_layers=3), nn.GRU(3, 4, bidirectional=True)
        self.lstm_cell, self.gru_cell, self.rnn_cell = nn.LSTMCell(3, 4), nn.GRUCell(5, 3), nn.RNNCell(2, 7)
        self.lstm_half = nn.LSTM(6, 10)

    def forward(self, x: Tensor) -> Tensor:
        return x


class Cnn(nn.Module):
    """A network with batch norms that fusing folds: of a biased and a bias-free convolution, and one that stays."""

    def __init__(self):
        super().__init__()
        self.quant, self.dequant = q.QuantStub(), q.DeQuantStub()
        self.conv1, self.bn1, self.relu1 = nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU()
        self.conv2, self.bn2 = nn.Conv2d(6, 10, 3, groups=2), nn.BatchNorm2d(10)
        self.fc1, self.relu2, self.fc2 = nn.Linear(10, 14), nn.ReLU(), nn.Linear(14, 5, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(self.quant(x))))))
        return self.dequant(self.fc2(self.relu2(self.fc1(x.mean(dim=[2, 3])))))


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def own_counts(model: nn.Module, names) -> dict:
    return {name: count(model.get_submodule(name)) for name in names}


def random_(model: nn.Module):
    """Nothing equal, nothing zero: what is merged or dropped would show."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.rand_like(p) + 0.1)
        for b in model.buffers():
            if b.is_floating_point():
                b.copy_(torch.rand_like(b) + 0.5)


def static_zoo():
    model = StaticZoo().eval()
    random_(model)
    per_tensor = q.QConfig(activation=q.default_observer, weight=q.default_weight_observer)
    for name, child in model.named_children():
        transposed = name.startswith(("up", "slope"))  # per channel is not had there
        child.qconfig = per_tensor if transposed else q.get_default_qconfig("fbgemm")
    model.words.qconfig = model.bag.qconfig = q.float_qparams_weight_only_qconfig
    model.nibbles.qconfig = q.float_qparams_weight_only_qconfig_4bit
    model.float_linear.qconfig = None
    q.prepare(model, inplace=True)
    counts = own_counts(model, (name for name, _ in model.named_children()))
    before = count(model)
    q.convert(model, inplace=True)
    return torch.jit.script(model), {"modules": counts, "fused": before, "float": before}


def dynamic_zoo():
    model = DynamicZoo().eval()
    random_(model)
    counts = own_counts(model, (name for name, _ in model.named_children()))
    before = count(model)
    kinds = {nn.Linear, nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell}
    half = q.quantize_dynamic(nn.Sequential(model.lstm_half), {nn.LSTM}, dtype=torch.float16)[0]
    model = q.quantize_dynamic(model, kinds, dtype=torch.qint8)
    model.lstm_half = half
    return torch.jit.script(model), {"modules": counts, "fused": before, "float": before}


def cnn():
    model = Cnn().eval()
    random_(model)
    written = count(model)
    q.fuse_modules(model, [["conv1", "bn1", "relu1"], ["conv2", "bn2"], ["fc1", "relu2"]], inplace=True)
    model.qconfig = q.get_default_qconfig("fbgemm")
    q.prepare(model, inplace=True)
    x = torch.rand(2, 3, 9, 9)
    model(x)
    counts = own_counts(model, ("conv1", "conv2", "fc1", "fc2"))
    fused = count(model)
    q.convert(model, inplace=True)
    return model, x, {"modules": counts, "fused": fused, "float": written}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    result = {}
    for name, make in (("quantized_zoo", static_zoo), ("quantized_dynamic_zoo", dynamic_zoo)):
        exported, result[name] = make()
        save(exported, folder / f"{name}.pt")
    model, x, result["quantized_cnn"] = cnn()
    save(torch.jit.script(model), folder / "quantized_cnn.pt")
    result["quantized_cnn_traced"] = result["quantized_cnn"]
    save(torch.jit.trace(model, x, check_trace=False), folder / "quantized_cnn_traced.pt")
    (folder / "quantized_counts.json").write_text(json.dumps(result, indent=1) + "\n")
    print(result)


if __name__ == "__main__":
    main()
