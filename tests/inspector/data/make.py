#!/usr/bin/env python3
"""Takes sources and pickles out of the sample models, and says what Python's own parsers read in them.

    python3 tests/inspector/data/make.py        standard library only; needs sample_models/

declarations/NAME.py   a source as torch.jit.save wrote it; declarations.json what Python's `ast` reads in it
pickles/NAME.pkl       a data.pkl or constants.pkl; pickles.json the tensors that Python's `pickle` finds in it

Both are readers that torchtally has no part in: its unit tests hold its own against them, without LibTorch.
"""

import ast
import fnmatch
import io
import json
import pathlib
import pickle
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = HERE.parents[2] / "sample_models"

SOURCES = {
    "mlp": ("scripted_mlp", "code/__torch__/recipes/basics*.py"),
    "attributes": ("tensor_attributes", "code/__torch__/recipes/basics*.py"),
    "rich_types": ("rich_types", "code/__torch__/recipes/basics*.py"),
    "none_parameters": ("none_parameters", "code/__torch__/torch/nn/modules/batchnorm*.py"),
    "lstm": ("recurrent", "code/__torch__/torch/nn/modules/rnn*.py"),
    "convolutions": ("traced_cnn", "code/__torch__/torch/nn/modules/conv*.py"),
    "scripted_convolution": ("resnet", "code/__torch__/torch/nn/modules/conv/*.py"),
    "odd_keys": ("containers", "code/__torch__/torch/nn/modules/container*.py"),
    "quantized_convolution": ("quantized_static", "code/__torch__/torch/ao/nn/intrinsic/quantized/modules/conv_relu*.py"),
    "setstate": ("setstate", "code/__torch__/recipes/basics*.py"),
    "gpt2_model": ("gpt2", "code/__torch__/transformers/models/gpt2/modeling_gpt2*.py"),
    "bert_layers": ("bert", "code/__torch__/transformers/models/bert/modeling_bert*.py"),
    "frozen": ("frozen_cnn", "code/__torch__/recipes/vision*.py"),
}
PICKLES = {
    "mlp": ("scripted_mlp", "data.pkl"),
    "strides": ("empty_and_strided", "data.pkl"),
    "dtypes": ("dtypes", "data.pkl"),
    "containers": ("tensor_attributes", "data.pkl"),
    "rich_types": ("rich_types", "data.pkl"),
    "tied": ("tied_scripted", "data.pkl"),
    "setstate": ("setstate", "data.pkl"),
    "sparse_coo": ("sparse_coo", "data.pkl"),
    "sparse_csr": ("sparse_csr", "data.pkl"),
    "quantized_static": ("quantized_static", "data.pkl"),
    "quantized_dynamic": ("quantized_dynamic", "data.pkl"),
    "quantized_4bit": ("quantized_4bit", "data.pkl"),
    "recurrent": ("recurrent", "data.pkl"),
    "frozen_constants": ("frozen_cnn", "constants.pkl"),
}


def record(model: str, name: str) -> bytes:
    with zipfile.ZipFile(SAMPLES / f"{model}.pt") as z:
        matching = [n for n in z.namelist() if fnmatch.fnmatch(n.split("/", 1)[1], name)]
        if not matching:
            sys.exit(f"{model}.pt has no {name}; it has {[n.split('/', 1)[1] for n in z.namelist()]}")
        return z.read(matching[0])


# ------------------------------------------------------------------------------------------------------------ declarations


def literal(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return {"code": ast.unparse(node)}


def sizes_of(function: ast.FunctionDef) -> list:
    """What the function gives torch.view and its like as numbers; -1 where a size is computed."""
    number = lambda e: e.value if isinstance(e, ast.Constant) and type(e.value) is int else -1
    found = []
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or ast.unparse(call.func.value) != "torch":
            continue
        op = call.func.attr
        listed = next((a for a in call.args if isinstance(a, ast.List)), None)
        if op in ("view", "reshape", "unflatten", "chunk", "split", "split_with_sizes") and listed is not None:
            sizes = [number(e) for e in listed.elts]
        elif op in ("chunk", "split"):
            sizes = [number(e) for e in call.args[1:]]
        else:
            continue
        if any(s > 1 for s in sizes):
            found.append([op, sizes])
    return found


def class_of(node: ast.ClassDef) -> dict:
    said = {"bases": [ast.unparse(b) for b in node.bases], "parameters": [], "buffers": [], "attributes": {}, "constants": {},
            "methods": [], "sizes": []}
    for line in node.body:
        if isinstance(line, ast.FunctionDef):
            said["methods"].append(line.name)
            said["sizes"] += [row for row in sizes_of(line) if row not in said["sizes"]]
        elif isinstance(line, ast.AnnAssign):
            kind = ast.unparse(line.annotation)
            if kind.startswith("Final["):
                said["constants"][line.target.id] = literal(line.value)
            else:
                said["attributes"][line.target.id] = kind
        elif isinstance(line, ast.Assign):
            target = line.targets[0]
            if isinstance(target, ast.Subscript):  # __annotations__["0"] = T, for names that are no identifiers
                said["attributes"][literal(target.slice)] = ast.unparse(line.value)
            elif target.id in ("__parameters__", "__buffers__"):
                said[target.id.strip("_")] = literal(line.value)
            elif target.id != "__annotations__":
                said["constants"][target.id] = literal(line.value)
    return said


def declarations(source: bytes) -> dict:
    return {n.name: class_of(n) for n in ast.parse(source).body if isinstance(n, ast.ClassDef)}


# ----------------------------------------------------------------------------------------------------------------- pickles


class Object:
    def __init__(self, *arguments):
        self.state = arguments

    def __setstate__(self, state):
        self.state = state


class Tensor:
    """The arguments of the function that rebuilds it."""


class Reader(pickle._Unpickler):
    dispatch = dict(pickle._Unpickler.dispatch)

    def load_reduce(self):
        arguments = self.stack.pop()
        self.stack[-1] = self.stack[-1](*(arguments if isinstance(arguments, tuple) else (arguments,)))

    dispatch[pickle.REDUCE[0]] = load_reduce

    def find_class(self, module, name):
        if module == "torch._utils":
            return lambda *arguments: rebuilt(name, arguments)
        if module == "torch.jit._pickle":
            return lambda value, *rest: value
        if module.startswith("__torch__"):
            return type(name, (Object,), {"__module__": module})
        if module == "torch" and name.endswith("Storage"):
            return name
        return lambda *arguments: f"{module}.{name}"

    def persistent_load(self, saved):
        return {"key": saved[2], "type": saved[1], "elements": saved[4]}


def rebuilt(function: str, arguments: tuple) -> Tensor:
    tensor = Tensor()
    if function == "_rebuild_sparse_tensor":
        tensor.said = {"layout": {1: "coo", 2: "csr"}[arguments[0]], "sizes": arguments[1], "requires_grad": arguments[2],
                       "parts": [t.said for t in arguments[3:-1]]}
    else:
        grad = arguments[5] if function == "_rebuild_qtensor" else arguments[4]
        tensor.said = {"storage": arguments[0], "offset": arguments[1], "sizes": arguments[2], "strides": arguments[3],
                       "requires_grad": grad, "quantized": function == "_rebuild_qtensor"}
    return tensor


def tensors(value, path=""):
    if isinstance(value, Tensor):
        yield {"path": path, **value.said}
    elif isinstance(value, Object):
        where = path if isinstance(value.state, dict) else f"{path}.__state__"
        yield from tensors(value.state, where)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from tensors(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from tensors(item, f"{path}.{i}".lstrip("."))


# -------------------------------------------------------------------------------------------------------------------- main


def write(file: str, found: dict):
    """One line a class or tensor."""
    rows = []
    for name, value in found.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            rows.append(f" {json.dumps(name)}: {{\n{inner}\n }}")
        else:
            inner = ",\n".join(f"  {json.dumps(v)}" for v in value)
            rows.append(f" {json.dumps(name)}: [\n{inner}\n ]")
    (HERE / file).write_text("{\n" + ",\n".join(rows) + "\n}\n")


def main():
    found = {}
    for name, (model, source) in SOURCES.items():
        text = record(model, source)
        (HERE / "declarations" / f"{name}.py").write_bytes(text)
        found[name] = declarations(text)
    write("declarations.json", found)
    found = {}
    for name, (model, pickled) in PICKLES.items():
        data = record(model, pickled)
        (HERE / "pickles" / f"{name}.pkl").write_bytes(data)
        found[name] = list(tensors(Reader(io.BytesIO(data)).load()))
    write("pickles.json", found)


if __name__ == "__main__":
    main()
