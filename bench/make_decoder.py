#!/usr/bin/env python3
"""Writes a traced decoder of 32 layers and 424 modules: what `torchtally audit` takes inside the worker is measured on it.

    python3 bench/make_decoder.py /tmp/decoder.pt       # needs PyTorch in Python

Tracing gives every module a class of its own, so that the archive holds 424 classes; dimensions are small. Prints the
counts as PyTorch gives them.
"""
import sys

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(hidden, hidden, bias=False)
        self.k_proj = nn.Linear(hidden, hidden, bias=False)
        self.v_proj = nn.Linear(hidden, hidden, bias=False)
        self.o_proj = nn.Linear(hidden, hidden, bias=False)

    def forward(self, x):
        batch, length, hidden = x.shape
        q, k, v = (projection(x).view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)
                   for projection in (self.q_proj, self.k_proj, self.v_proj))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, hidden))


class Mlp(nn.Module):
    def __init__(self, hidden, intermediate):
        super().__init__()
        self.gate_proj = nn.Linear(hidden, intermediate, bias=False)
        self.up_proj = nn.Linear(hidden, intermediate, bias=False)
        self.down_proj = nn.Linear(intermediate, hidden, bias=False)
        self.act_fn = nn.SiLU()

    def forward(self, x):
        return self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """13 modules: this, attention and its 4, the MLP and its 4, two norms."""

    def __init__(self, hidden, heads, intermediate):
        super().__init__()
        self.self_attn = Attention(hidden, heads)
        self.mlp = Mlp(hidden, intermediate)
        self.input_layernorm = nn.LayerNorm(hidden)
        self.post_attention_layernorm = nn.LayerNorm(hidden)

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """32 layers of 13 modules, and 8: this, two embeddings, two dropouts, the list, the last norm and the head."""

    def __init__(self, vocab=320, hidden=48, heads=4, intermediate=128, layers=32, positions=64):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocab, hidden)
        self.embed_positions = nn.Embedding(positions, hidden)
        self.embed_dropout = nn.Dropout(0.1)
        self.layers = nn.ModuleList(Layer(hidden, heads, intermediate) for _ in range(layers))
        self.final_dropout = nn.Dropout(0.1)
        self.norm = nn.LayerNorm(hidden)
        self.lm_head = nn.Linear(hidden, vocab, bias=False)

    def forward(self, tokens):
        positions = torch.arange(tokens.shape[1])
        x = self.embed_dropout(self.embed_tokens(tokens) + self.embed_positions(positions))
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm(self.final_dropout(x)))


def main():
    if len(sys.argv) != 2:
        sys.exit("Usage: make_decoder.py FILE")
    torch.manual_seed(0)
    model = Decoder().eval()
    with torch.no_grad():
        traced = torch.jit.trace(model, torch.arange(8).reshape(1, 8))
    traced.save(sys.argv[1])
    loaded = torch.jit.load(sys.argv[1])
    modules = len(list(loaded.modules()))
    parameters = sum(parameter.numel() for parameter in loaded.parameters())
    if modules != 424:
        sys.exit(f"{modules} modules, 424 expected")
    print(f"{sys.argv[1]}: {parameters:,} parameters in {len(list(loaded.parameters()))} tensors, {modules} modules, "
          f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
