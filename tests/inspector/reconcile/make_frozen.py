"""Frozen exports (torch.jit.freeze: parameters become constants of the code, without names or modules), and what PyTorch counted before.

    python make_frozen.py archives           writes frozen/NAME.pt and frozen/counts.json (committed)

`parameters` is what the float model has, `used` the same without what the exported output does not need (found by PyTorch itself: the
parameters that get a gradient from the sum of the output). Every tensor is filled with a value of its own, so that freezing, which merges
constants that are equal, merges nothing; `gpt2_fresh` keeps what GPT-2 is initialised with, and merges. `distinct` counts its parameters with
equal tensors once.
"""

import json
import pathlib
import sys

import torch
import transformers as T
from torch import nn

from known_models import COMMON, IDS, First
from own_models import LlamaStyle, OwnGpt
from small_archive import save

T.logging.set_verbosity_error()


class Pooled(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        return self.model(ids).pooler_output


def distinct_fill(model: nn.Module):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(torch.arange(p.numel()).reshape(p.shape).remainder(7) * 0.01 + 0.001 * (i + 1))


def distinct(model: nn.Module) -> int:
    """Parameters, equal tensors once, as freezing merges them: by type, shape and value."""
    kept = []
    for p in model.parameters():
        if not any(q.shape == p.shape and torch.equal(p, q) for q in kept):
            kept.append(p)
    return sum(p.numel() for p in kept)


def used(module: nn.Module, inputs) -> int:
    for p in module.parameters():
        p.grad = None
    module(*inputs).float().sum().backward()
    count = sum(p.numel() for p in module.parameters() if p.grad is not None)
    for p in module.parameters():
        p.grad = None
    return count


BERT = dict(vocab_size=97, hidden_size=20, num_hidden_layers=2, num_attention_heads=4, intermediate_size=44, max_position_embeddings=31)
GPT2 = dict(vocab_size=103, n_embd=24, n_layer=3, n_head=4, n_positions=29, n_inner=52)
LLAMA = dict(vocab_size=107, hidden_size=28, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
             intermediate_size=60, max_position_embeddings=33, tie_word_embeddings=False)
VIT = dict(hidden_size=20, num_hidden_layers=2, num_attention_heads=4, intermediate_size=46, image_size=12, patch_size=4, num_channels=3)


def hf(config, cls, **sizes):
    return cls(config(**sizes, **COMMON)).eval()


MODELS = {
    "gpt2": lambda: First(hf(T.GPT2Config, T.GPT2LMHeadModel, **GPT2), ("input_ids",)),
    "gpt2_fresh": lambda: First(hf(T.GPT2Config, T.GPT2LMHeadModel, **GPT2), ("input_ids",)),
    "bert_pooled": lambda: Pooled(hf(T.BertConfig, T.BertModel, **BERT)),
    "bert_dropped": lambda: First(hf(T.BertConfig, T.BertModel, **BERT), ("input_ids",)),
    "llama": lambda: First(hf(T.LlamaConfig, T.LlamaForCausalLM, **LLAMA), ("input_ids",)),
    "own_llama": lambda: LlamaStyle(61, 20, 3, 4, 2, 6, 44),
    "own_gpt": lambda: OwnGpt(101, 24, 2, 3, 76, 33, True, True),
}


def main():
    folder = pathlib.Path(sys.argv[1]) / "frozen"
    folder.mkdir(parents=True, exist_ok=True)
    facts = {}
    for name, make in MODELS.items():
        torch.manual_seed(0)
        module = make().eval()
        inputs = (IDS(),)
        if name != "gpt2_fresh":
            distinct_fill(module)
        facts[name] = {"parameters": sum(p.numel() for p in module.parameters()), "used": used(module, inputs)}
        if name == "gpt2_fresh":
            facts[name]["distinct"] = distinct(module)
        with torch.no_grad():
            exported = torch.jit.script(module) if name.startswith("own") else torch.jit.trace(module, inputs, check_trace=False, strict=False)
            save(torch.jit.freeze(exported), folder / f"{name}.pt")
    (folder / "counts.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
