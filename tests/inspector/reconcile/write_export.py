"""What PyTorch itself says of an export, as data: what a loader sees of it."""

import io
import json
import re

import torch


def qualified_type(module) -> str:
    name = module._c._type().qualified_name()
    return ".".join(part for part in name.split(".") if not re.fullmatch(r"__torch__|known_models|own_models|___torch_mangle_\d+", part))


CONSTANTS = ("in_features out_features in_channels out_channels kernel_size groups num_embeddings embedding_dim normalized_shape "
             "elementwise_affine num_groups num_channels affine num_features track_running_stats input_size hidden_size num_layers bias "
             "bidirectional proj_size mode embed_dim kdim vdim in1_features in2_features num_parameters num_heads heads n_heads "
             "n_kv_heads head_dim transposed").split()


def constants(module) -> dict:
    found = {}
    for name in CONSTANTS:
        if not isinstance(module, torch.jit.RecursiveScriptModule) or not module._c.hasattr(name):
            continue
        value = getattr(module, name)
        if isinstance(value, torch.Size):
            value = list(value)
        if isinstance(value, (bool, int, str, list, tuple)) or value is None and name == "bias":
            found[name] = value
    return found


SIZED = {f"aten::{op}" for op in ("view", "reshape", "unflatten", "chunk", "split", "split_with_sizes")}


def code_sizes(module) -> list:
    """Sizes that the module's own functions give as numbers, from the graph that LibTorch compiled; -1 where computed."""
    if not isinstance(module, torch.jit.ScriptModule):
        return []
    number = lambda value: value.toIValue() if isinstance(value.toIValue(), int) else -1
    found = []

    def read(block):
        for node in block.nodes():
            for inner in node.blocks():
                read(inner)
            if node.kind() not in SIZED:
                continue
            inputs = list(node.inputs())
            listed = next((v for v in inputs[1:] if str(v.type()) == "List[int]"), None)
            if listed is None:
                sizes = [number(v) for v in inputs[1:]]
            elif listed.node().kind() == "prim::ListConstruct":
                sizes = [number(v) for v in listed.node().inputs()]
            else:
                sizes = listed.toIValue() or []
            row = [node.kind().removeprefix("aten::"), sizes]
            if any(s > 1 for s in sizes) and row not in found:
                found.append(row)

    for name in module._c._method_names():
        read(module._c._get_method(name).graph)
    return found


def written(loaded) -> dict:
    """Modules and tensors of a loaded archive, in its order."""
    modules, index, storages, tensors = [], {}, {}, []
    for path, module in loaded.named_modules(remove_duplicate=False):
        index[path] = len(modules)
        row = [path, qualified_type(module)]
        if said := constants(module):
            row.append(said)
        if sizes := code_sizes(module):
            row += [sizes] if said else [{}, sizes]
        modules.append(row)
    parameters = dict(loaded.named_parameters(remove_duplicate=False))
    for name, tensor in [*parameters.items(), *loaded.named_buffers(remove_duplicate=False)]:
        path, _, own = name.rpartition(".")
        key = tensor.untyped_storage()._cdata
        row = [index[path], own, "parameter" if name in parameters else "buffer", str(tensor.dtype).removeprefix("torch."),
               list(tensor.shape), storages.setdefault(key, len(storages))]
        if tensor.storage_offset() or not tensor.is_contiguous():
            row += [tensor.storage_offset(), list(tensor.stride())]
        tensors.append(row)
    tensors.sort(key=lambda row: row[0])
    return {"modules": modules, "tensors": tensors}


def counts(module) -> dict:
    every = list(module.named_parameters(remove_duplicate=False))
    unique = {}
    for _, p in every:
        unique[(p.untyped_storage()._cdata, p.storage_offset(), tuple(p.shape), tuple(p.stride()))] = p.numel()
    return {"parameters": sum(unique.values()), "with_aliases": sum(p.numel() for _, p in every)}


def configuration(model) -> dict:
    config = model.config.to_diff_dict()
    keep = {k: v for k, v in config.items() if not k.startswith("_") and k not in ("transformers_version", "dtype", "attn_implementation")}
    keep["architectures"] = [type(model).__name__]
    keep["model_type"] = model.config.model_type
    return keep


def compact(value: dict) -> str:
    """One line a module and a tensor: small, and readable in a diff."""
    lines = []
    for key, item in value.items():
        if key in ("modules", "tensors"):
            rows = ",\n".join("  " + json.dumps(row, separators=(",", ":")) for row in item)
            lines.append(f'"{key}":[\n{rows}\n]')
        else:
            lines.append(f"{json.dumps(key)}:{json.dumps(item, sort_keys=True)}")
    return "{" + ",\n".join(lines) + "}\n"


class Writer:
    def __init__(self, data, archives):
        self.data, self.archives = data, archives

    def write(self, group: str, name: str, exported, how: str, facts: dict):
        buffer = io.BytesIO()
        torch.jit.save(exported, buffer)
        if self.archives:
            folder = self.archives / group
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.pt").write_bytes(buffer.getvalue())
            (folder / f"{name}.json").write_text(json.dumps({**facts, **counts(exported)}))
            if "config" in facts:
                (folder / f"{name}.config.json").write_text(json.dumps(facts["config"]))
        buffer.seek(0)
        loaded = torch.jit.load(buffer)
        value = {"name": name, "made": how, "expected": counts(loaded), **facts, **written(loaded)}
        if self.data:
            folder = self.data / group
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.json").write_text(compact(value))
        print(group, name, value["expected"], flush=True)
