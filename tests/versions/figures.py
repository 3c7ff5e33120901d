"""What a Python module holds: a row for each tensor at each of its names, taken from memory before anything is saved."""

import torch
from torch import Tensor, nn

VERSION = torch.__version__.split("+")[0]


def row(kind: str, name: str, t: Tensor) -> dict:
    return {"kind": kind, "name": name, "dtype": str(t.dtype).split(".")[1], "shape": list(t.shape), "elements": t.numel(),
            "requires_grad": t.requires_grad}


def tensors_in(value, path: str):
    """Tensors of plain attributes, at the paths where they stand."""
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from tensors_in(inner, path + "." + str(key))
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from tensors_in(inner, path + "." + str(i))


def figures(module: nn.Module, path: str = "") -> list:
    """One row a tensor at each of its names."""
    rows = [row("parameter", path + n, p) for n, p in module._parameters.items() if p is not None]
    rows += [row("buffer", path + n, b) for n, b in module._buffers.items() if b is not None]
    if "quantized" in type(module).__module__ and callable(getattr(module, "weight", None)):
        bias = module.bias() if callable(module.bias) else module.bias
        return rows + [row("packed", path[:-1], t.detach()) for t in (module.weight(), bias) if t is not None]
    plain = {name: value for name, value in vars(module).items() if name not in ("_parameters", "_buffers", "_modules")}
    if isinstance(module, nn.GRU):
        plain.pop("_flat_weights", None)  # the parameters again, for cuDNN: not saved,
        if VERSION.startswith("1.3."):  # except by 1.3, which saves them twice more
            plain.update(_flat_weights=[p for layer in module.all_weights for p in layer], all_weights=module.all_weights)
    for name, value in plain.items():
        rows += [row("attribute", path + n, t) for n, t in tensors_in(value, name)]
    for name, inner in module._modules.items():
        if inner is not None:
            rows += figures(inner, path + name + ".")
    return rows


def as_constants(rows: list) -> list:
    """What is left of weights that became constants: no names, nothing to train."""
    return [dict(r, kind="constant", name="", requires_grad=False) for r in rows]
