#!/usr/bin/env python3
"""Writes a TorchScript archive of a LLaMA's shape, of any size, as a sparse file. Standard library only.

    bench/make_sparse_llama.py llama-3-70b /tmp/llama-3-70b.pt      # 141 GB long, a few hundred kilobytes on disk

The records are laid out as torch.jit.save lays them out (PyTorch 2.11: order, 64-byte alignment by an "FB" extra field,
data descriptors, ZIP64 where offsets need it), `data.pkl` and the code are what a scripted model has, and torch.jit.load
loads it; code is stored, not deflated. The weights are zeros that were never written: holes of the file, with the CRC-32 that so many zeros have.
The methods compute something of the right shapes, not a LLaMA (no attention scores, no rotary embedding); no debug files.

Shapes are those of published models; `parameters` is what their publishers state, and is checked.
"""
import argparse
import os
import struct
import sys
import zlib

CONFIGS = {
    # meta-llama/Meta-Llama-3-70B: 80 layers, 8 key-value heads of 128, untied.
    "llama-3-70b": dict(hidden=8192, intermediate=28672, layers=80, key_value=1024, vocab=128256, tied=False,
                        dtype="bfloat16", parameters=70_553_706_496),
    # meta-llama/Llama-3.2-3B, 6.4 GB.
    "6gb": dict(hidden=3072, intermediate=8192, layers=28, key_value=1024, vocab=128256, tied=True,
                dtype="bfloat16", parameters=3_212_749_824),
    # HuggingFaceTB/SmolLM-135M, 538 MB in float32.
    "500mb": dict(hidden=576, intermediate=1536, layers=30, key_value=192, vocab=49152, tied=True,
                  dtype="float32", parameters=134_515_008),
    # karpathy/tinyllamas stories260K, 0.5 MB in bfloat16.
    "0.5mb": dict(hidden=64, intermediate=172, layers=5, key_value=32, vocab=512, tied=True,
                  dtype="bfloat16", parameters=260_032),
}
DTYPES = {"bfloat16": ("BFloat16Storage", 2), "float16": ("HalfStorage", 2), "float32": ("FloatStorage", 4)}
ALIGNMENT = 64
ZIP32_MAX = 0xFFFFFFFF


class Hole:
    """The contents of a record that is never written: `size` zeros."""
    _crcs = {}

    def __init__(self, size):
        self.size = size

    def crc32(self):
        if self.size not in Hole._crcs:
            chunk, crc, left = bytes(1 << 20), 0, self.size
            while left:
                crc = zlib.crc32(chunk[:min(left, len(chunk))], crc)
                left -= min(left, len(chunk))
            Hole._crcs[self.size] = crc
        return Hole._crcs[self.size]


class Archive:
    """A ZIP file as PyTorchStreamWriter writes it (miniz, streaming: sizes and CRC-32 follow the data)."""

    def __init__(self, path):
        self._root = os.path.splitext(os.path.basename(path))[0]
        self._file = open(path, "wb")
        self._offset = 0
        self._directory = []

    def add(self, name, contents):
        """Adds a record; `contents` are bytes or a Hole."""
        name = f"{self._root}/{name}".encode()
        hole = isinstance(contents, Hole)
        size = contents.size if hole else len(contents)
        crc = contents.crc32() if hole else zlib.crc32(contents)
        header_at = self._offset
        extra = b""
        if size >= ZIP32_MAX:
            extra += struct.pack("<QQ", size, size)
        if header_at >= ZIP32_MAX:
            extra += struct.pack("<Q", header_at)
        if extra:
            extra = struct.pack("<HH", 1, len(extra)) + extra
        small = min(size, ZIP32_MAX)
        start = header_at + 30 + len(name) + len(extra) + 4
        padding = b"Z" * (-start % ALIGNMENT)
        local_extra = extra + struct.pack("<2sH", b"FB", len(padding)) + padding
        declared = ZIP32_MAX if size >= ZIP32_MAX else 0
        self._write(struct.pack("<4sHHHIIIIHH", b"PK\3\4", 0, 0x808, 0, 0, 0, declared, declared,
                                len(name), len(local_extra)) + name + local_extra)
        assert self._offset % ALIGNMENT == 0
        if hole:
            self._offset += size
        else:
            self._write(contents)
        self._write(struct.pack("<4sIQQ" if extra else "<4sIII", b"PK\7\10", crc, size, size))
        self._directory.append(struct.pack("<4sHHHHIIIIHHHHHII", b"PK\1\2", 0, 0, 0x808, 0, 0, crc, small, small,
                                           len(name), len(extra), 0, 0, 0, 0, min(header_at, ZIP32_MAX)) + name + extra)

    def close(self):
        at = self._offset
        count = len(self._directory)
        directory = b"".join(self._directory)
        self._write(directory)
        end_at = self._offset
        self._write(struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0x031E, 45, 0, 0, count, count, len(directory), at))
        self._write(struct.pack("<4sIQI", b"PK\6\7", 0, end_at, 1))
        self._write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF),
                                min(len(directory), ZIP32_MAX), min(at, ZIP32_MAX), 0))
        self._file.close()

    def _write(self, data):
        self._file.seek(self._offset)
        self._file.write(data)
        self._offset += len(data)


class Pickle:
    """Protocol 2 as LibTorch's pickler writes it: strings and class names are memoized, tensors are storages by key."""

    def __init__(self, storage_type, add_storage):
        self._out = [b"\x80\2"]
        self._memo = {}
        self._storage_type = storage_type
        self._add_storage = add_storage

    def finish(self):
        return b"".join(self._out) + b"."

    def _put(self, key):
        index = self._memo[key] = len(self._memo)
        self._out.append(b"q%c" % index if index < 256 else b"r" + struct.pack("<I", index))

    def _get(self, key):
        """Whether `key` was written before; then it is referred to."""
        if key not in self._memo:
            return False
        index = self._memo[key]
        self._out.append(b"h%c" % index if index < 256 else b"j" + struct.pack("<I", index))
        return True

    def _memoized(self, key, code):
        if not self._get(key):
            self._out.append(code)
            self._put(key)

    def _string(self, text):
        data = text.encode()
        self._memoized(("string", text), b"X" + struct.pack("<I", len(data)) + data)

    def _global(self, module, name):
        self._memoized(("global", module, name), f"c{module}\n{name}\n".encode())

    def _int(self, value):
        if 0 <= value < 256:
            self._out.append(b"K%c" % value)
        elif 0 <= value < 65536:
            self._out.append(b"M" + struct.pack("<H", value))
        elif value < 2**31:
            self._out.append(b"J" + struct.pack("<i", value))
        else:
            self._out.append(b"\x8a\x08" + struct.pack("<q", value))

    def _ints(self, values):
        self._out.append(b"(")
        for value in values:
            self._int(value)
        self._out.append(b"t")

    def _tensor(self, tensor):
        if self._get(("tensor", tensor)):
            return
        self._global("torch._utils", "_rebuild_tensor_v2")
        self._out.append(b"((")
        self._string("storage")
        self._global("torch", self._storage_type)
        self._string(self._add_storage(tensor))
        self._string("cpu")
        self._int(tensor.elements)
        self._out.append(b"tQ")
        self._put(("storage", tensor))
        self._int(0)
        self._ints(tensor.shape)
        strides = [1]
        for size in reversed(tensor.shape[1:]):
            strides.insert(0, strides[0] * size)
        self._ints(strides)
        self._out.append(b"\x88")
        self._global("collections", "OrderedDict")
        self._out.append(b")RtR")
        self._put(("tensor", tensor))

    def value(self, value):
        if value is None:
            self._out.append(b"N")
        elif value is False:
            self._out.append(b"\x89")
        elif isinstance(value, Tensor):
            self._tensor(value)
        else:
            module, _, name = value.type.rpartition(".")
            self._global(module, name)
            self._out.append(b")\x81}(")
            for key, member in value.members:
                self._string(key)
                self.value(member)
            self._out.append(b"ub")


class Tensor:
    def __init__(self, *shape):
        self.shape = shape
        self.elements = 1
        for size in shape:
            self.elements *= size


class Module:
    def __init__(self, type_name, *members):
        self.type = "__torch__." + type_name
        # In the order in which the class declares them: its own tensors come first, its modules last.
        own = [member for member in members if not isinstance(member[1], Module)]
        modules = [member for member in members if isinstance(member[1], Module)]
        self.members = [*own, ("training", False), ("_is_full_backward_hook", None), *modules]


CONTAINER = "torch.nn.modules.container.ModuleList"
EMBEDDING = "torch.nn.modules.sparse.Embedding"
LLAMA = "transformers.models.llama.modeling_llama."


class Llama:
    """The module tree and the code of a scripted LLaMA."""

    def __init__(self, hidden, intermediate, layers, key_value, vocab, tied, dtype, parameters):
        del dtype, parameters
        self._linears = []  # (in, out) of each class of linear layers: scripting makes one for each pair
        self._vocab, self._hidden, self._layers = vocab, hidden, layers
        embedding = Tensor(vocab, hidden)
        self.root = Module(
            LLAMA + "LlamaForCausalLM",
            ("model", Module(
                LLAMA + "LlamaModel",
                ("embed_tokens", Module(EMBEDDING, ("weight", embedding))),
                ("layers", Module(CONTAINER, *[(str(i), Module(
                    LLAMA + "LlamaDecoderLayer",
                    ("self_attn", Module(
                        LLAMA + "LlamaAttention",
                        ("q_proj", self._linear(hidden, hidden)), ("k_proj", self._linear(hidden, key_value)),
                        ("v_proj", self._linear(hidden, key_value)), ("o_proj", self._linear(hidden, hidden)))),
                    ("mlp", Module(
                        LLAMA + "LlamaMLP",
                        ("gate_proj", self._linear(hidden, intermediate)),
                        ("up_proj", self._linear(hidden, intermediate)),
                        ("down_proj", self._linear(intermediate, hidden)))),
                    ("input_layernorm", self._norm()),
                    ("post_attention_layernorm", self._norm()))) for i in range(layers)])),
                ("norm", self._norm()))),
            ("lm_head", self._linear(hidden, vocab, embedding if tied else None)))

    def _norm(self):
        return Module(LLAMA + "LlamaRMSNorm", ("weight", Tensor(self._hidden)))

    def _linear(self, inputs, outputs, weight=None):
        pair = (inputs, outputs)
        if pair not in self._linears:
            self._linears.append(pair)
        return Module(self._linear_type(pair), ("weight", weight or Tensor(outputs, inputs)), ("bias", None))

    def _linear_type(self, pair):
        index = self._linears.index(pair)
        return "torch.nn.modules.linear." + (f"___torch_mangle_{index - 1}." if index else "") + "Linear"

    def code(self):
        """The archive's code: {record: text}."""

        def declare(qualified, parameters, members, body, hook="NoneType"):
            lines = [f"class {qualified.rpartition('.')[2]}(Module):",
                     "  __parameters__ = [" + "".join(f'"{name}", ' for name in parameters) + "]",
                     "  __buffers__ = []", *[f"  {name} : Tensor" for name in parameters if name != "bias"],
                     *["  bias : NoneType" for name in parameters if name == "bias"], "  training : bool",
                     f"  _is_full_backward_hook : {hook}", *[f"  {member}" for member in members]]
            if body:
                lines += [f"  def forward(self: __torch__.{qualified},", "    input: Tensor) -> Tensor:",
                          *[f"    {line}" for line in body]]
            return "\n".join(lines) + "\n"

        def module(qualified, *names_and_types, body):
            return declare(LLAMA + qualified, [], [f"{name} : __torch__.{kind}" for name, kind in names_and_types],
                           body, "Optional[bool]")

        types = {name: kind.type[len("__torch__."):] for name, kind in self._named_modules()}
        norm = LLAMA + "LlamaRMSNorm"
        records = {}
        records[LLAMA.rstrip(".")] = "".join([
            module("LlamaForCausalLM", ("model", LLAMA + "LlamaModel"), ("lm_head", types["lm_head"]),
                   body=["model = self.model", "lm_head = self.lm_head",
                         "return (lm_head).forward((model).forward(input, ), )"]),
            module("LlamaModel", ("embed_tokens", EMBEDDING), ("layers", CONTAINER), ("norm", norm),
                   body=["embed_tokens = self.embed_tokens", "x0 = (embed_tokens).forward(input, )",
                         "layers = self.layers",
                         *[f'_{i} = getattr(layers, "{i}")\nx{i + 1} = (_{i}).forward(x{i}, )'.replace("\n", "\n    ")
                           for i in range(self._layers)],
                         "norm = self.norm", f"return (norm).forward(x{self._layers}, )"]),
            module("LlamaDecoderLayer", ("self_attn", LLAMA + "LlamaAttention"), ("mlp", LLAMA + "LlamaMLP"),
                   ("input_layernorm", norm), ("post_attention_layernorm", norm),
                   body=["self_attn = self.self_attn", "input_layernorm = self.input_layernorm",
                         "x = torch.add(input, (self_attn).forward((input_layernorm).forward(input, ), ))",
                         "mlp = self.mlp", "post_attention_layernorm = self.post_attention_layernorm",
                         "return torch.add(x, (mlp).forward((post_attention_layernorm).forward(x, ), ))"]),
            module("LlamaAttention", *[(name, types[name]) for name in ("q_proj", "k_proj", "v_proj", "o_proj")],
                   body=["q_proj = self.q_proj", "o_proj = self.o_proj",
                         "return (o_proj).forward((q_proj).forward(input, ), )"]),
            module("LlamaMLP", *[(name, types[name]) for name in ("gate_proj", "up_proj", "down_proj")],
                   body=["gate_proj = self.gate_proj", "up_proj = self.up_proj", "down_proj = self.down_proj",
                         "_0 = torch.silu((gate_proj).forward(input, ))",
                         "_1 = torch.mul(_0, (up_proj).forward(input, ))", "return (down_proj).forward(_1, )"]),
            declare(norm, ["weight"], [], ["weight = self.weight", "return torch.mul(weight, input)"],
                    "Optional[bool]"),
        ])
        records["torch.nn.modules.sparse"] = declare(
            EMBEDDING, ["weight"], [f"num_embeddings : Final[int] = {self._vocab}",
                                    f"embedding_dim : Final[int] = {self._hidden}"],
            ["weight = self.weight", "return torch.embedding(weight, input)"])
        records["torch.nn.modules.container"] = declare(
            CONTAINER, [], [f'__annotations__["{i}"] = __torch__.{LLAMA}LlamaDecoderLayer'
                            for i in range(self._layers)], [])
        for pair in self._linears:
            qualified = self._linear_type(pair)
            records[qualified.rpartition(".")[0]] = declare(
                qualified, ["weight", "bias"],
                [f"in_features : Final[int] = {pair[0]}", f"out_features : Final[int] = {pair[1]}"],
                ["weight = self.weight", "bias = self.bias", "return torch.linear(input, weight, bias)"])
        return {"code/__torch__/" + record.replace(".", "/") + ".py": text for record, text in records.items()}

    def _named_modules(self):
        waiting = [("", self.root)]
        while waiting:
            name, module = waiting.pop()
            yield name, module
            waiting += [(key, member) for key, member in module.members if isinstance(member, Module)]


def write(path, **config):
    """Writes the archive and returns its parameters and their tensors, each counted once."""
    storage_type, element_bytes = DTYPES[config["dtype"]]
    llama = Llama(**config)
    tensors = []  # in order of their storages

    def add_storage(tensor):
        tensors.append(tensor)
        return str(len(tensors) - 1)

    pickle = Pickle(storage_type, add_storage)
    pickle.value(llama.root)
    archive = Archive(path)
    for index, tensor in enumerate(tensors):
        archive.add(f"data/{index}", Hole(tensor.elements * element_bytes))
    archive.add("data.pkl", pickle.finish())
    for record, text in llama.code().items():
        archive.add(record, text.encode())
    archive.add("constants.pkl", b"\x80\2).")
    archive.add("version", b"3\n")
    archive.add("byteorder", b"little")
    archive.add(".data/serialization_id", b"0" * 40)
    archive.close()
    return sum(tensor.elements for tensor in tensors), len(tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", choices=sorted(CONFIGS))
    parser.add_argument("file")
    arguments = parser.parse_args()
    config = CONFIGS[arguments.config]
    parameters, tensors = write(arguments.file, **config)
    if parameters != config["parameters"]:
        sys.exit(f"{arguments.config}: {parameters:,} parameters written, {config['parameters']:,} expected")
    status = os.stat(arguments.file)
    print(f"{arguments.file}: {parameters:,} {config['dtype']} parameters in {tensors} tensors, "
          f"{status.st_size:,} bytes, {status.st_blocks * 512:,} on disk")


if __name__ == "__main__":
    main()
