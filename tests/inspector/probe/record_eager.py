#!/usr/bin/env python3
"""Writes the models of this folder and what PyTorch's Python side measures of them: eager_figures.json.

    python tests/inspector/probe/record_eager.py        # needs torch 2.11.0

Each model runs eagerly, as a plain nn.Module, on the CPU; its memory is what torch.profiler's allocation events sum up to, so nothing of
torchtally takes part. FLOPs are torch.utils.flop_counter's with the math attention (its count of the CPU's flash attention is 0).
The archives are the same modules scripted. Weights are zeros and records are deflated: kilobytes for megabytes.
"""
import io
import json
import pathlib
import zipfile

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.profiler_util import EventList  # noqa: F401  (fails early where the profiler is missing)
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

HERE = pathlib.Path(__file__).resolve().parent


class Mlp(nn.Module):
    """Two linear layers without biases or activation."""

    def __init__(self):
        super().__init__()
        self.up = nn.Linear(256, 1024, bias=False)
        self.down = nn.Linear(1024, 256, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.up(x))


class GptAttention(nn.Module):
    def __init__(self, hidden: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        b, t, h = x.size(0), x.size(1), x.size(2)
        q, k, v = self.qkv(x).split(h, dim=2)
        q = q.view(b, t, self.heads, h // self.heads).transpose(1, 2)
        k = k.view(b, t, self.heads, h // self.heads).transpose(1, 2)
        v = v.view(b, t, self.heads, h // self.heads).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(b, t, h))


class GptBlock(nn.Module):
    def __init__(self, hidden: int, heads: int):
        super().__init__()
        self.ln_1 = nn.LayerNorm(hidden)
        self.attn = GptAttention(hidden, heads)
        self.ln_2 = nn.LayerNorm(hidden)
        self.mlp = nn.Sequential(nn.Linear(hidden, 4 * hidden), nn.GELU(approximate="tanh"), nn.Linear(4 * hidden, hidden))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    """GPT-2's shape: learned positions, LayerNorm with biases, a head tied to the embedding."""

    def __init__(self, vocab=1009, positions=128, hidden=96, heads=4, layers=3):
        super().__init__()
        self.wte = nn.Embedding(vocab, hidden)
        self.wpe = nn.Embedding(positions, hidden)
        self.h = nn.ModuleList([GptBlock(hidden, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(hidden)
        self.lm_head = nn.Linear(hidden, vocab, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.size(1), device=ids.device))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


class RmsNorm(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


class LlamaAttention(nn.Module):
    def __init__(self, hidden: int, heads: int, kv_heads: int):
        super().__init__()
        self.heads, self.kv_heads, self.dim = heads, kv_heads, hidden // heads
        self.q_proj = nn.Linear(hidden, heads * self.dim, bias=False)
        self.k_proj = nn.Linear(hidden, kv_heads * self.dim, bias=False)
        self.v_proj = nn.Linear(hidden, kv_heads * self.dim, bias=False)
        self.o_proj = nn.Linear(heads * self.dim, hidden, bias=False)

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = x.size(3) // 2
        return x * cos + torch.cat([-x[:, :, :, half:], x[:, :, :, :half]], dim=3) * sin

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, t = x.size(0), x.size(1)
        q = self.rotate(self.q_proj(x).view(b, t, self.heads, self.dim).transpose(1, 2), cos, sin)
        k = self.rotate(self.k_proj(x).view(b, t, self.kv_heads, self.dim).transpose(1, 2), cos, sin)
        v = self.v_proj(x).view(b, t, self.kv_heads, self.dim).transpose(1, 2)
        k = k.repeat_interleave(self.heads // self.kv_heads, dim=1)
        v = v.repeat_interleave(self.heads // self.kv_heads, dim=1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, self.heads * self.dim))


class LlamaBlock(nn.Module):
    def __init__(self, hidden: int, heads: int, kv_heads: int, intermediate: int):
        super().__init__()
        self.input_layernorm = RmsNorm(hidden)
        self.self_attn = LlamaAttention(hidden, heads, kv_heads)
        self.post_attention_layernorm = RmsNorm(hidden)
        self.gate_proj = nn.Linear(hidden, intermediate, bias=False)
        self.up_proj = nn.Linear(hidden, intermediate, bias=False)
        self.down_proj = nn.Linear(intermediate, hidden, bias=False)

    def mlp(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """LLaMA's shape: RMSNorm, rotary positions, grouped queries, a gated MLP, no biases."""

    def __init__(self, vocab=997, hidden=96, heads=6, kv_heads=2, intermediate=256, layers=3):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocab, hidden)
        self.layers = nn.ModuleList([LlamaBlock(hidden, heads, kv_heads, intermediate) for _ in range(layers)])
        self.norm = RmsNorm(hidden)
        self.lm_head = nn.Linear(hidden, vocab, bias=False)
        dim = hidden // heads
        self.register_buffer("inv_freq", 1.0 / (10000.0 ** (torch.arange(0, dim, 2).float() / dim)))

    def forward(self, ids: Tensor) -> Tensor:
        angles = torch.outer(torch.arange(ids.size(1), device=ids.device).float(), self.inv_freq)
        angles = torch.cat([angles, angles], dim=1)
        cos, sin = angles.cos(), angles.sin()
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.lm_head(self.norm(x))


class ResidualBlock(nn.Module):
    def __init__(self, channels_in: int, channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class ResNet(nn.Module):
    """ResNet's shape: convolutions, batch norms, a max pool, residual blocks, an average pool."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.blocks = nn.Sequential(ResidualBlock(16, 16, 1), ResidualBlock(16, 32, 2), ResidualBlock(32, 64, 2))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, 100)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))


class Head(nn.Module):
    """An output larger than all weights: what a step keeps of it shows."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(2000, 16)
        self.head = nn.Linear(16, 2000, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.embedding(ids))


MODELS = {
    "mlp": (Mlp, "32x256", lambda: torch.randn(32, 256)),
    "gpt": (Gpt, "4x64:int64:0..1008", lambda: torch.randint(0, 1009, (4, 64))),
    "llama": (Llama, "4x64:int64:0..996", lambda: torch.randint(0, 997, (4, 64))),
    "resnet": (ResNet, "4x3x64x64", lambda: torch.randn(4, 3, 64, 64)),
    "head": (Head, "8x16:int64:0..1999", lambda: torch.randint(0, 2000, (8, 16))),
}


def memory_of(work):
    """(in use after, most in use) above what was before, in bytes of the CPU allocator, and what `work` returned."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        kept = work()
    roots = profile.profiler.kineto_results.experimental_event_tree()
    changes, pending = [], list(roots)
    while pending:
        event = pending.pop()
        pending.extend(event.children)
        if event.typed[0] == torch._C._profiler._EventType.Allocation:
            changes.append((event.start_time_ns, event.id, event.typed[1].alloc_size))
    now = peak = 0
    for _, _, change in sorted(changes):
        now += change
        peak = max(peak, now)
    return now, peak, kept


def figures_of(model, x):
    figures = {}
    model.eval()
    with torch.no_grad():
        figures["evaluation forward"], _ = phase(lambda: model(x))
    model.train()
    figures["training forward"], output = phase(lambda: model(x))
    held = [output]
    del output

    def loss_work():
        loss = held[0].float().mean()
        held.clear()
        return loss
    figures["loss"], loss = phase(loss_work)
    figures["backward"], _ = phase(loss.backward)
    del loss
    adam = torch.optim.Adam(list({id(p): p for p in model.parameters()}.values()), lr=1e-3, foreach=False)
    figures["optimizer first step"], _ = phase(lambda: (adam.step(), None)[1])
    adam.step()

    def forward_and_backward():  # as documentation writes it: nothing holds the output when backward runs
        adam.zero_grad(set_to_none=True)
        loss = model(x).float().mean()
        loss.backward()
    figures["steady forward and backward"], _ = phase(forward_and_backward)
    return figures


def phase(work):
    retained, peak, kept = memory_of(work)
    return {"retained_bytes": retained, "peak_above_start_bytes": peak}, kept


def flops_of(model, x):
    model.train()
    with sdpa_kernel(SDPBackend.MATH):
        with FlopCounterMode(display=False) as forward:
            loss = model(x).float().mean()
        with FlopCounterMode(display=False) as backward:
            loss.backward()
    model.zero_grad(set_to_none=True)
    return forward.get_total_flops(), backward.get_total_flops()


def save(model, path):
    """torch.jit.save, without debug files, every other record deflated."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(model), buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for record in source.infolist():
            if record.filename.endswith(".debug_pkl"):
                continue
            name = path.stem + record.filename[record.filename.index("/"):]
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(record))


def main():
    torch.manual_seed(0)
    figures = {}
    for name, (make, spec, make_input) in MODELS.items():
        model = make()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        save(model, HERE / f"{name}.pt")
        x = make_input()
        parameters = sum(p.numel() * p.element_size() for p in {id(p): p for p in model.parameters()}.values())
        forward_flops, backward_flops = flops_of(model, x)
        phases = figures_of(model, x)
        assert phases == figures_of(make(), x), name
        figures[name] = {"input": spec, "parameter_bytes": parameters, "forward_flops": forward_flops,
                         "backward_flops": backward_flops, "phases": phases}
    text = json.dumps({"torch": torch.__version__.split("+")[0], "models": figures}, indent=1)
    (HERE / "eager_figures.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
