"""Quantized modules: their weights are packed objects, not parameters."""

import warnings

import torch
from torch import Tensor, nn
from torch.ao import quantization

from . import recipe

warnings.filterwarnings("ignore", module="torch.ao")


class DynamicNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(19, 12)
        self.lstm = nn.LSTM(12, 10, batch_first=True)
        self.fc1 = nn.Linear(10, 14)
        self.fc2 = nn.Linear(14, 3, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.lstm(self.embed(ids))[0]
        return self.fc2(torch.relu(self.fc1(x)))


def unpack_linear(packed) -> list:
    return [t for t in torch.ops.quantized.linear_unpack(packed) if t is not None]


def unpack_dynamic(model) -> dict:
    found = {}
    for name, module in model.named_modules():
        if name.endswith("_packed_params"):
            found[name] = unpack_linear(module._packed_params)
        elif hasattr(module, "param"):  # a cell of the LSTM
            # CellParamsBase's state nests the packed linears: (type, tensors, doubles, longs, packed)
            state, _ = module.param.__getstate__()
            found[name] = list(state[1]) + [t for packed in state[4] for t in unpack_linear(packed)]
    return found


@recipe("quantized_dynamic", "torch.ao.quantization.quantize_dynamic, torch.jit.script",
        "dynamic int8 Linear and LSTM beside a float embedding", unpack=unpack_dynamic)
def quantized_dynamic():
    torch.backends.quantized.engine = "fbgemm"
    model = quantization.quantize_dynamic(DynamicNet().eval(), {nn.Linear, nn.LSTM}, dtype=torch.qint8)
    return torch.jit.script(model)


class StaticNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant = quantization.QuantStub()
        self.conv = nn.Conv2d(3, 6, 3)
        self.bn = nn.BatchNorm2d(6)
        self.relu = nn.ReLU()
        self.depthwise = nn.Conv2d(6, 6, 3, groups=6, bias=False)
        self.fc = nn.Linear(6, 4)
        self.dequant = quantization.DeQuantStub()

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise(self.relu(self.bn(self.conv(self.quant(x)))))
        return self.dequant(self.fc(x.mean(dim=[2, 3])))


def unpack_static(model) -> dict:
    found = {}
    for name, module in model.named_modules():
        if module._c.hasattr("_packed_params") and not name.endswith("_packed_params"):
            packed = module._c.getattr("_packed_params")
            if not isinstance(packed, torch._C.ScriptObject) or not packed._has_method("unpack"):
                continue
            if "Conv" in str(packed._type()):
                found[name] = [t for t in torch.ops.quantized.conv2d_unpack(packed) if t is not None]
        if name.endswith("_packed_params"):
            found[name] = unpack_linear(module._packed_params)
    return found


def static(weight_observer):
    torch.backends.quantized.engine = "fbgemm"
    model = StaticNet().eval()
    model = quantization.fuse_modules(model, [["conv", "bn", "relu"]])
    model.qconfig = quantization.QConfig(activation=quantization.MinMaxObserver.with_args(reduce_range=True),
                                         weight=weight_observer)
    quantization.prepare(model, inplace=True)
    model(torch.randn(2, 3, 9, 9))
    quantization.convert(model, inplace=True)
    return torch.jit.script(model)


@recipe("quantized_static", "torch.ao.quantization prepare and convert, torch.jit.script",
        "static int8, one scale a weight; batch norm folded", unpack=unpack_static)
def quantized_static():
    return static(quantization.MinMaxObserver.with_args(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric))


@recipe("quantized_per_channel", "torch.ao.quantization prepare and convert, torch.jit.script",
        "static int8, one scale a channel; batch norm folded", unpack=unpack_static)
def quantized_per_channel():
    return static(quantization.default_per_channel_weight_observer)


class Tables(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.EmbeddingBag(21, 16, mode="sum", include_last_offset=True)
        self.bytes = nn.EmbeddingBag(25, 8, mode="sum", include_last_offset=True)
        self.head = nn.Linear(24, 2)

    def forward(self, ids: Tensor, offsets: Tensor) -> Tensor:
        return self.head(torch.cat([self.words(ids, offsets), self.bytes(ids, offsets)], dim=1))


def unpack_embeddings(model) -> dict:
    return {
        name: [torch.ops.quantized.embedding_bag_unpack(module._packed_weight)]
        for name, module in model.named_modules()
        if name.endswith("_packed_params")
    }


@recipe("quantized_4bit", "torch.ao.quantization prepare and convert, torch.jit.script",
        "an embedding bag of 4 bits an element (quint4x2) and one of 8", unpack=unpack_embeddings)
def quantized_4bit():
    model = Tables().eval()
    model.words.qconfig = quantization.float_qparams_weight_only_qconfig_4bit
    model.bytes.qconfig = quantization.float_qparams_weight_only_qconfig
    quantization.prepare(model, inplace=True)
    quantization.convert(model, inplace=True)
    return torch.jit.script(model)


class QuantizedBuffers(nn.Module):
    """Quantized tensors that nothing packs: plain buffers of a quantized type."""

    def __init__(self):
        super().__init__()
        weight = torch.randn(6, 5)
        self.register_buffer("per_tensor", torch.quantize_per_tensor(weight, 0.05, 3, torch.quint8))
        self.register_buffer("per_channel", torch.quantize_per_channel(
            weight, torch.rand(6, dtype=torch.float64) + 0.1, torch.zeros(6, dtype=torch.int64), 0, torch.qint8))
        self.register_buffer("wide", torch.quantize_per_tensor(weight[:2], 0.01, 0, torch.qint32))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.per_tensor.dequantize().sum()


@recipe("quantized_buffers", "torch.jit.script", "quint8, qint8 per channel and qint32 tensors as plain buffers")
def quantized_buffers():
    return torch.jit.script(QuantizedBuffers())
