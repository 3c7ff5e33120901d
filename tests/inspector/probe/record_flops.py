#!/usr/bin/env python3
"""Writes what torch.utils.flop_counter counts for sample models: flop_figures.json.

    python tests/inspector/probe/record_flops.py        # needs torch 2.11.0

Each archive is loaded by torch.jit.load and called once in training mode, then backward from the sum of the means of its floating-point outputs, with
the math attention (the counter gives 0 for the CPU's flash attention). Frozen archives have nothing to train: their evaluation forward is counted.
"""
import json
import pathlib

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]

# file: (its --input, whether it trains). The models of record_eager.py are counted there.
MODELS = {
    "sample_models/gpt2.pt": ("1x9:int64", True),
    "sample_models/bert.pt": ("1x9:int64", True),
    "sample_models/llama.pt": ("1x9:int64", True),
    "sample_models/half_decoder.pt": ("2x9:int64", True),
    "sample_models/resnet.pt": ("2x3x32x32:float16", True),
    "sample_models/mobilenet.pt": ("2x3x32x32", True),
    "sample_models/traced_cnn.pt": ("1x3x20x20", True),
    "sample_models/frozen_cnn.pt": ("1x3x20x20", False),
    "sample_models/frozen_folded_cnn.pt": ("1x3x20x20", False),
    "sample_models/frozen_kept_attribute.pt": ("1x3x20x20", False),
    "sample_models/recurrent.pt": ("3x5x6", True),
    "sample_models/repeated_layers.pt": ("2x8:int64", True),
    "sample_models/scripted_mlp.pt": ("2x11", True),
    "sample_models/part_frozen_mlp.pt": ("2x11", True),
    "sample_models/no_debug_files.pt": ("2x11", True),
    "sample_models/repacked.pt": ("2x11", True),
    "sample_models/old_layout.pt": ("2x6:int64", True),
    "sample_models/tied_scripted.pt": ("2x6:int64", True),
    "sample_models/shared_module.pt": ("2x6", True),
    "sample_models/unshared_twins.pt": ("2x24", True),
    "sample_models/fork.pt": ("2x5", True),
    "tests/inspector/reconcile/archives/frozen_bert.pt": ("1x9:int64", False),
}


def make_input(text):
    sizes, _, dtype = text.partition(":")
    sizes = [int(size) for size in sizes.split("x")]
    dtype = getattr(torch, dtype or "float32")
    return torch.zeros(sizes, dtype=dtype) if dtype == torch.int64 else torch.randn(sizes).to(dtype)


def floating(value):
    if isinstance(value, torch.Tensor):
        return [value] if value.is_floating_point() and value.requires_grad else []
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for inner in value for tensor in floating(inner)] if isinstance(value, (list, tuple)) else []


def count(path, text, trains):
    model = torch.jit.load(path)
    x = make_input(text)
    with sdpa_kernel(SDPBackend.MATH):
        if not trains:
            with torch.no_grad(), FlopCounterMode(display=False) as forward:
                model.eval()(x)
            return forward.get_total_flops(), 0
        model.train()
        with FlopCounterMode(display=False) as forward:
            outputs = model(x)
        loss = sum(tensor.float().mean() for tensor in floating(outputs))
        with FlopCounterMode(display=False) as backward:
            loss.backward()
    return forward.get_total_flops(), backward.get_total_flops()


def main():
    torch._C._set_graph_executor_optimize(False)
    figures = {}
    for name, (text, trains) in MODELS.items():
        forward, backward = count(ROOT / name, text, trains)
        figures[name] = {"input": text, "trains": trains, "forward_flops": forward, "backward_flops": backward}
    text = json.dumps({"torch": torch.__version__.split("+")[0], "models": figures}, indent=1)
    (HERE / "flop_figures.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
