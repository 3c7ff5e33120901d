"""Exports whose weights are no plain parameters, and what PyTorch counted of the models that they were made of.

    python make_hidden.py archives        writes *.pt, *.ptl and counts.json (all committed); PyTorch 2.11

Per archive the counts hold `elements` and `tensors` of the parameters of the float model, and what else the test needs, each from PyTorch:
`buffers` of the loaded file, `kept` parameters, `bytes` of a text, `weights` that the packed integers were made of.
"""

import base64
import io
import json
import pathlib
import sys
import warnings
from collections import OrderedDict
from typing import List

import torch
from torch import Tensor, nn
from torch.ao import quantization as q
from torch.utils import mkldnn
from torch.utils.mobile_optimizer import optimize_for_mobile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "sample_models"))
from repack import records_of, write_archive  # noqa: E402

warnings.simplefilter("ignore")
torch.backends.quantized.engine = "fbgemm"
FOLDER = pathlib.Path(sys.argv[1])
COUNTS = {}


def write(name: str, data: bytes, deflated: bool = True, **counts):
    """Without debug files and deflated, as small_archive.py does; optimized files cannot be loaded again, so none is tried."""
    records = [r.replace(deflated=deflated) for r in records_of(data) if not r.name.endswith(".debug_pkl")]
    (FOLDER / name).write_bytes(write_archive(records))
    COUNTS[name] = counts


def save(name: str, exported, **counts):
    buffer = io.BytesIO()
    torch.jit.save(exported, buffer)
    write(name, buffer.getvalue(), **counts)
    return buffer.getvalue()


def of(model) -> dict:
    parameters = list(model.parameters())
    return {"elements": sum(p.numel() for p in parameters), "tensors": len(parameters)}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.plain, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3, bias=False), nn.Linear(4, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.plain(torch.relu(self.conv(x))))
        return self.head(x.mean((2, 3)))


class Zoo(nn.Module):
    """Every module that torch.utils.mkldnn has."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.Conv1d(2, 3, 3), nn.Conv2d(4, 6, 3, groups=2, padding=1), nn.Conv3d(2, 5, 2)
        self.norm, self.line = nn.BatchNorm2d(6), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x


class Kept(nn.Module):
    def __init__(self):
        super().__init__()
        self.line, self.scale = nn.Linear(4, 3), nn.Parameter(torch.rand(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.line(x) * self.scale


class Quantized(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant, self.dequant = q.QuantStub(), q.DeQuantStub()
        self.conv, self.grouped, self.line = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, groups=2), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.grouped(self.conv(self.quant(x)))
        return self.dequant(self.line(x.mean([2, 3])))


class Engine(nn.Module):
    """As exporters hold a serialized engine: text, bytes."""

    text: str

    def __init__(self):
        super().__init__()
        self.text = base64.b64encode(b"ptrt" + bytes(4200)).decode()
        self.blob = nn.Buffer(torch.frombuffer(bytearray(b"ftrt" + bytes(4200)), dtype=torch.uint8).clone())

    def forward(self, x: Tensor) -> Tensor:
        return x + float(ord(self.text[x.size(0)])) + self.blob[0]  # nothing that freezing computes


class Numbers(nn.Module):
    numbers: List[float]

    def __init__(self):
        super().__init__()
        self.numbers = [float(i % 7) for i in range(2000)]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.numbers[x.size(0)]


class Text(nn.Module):
    """A short text and a short list: nothing worth a word."""

    words: str
    numbers: List[float]

    def __init__(self):
        super().__init__()
        self.words, self.numbers = "a" * 4095, [0.5] * 1023

    def forward(self, x: Tensor) -> Tensor:
        return x + float(len(self.words)) + float(len(self.numbers))


class Devices(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.arange(x.shape[1], device=x.device, dtype=torch.float16) + torch.zeros(3, dtype=torch.bfloat16)


class Keys(nn.Module):
    """Names that look like places in a container."""

    def __init__(self):
        super().__init__()
        self.d = nn.ModuleDict({"[0]": nn.Linear(2, 3), "a b": nn.Linear(3, 2)})

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.d.values():
            x = layer(x)
        return x


# Layouts of packed weights, written after their public sources: AutoGPTQ's qlinear_cuda.py, AutoAWQ's gemm.py, gpt-fast's quantize.py,
# bitsandbytes' functional.quantize_4bit. Those of PyTorch's own int4 products are made by its own operators.
class Packed(nn.Module):
    def __init__(self, **buffers):
        super().__init__()
        for name, value in buffers.items():
            self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        return x


def i32(*shape):
    return torch.zeros(shape, dtype=torch.int32)


def packed_layers():
    """(name, layer, weights): `weights` is numel() of the float weight that the layer stands for."""
    for bits in (2, 3, 4, 8):
        ins, out, group = 64, 96, 32
        yield f"gptq{bits}", Packed(qweight=i32(ins // 32 * bits, out), qzeros=i32(ins // group, out // 32 * bits),
                                    scales=torch.ones(ins // group, out, dtype=torch.float16),
                                    g_idx=torch.tensor([i // group for i in range(ins)], dtype=torch.int32)), nn.Linear(ins, out).weight.numel()
    yield "awq", Packed(qweight=i32(64, 40 // 8), qzeros=i32(2, 40 // 8), scales=torch.ones(2, 40, dtype=torch.float16)), nn.Linear(64, 40).weight.numel()
    weight = nn.Linear(64, 32).weight
    codes = torch.randint(0, 16, weight.shape, dtype=torch.int32)
    scales = torch.zeros(64 // 32, 32, 2, dtype=torch.bfloat16)
    yield "int4_cpu", Packed(weight=torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 2), scales_and_zeros=scales), weight.numel()
    tiles = 2  # CUDA's operator on fake tensors gives the shape
    from torch._subclasses.fake_tensor import FakeTensorMode
    with FakeTensorMode():
        shape = torch.ops.aten._convert_weight_to_int4pack(torch.empty(32, 64 // 2, dtype=torch.uint8, device="cuda"), tiles).shape
    yield "int4_tiled", Packed(weight=i32(*shape), scales_and_zeros=scales), weight.numel()
    for n in (640, 2 * 4096):  # quantize_4bit: ((n + 1) // 2, 1), a scale for 64 weights
        yield f"nf4_{n}", Packed(weight=torch.zeros(((n + 1) // 2, 1), dtype=torch.uint8), absmax=torch.ones(-(n // -64))), n
    weight = nn.Linear(12, 5).weight
    yield "int8", Packed(weight=torch.zeros(weight.shape, dtype=torch.int8), scales=torch.ones(5, dtype=torch.bfloat16)), weight.numel()
    # Not one: the scales do not fit.
    yield "none", Packed(weight=torch.zeros(5, 12, dtype=torch.int8), scales=torch.ones(6)), 0
    yield "none_gptq", Packed(qweight=i32(8, 96), qzeros=i32(2, 12), scales=torch.ones(2, 95), g_idx=i32(64)), 0


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    net, x = Net().eval(), torch.rand(1, 3, 12, 12)
    scripted = torch.jit.script(net)
    save("optimized.pt", torch.jit.optimize_for_inference(torch.jit.freeze(scripted)), **of(net))
    save("optimized_traced.pt", torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x))), **of(net))
    line = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2)).eval()
    save("optimized_linear.pt", torch.jit.optimize_for_inference(torch.jit.script(line)), **of(line))
    save("mobile.pt", optimize_for_mobile(scripted), **of(net))
    save("frozen.pt", torch.jit.freeze(scripted), **of(net))

    zoo = Zoo().eval()
    data = save("mkldnn.pt", torch.jit.script(mkldnn.to_mkldnn(zoo)))
    loaded = torch.jit.load(io.BytesIO(data))
    COUNTS["mkldnn.pt"] = {"buffers": {name: b.numel() for name, b in loaded.named_buffers()}}
    data = save("mkldnn_traced.pt", torch.jit.trace(mkldnn.to_mkldnn(net), x))
    COUNTS["mkldnn_traced.pt"] = {"buffers": {name: b.numel() for name, b in torch.jit.load(io.BytesIO(data)).named_buffers()}}

    kept = Kept().eval()
    save("frozen_kept.pt", torch.jit.freeze(torch.jit.script(kept), preserved_attrs=["scale"]), kept=kept.scale.numel(), **of(kept))
    matrix = torch.rand(4, 4)
    save("traced_function.pt", torch.jit.trace(lambda x: torch.relu(x @ matrix), torch.rand(2, 4)), elements=0, tensors=0)

    quantized = Quantized().eval()
    counts = of(quantized)
    quantized.qconfig = q.get_default_qconfig("fbgemm")
    q.prepare(quantized, inplace=True)
    quantized(torch.rand(1, 3, 9, 9))
    q.convert(quantized, inplace=True)
    frozen = torch.jit.freeze(torch.jit.script(quantized))
    save("frozen_quantized.pt", frozen, **counts)
    mobile = FOLDER / "quantized.ptl"
    frozen._save_for_lite_interpreter(str(mobile))
    write("quantized.ptl", mobile.read_bytes(), **counts)

    engine = Engine().eval()
    sizes = {"text": len(engine.text), "blob": engine.blob.numel()}
    save("engine.pt", torch.jit.script(engine), deflated=False, **sizes)
    save("engine_frozen.pt", torch.jit.freeze(torch.jit.script(engine)), **sizes)
    save("numbers.pt", torch.jit.script(Numbers()), numbers=len(Numbers().numbers))
    save("numbers_frozen.pt", torch.jit.freeze(torch.jit.script(Numbers().eval())), numbers=len(Numbers().numbers))
    save("text.pt", torch.jit.script(Text()))
    save("devices.pt", torch.jit.trace(Devices(), torch.rand(2, 3)))
    keys = Keys()
    save("keys.pt", torch.jit.script(keys), parameters={n: p.numel() for n, p in keys.named_parameters()}, modules=[n for n, _ in keys.named_modules()])

    layers = list(packed_layers())
    model = nn.Sequential(OrderedDict((name, layer) for name, layer, _ in layers))
    save("packed_layouts.pt", torch.jit.script(model), weights={name: number for name, _, number in layers})
    (FOLDER / "counts.json").write_text(json.dumps(COUNTS, indent=1) + "\n")


main()
