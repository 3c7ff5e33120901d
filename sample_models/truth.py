"""What PyTorch's Python side says of an exported model: the expected counts of manifest.json.

Two readings that know nothing of each other.  The first is torch.jit.load: declared parameters and buffers, packed weights
unpacked by PyTorch's operators, constants of the graph.  The second is Python's own pickle module on data.pkl and
constants.pkl with torch._utils to build the tensors: every tensor at every path.  Where both can speak they must agree, or
no manifest is written.
"""

import io
import pickle
import re
import zipfile
from collections import Counter

import torch
import torch._utils

PRECEDENCE = ("parameter", "buffer", "packed", "state", "attribute", "constant")


# ---------------------------------------------------------------------------------------------------- one tensor's figures


def parts(t: torch.Tensor) -> list:
    """The dense tensors that hold the values of `t`: itself, or indices and values of a sparse one, values last."""
    if t.layout == torch.sparse_coo:
        return [t._indices(), t._values()]
    if t.layout == torch.sparse_csr:
        return [t.crow_indices(), t.col_indices(), t.values()]
    return [t]


def key_of(t: torch.Tensor):
    return tuple((p.untyped_storage()._cdata, p.storage_offset(), tuple(p.shape), tuple(p.stride())) for p in parts(t))


def elements(t: torch.Tensor) -> int:
    return t.numel()  # of a sparse tensor those of the dense one that it stands for


def stored_bytes(t: torch.Tensor) -> int:
    if t.dtype == torch.quint4x2:
        return (t.numel() + 1) // 2
    return sum(p.numel() * p.element_size() for p in parts(t))


def quantization_of(t: torch.Tensor) -> dict:
    if t.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return {"scheme": "per_tensor", "scales": 1, "zero_points": 1}
    return {"scheme": "per_channel", "scales": t.q_per_channel_scales().numel(),
            "zero_points": t.q_per_channel_zero_points().numel(), "axis": t.q_per_channel_axis()}


def describe(path: str, kind: str, t: torch.Tensor) -> dict:
    said = {"path": path, "kind": kind, "dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape),
            "elements": elements(t), "bytes": stored_bytes(t), "requires_grad": t.requires_grad}
    if t.layout == torch.strided:
        said.update(stride=list(t.stride()), storage_offset=t.storage_offset(),
                    storage_bytes=t.untyped_storage().nbytes())
    else:
        said.update(layout=str(t.layout).removeprefix("torch."), stored_elements=parts(t)[-1].numel(),
                    parts=[{"dtype": str(p.dtype).removeprefix("torch."), "shape": list(p.shape)} for p in parts(t)])
    if t.is_quantized:
        said["quantization"] = quantization_of(t)
    return said


class Sum:
    """Counts tensors with and without their aliases: same storage, offset, sizes and strides."""

    def __init__(self, tensors):
        tensors = list(tensors)
        groups = {key_of(t): t for t in tensors}
        self.naive = sum(map(elements, tensors))
        self.unique = sum(map(elements, groups.values()))
        self.bytes = sum(map(stored_bytes, groups.values()))
        self.tensors = len(groups)
        self.trainable = sum(elements(t) for t in groups.values() if t.requires_grad)


# ---------------------------------------------------------------------------------------------- reading 2: Python's pickle


class Inert:
    """Stands for any class of the archive; keeps its state as it was stored."""

    def __init__(self, *args):
        self.state = args

    def __setstate__(self, state):
        self.state = state


class ArchiveUnpickler(pickle._Unpickler):  # the one written in Python: its opcodes can be overridden
    dispatch = dict(pickle._Unpickler.dispatch)

    def load_reduce(self):
        arguments = self.stack.pop()
        if not isinstance(arguments, tuple):
            arguments = (arguments,)  # TorchScript's enums are called with their bare value
        self.stack[-1] = self.stack[-1](*arguments)

    dispatch[pickle.REDUCE[0]] = load_reduce

    def __init__(self, archive: "Archive", data: bytes, tensors: str):
        super().__init__(io.BytesIO(data))
        self.archive, self.tensors = archive, tensors

    def find_class(self, module, name):
        if name == "_rebuild_sparse_tensor":
            return rebuild_sparse
        if module == "torch._utils":
            return getattr(torch._utils, name)
        if module == "torch.jit._pickle":
            return lambda value, *rest: value
        if module == "torch" and name.endswith("Storage"):
            return name
        if module in ("torch", "collections", "builtins") and name in ("device", "OrderedDict", "complex"):
            return torch.device if name == "device" else super().find_class(module, name)
        if module == "torch":
            return getattr(torch, name)  # a quantization scheme, a layout
        return type(name, (Inert,), {"__module__": module})

    def persistent_load(self, saved):
        _, kind, key, _, _ = saved
        return self.archive.storage(self.tensors + key, kind)


def rebuild_sparse(layout, size, requires_grad, *rest):
    """TorchScript's own form: layout 1 is COO, 2 is CSR; the tensors' order is torch's, hooks come last."""
    if layout == 1:
        return torch.sparse_coo_tensor(*rest[:2], size, requires_grad=requires_grad, check_invariants=True)
    if layout == 2:
        return torch.sparse_csr_tensor(*rest[:3], size, requires_grad=requires_grad, check_invariants=True)
    raise ValueError(f"sparse layout {layout}")


def dtype_of(storage_type: str) -> torch.dtype:
    known = {name: dtype for dtype, name in torch.storage._dtype_to_storage_type_map().items()}
    return known.get(storage_type) or getattr(torch, storage_type.removesuffix("Storage").lower())


class Archive:
    def __init__(self, data: bytes):
        self.zip = zipfile.ZipFile(io.BytesIO(data))
        self.root = self.zip.namelist()[0].split("/", 1)[0] + "/"
        self.names = {n.removeprefix(self.root) for n in self.zip.namelist()}
        self.storages = {}

    def read(self, name: str) -> bytes:
        return self.zip.read(self.root + name)

    def version(self) -> dict:
        """From format 6 on PyTorch keeps the version in `.data/`."""
        name = ".data/version" if ".data/version" in self.names else "version"
        return {"record": name, "number": int(self.read(name))}

    def storage(self, record: str, kind: str):
        if record not in self.storages:
            data = bytearray(self.read(record)) if record in self.names else bytearray()
            self.storages[record] = (torch.frombuffer(data, dtype=torch.uint8).untyped_storage() if data
                                     else torch.UntypedStorage(0))
        return torch.storage.TypedStorage(wrap_storage=self.storages[record], dtype=dtype_of(kind), _internal=True)

    def unpickle(self, name: str, tensors: str):
        return ArchiveUnpickler(self, self.read(name), tensors).load()


def occurrences(value, path: str = "", kind: str = "attribute"):
    """Yields (path, kind, tensor) for every place at which a tensor stands; shared objects at each of their paths."""
    if isinstance(value, torch.Tensor):
        yield path, kind, value
    elif isinstance(value, Inert):
        plain = isinstance(value.state, dict)
        if type(value).__module__.startswith("__torch__.torch.classes"):
            kind = "packed"
        elif not plain and kind == "attribute":
            kind = "state"
        yield from occurrences(value.state, path if plain else f"{path}.__state__", kind)
    elif isinstance(value, dict):
        for k, v in value.items():
            yield from occurrences(v, f"{path}.{k}" if path else str(k), kind)
    elif isinstance(value, (list, tuple)):
        for i, v in enumerate(value):
            yield from occurrences(v, f"{path}.{i}" if path else str(i), kind)


# ------------------------------------------------------------------------------------------------ reading 1: torch.jit.load


def modules_of(file: str) -> dict:
    """The TorchScript modules of a file by the number of their folder, "" for an archive that is one module."""
    with zipfile.ZipFile(file) as z:
        pickles = [n.split("/", 1)[1] for n in z.namelist() if n.endswith(".pkl")]
    if "data.pkl" in pickles:
        return {"": torch.jit.load(file)}
    importer = torch.package.PackageImporter(file)
    loaded = [importer.load_pickle("models", p.removeprefix("models/")) for p in pickles if p.startswith("models/")]
    flat = [m for value in loaded for m in (value if isinstance(value, list) else [value])]
    scripted = [m for m in flat if isinstance(m, torch.jit.ScriptModule)]
    return {str(i): m for i, m in enumerate(scripted)}


def graph_constants(module) -> list:
    """Tensors of prim::Constant nodes of all methods, one entry a use in the code."""
    found = []

    def visit(block):
        for node in block.nodes():
            if node.kind() == "prim::Constant" and node.output().type().kind() == "TensorType" and node.hasAttribute("value"):
                found.extend([node.t("value")] * max(1, len(node.output().uses())))
            for inner in node.blocks():
                visit(inner)

    for _, m in module.named_modules():
        for name in m._c._method_names():
            visit(m._c._get_method(name).graph)
    return found


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return (a.dtype, a.shape, a.layout, a.requires_grad) == (b.dtype, b.shape, b.layout, b.requires_grad) and \
        [p.stride() for p in parts(a)] == [p.stride() for p in parts(b)] and \
        [p.storage_offset() for p in parts(a)] == [p.storage_offset() for p in parts(b)]


def agree(ok: bool, what: str):
    if not ok:
        raise SystemExit(f"the two readings differ: {what}")


def record_bytes(archive: Archive) -> dict:
    """Bytes in the file, without local headers and padding, by what a record is."""
    sums = Counter()
    for info in archive.zip.infolist():
        name = info.filename.removeprefix(archive.root)
        if re.fullmatch(r"(data|constants)/\d+|\.data/\d+\.storage", name):
            kind = "weights"
        elif name.endswith(".debug_pkl"):
            kind = "debug"
        elif name.endswith(".pkl"):
            kind = "pickles"
        elif name.startswith("extra/"):
            kind = "extra"
        elif name.startswith(("code/", ".data/ts_code/code/")):
            kind = "code"
        else:
            kind = "other"
        sums[kind] += info.compress_size
    return dict(sorted(sums.items()))


def truth(file: str, unpack=None, live=None) -> dict:
    """`live` is the module as it was before it was saved, for the files that torch.jit.load refuses to read back."""
    with open(file, "rb") as f:
        archive = Archive(f.read())
    refused = None
    try:
        modules = modules_of(file)
    except RuntimeError as error:
        if live is None:
            raise
        refused, modules = str(error).strip().split("\n")[0], {"": live}
    declared, everything, constants, uses, packed = [], [], [], [], []
    for label, module in modules.items():
        folder = f".data/ts_code/{label}/" if label else ""
        shown = f"{label}:" if label else ""
        named = [("parameter", p, t) for p, t in module.named_parameters(remove_duplicate=False)]
        named += [("buffer", p, t) for p, t in module.named_buffers(remove_duplicate=False)]
        declared += [(shown + p, k, t) for k, p, t in named]
        kinds = {p: k for k, p, _ in named}
        read = dict()
        for path, kind, t in occurrences(archive.unpickle(folder + "data.pkl", ".data/" if label else "data/")):
            if not kinds.get(path):
                everything.append((shown + path, kind, t))
            else:
                read[path] = t
                everything.append((shown + path, kinds[path], t))
        for kind, path, t in named:
            agree(path in read and same(t, read[path]), f"{file} {path}")
        if folder + "constants.pkl" in archive.names:
            stored = archive.unpickle(folder + "constants.pkl", ".data/" if label else "constants/")
            constants += [(f"{shown}CONSTANTS.c{i}", t) for i, t in enumerate(stored) if isinstance(t, torch.Tensor)]
        uses += graph_constants(module)
        if unpack:
            packed += [(p, t) for p, ts in unpack(module).items() for t in ts]

    by_name = {k: Sum(t for _, kind, t in declared if kind == k) for k in ("parameter", "buffer")}
    groups = {}
    for _, kind, t in sorted(everything, key=lambda e: PRECEDENCE.index(e[1])):
        groups.setdefault(key_of(t), (kind, t))
    unique_by_kind = Counter()
    for kind, t in groups.values():
        unique_by_kind[kind] += elements(t)

    said = {
        **({"jit_load_refuses": refused} if refused else {}),
        "kind": "torch.package" if "" not in modules else "torchscript",
        "version": archive.version(),
        "parameters_unique": by_name["parameter"].unique,
        "parameters_naive": by_name["parameter"].naive,
        "parameter_bytes": by_name["parameter"].bytes,
        "trainable": by_name["parameter"].trainable,
        "buffers_unique": by_name["buffer"].unique,
        "buffers_naive": by_name["buffer"].naive,
        "buffer_bytes": by_name["buffer"].bytes,
        "elements_by_kind": {k: unique_by_kind[k] for k in PRECEDENCE if unique_by_kind[k]},
        "storage_bytes": sum(s.nbytes() for s in archive.storages.values()),
        "storages": len(archive.storages),
        "record_bytes": record_bytes(archive),
    }
    if constants or uses:
        total = Sum(t for _, t in constants)
        in_graph = sum(t.numel() for t in uses)
        said["constants"] = {"entries": len(constants), "tensors": total.tensors, "elements_unique": total.unique, "bytes": total.bytes,
                             "elements_by_uses": in_graph}
        graph = Counter((str(t.dtype), tuple(t.shape)) for t in {id(t): t for t in uses}.values())
        stored = Counter((str(t.dtype), tuple(t.shape)) for _, t in constants)
        agree(set(graph) == set(stored), f"{file}: constants {graph} {stored}")
    if unpack:
        weights = [t for _, t in packed if t.is_quantized]
        said["packed"] = {
            "tensors": len(packed),
            "quantized_elements": sum(map(elements, weights)),
            "quantized_bytes": sum(map(stored_bytes, weights)),
            "float_elements_unique": Sum(t for _, t in packed if not t.is_quantized).unique,
            "float_elements_naive": Sum(t for _, t in packed if not t.is_quantized).naive,
            "scales": sum(quantization_of(t)["scales"] for t in weights),
            "zero_points": sum(quantization_of(t)["zero_points"] for t in weights),
            "unpacked": [describe(p, "packed", t) for p, t in packed],
        }
    said["tensors"] = [describe(p, k, t) for p, k, t in declared]
    said["other_tensors"] = [describe(p, k, t) for p, k, t in everything if k not in ("parameter", "buffer")]
    if constants:
        said["constant_tensors"] = [describe(p, "constant", t) for p, t in constants]
    return said
