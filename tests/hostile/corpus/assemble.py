"""Writes pickles opcode by opcode and small TorchScript archives around them."""

import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "sample_models"))
from repack import Record, records_of, write_archive  # noqa: E402

SAMPLES = ROOT / "sample_models"
FILES = ROOT / "tests" / "hostile" / "files"

NONE, TRUE, FALSE, MARK, TUPLE, EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT = b"N", b"\x88", b"\x89", b"(", b"t", b")", b"]", b"}"
REDUCE, BUILD, NEWOBJ, PERSID, STOP, APPENDS, SETITEMS = b"R", b"b", b"\x81", b"Q", b".", b"e", b"u"


def text(s) -> bytes:
    raw = s if isinstance(s, bytes) else s.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(n: int) -> bytes:
    if 0 <= n < 256:
        return b"K" + bytes([n])
    if -2**31 <= n < 2**31:
        return b"J" + struct.pack("<i", n)
    return b"\x8a\x08" + struct.pack("<q", n)  # LONG1, as LibTorch writes it


def put(n: int) -> bytes:
    return b"q" + bytes([n])


def get(n: int) -> bytes:
    return b"h" + bytes([n])


def global_(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def tuple_(*items: bytes) -> bytes:
    return MARK + b"".join(items) + TUPLE


def list_(*items: bytes) -> bytes:
    return EMPTY_LIST + MARK + b"".join(items) + APPENDS


def dict_(items: dict) -> bytes:
    return EMPTY_DICT + MARK + b"".join(text(k) + v for k, v in items.items()) + SETITEMS


def call(module: str, name: str, *arguments: bytes) -> bytes:
    return global_(module, name) + tuple_(*arguments) + REDUCE


def storage(key="0", kind="FloatStorage", count=6) -> bytes:
    return tuple_(text("storage"), global_("torch", kind), text(key), text("cpu"), integer(count)) + PERSID


def hooks() -> bytes:
    return global_("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE


def tensor(sizes=(2, 3), strides=(3, 1), offset=0, of=None, requires_grad=TRUE) -> bytes:
    """Sizes and strides are numbers; any argument may be a piece of pickle instead."""
    shape, steps = (v if isinstance(v, bytes) else tuple_(*map(integer, v)) for v in (sizes, strides))
    start = offset if isinstance(offset, bytes) else integer(offset)
    return call("torch._utils", "_rebuild_tensor_v2", of or storage(), start, shape, steps, requires_grad, hooks())


def module(attributes: dict, name="M") -> bytes:
    return global_("__torch__", name) + EMPTY_TUPLE + NEWOBJ + dict_(attributes) + BUILD


def pickled(value: bytes) -> bytes:
    return b"\x80\x02" + value + STOP


CODE = '''class M(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  weight : Tensor
  training : bool
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    weight = self.weight
    return torch.matmul(x, weight)
'''
# 24 bytes: a float32 tensor of 2 × 3
WEIGHTS = struct.pack("<6f", *range(6))


def whole(weight: bytes = None, more: dict = None) -> bytes:
    """data.pkl of the model that all others are made from: one parameter of 2 × 3."""
    return pickled(module({"weight": weight or tensor(), "training": TRUE, **(more or {})}))


def records(data: bytes = None, code=CODE, weights: dict = None, constants: bytes = None, root="m", version=b"3\n") -> list:
    named = {"data.pkl": whole() if data is None else data}
    if code is not None:
        named["code/__torch__.py"] = code if isinstance(code, bytes) else code.encode()
        named["constants.pkl"] = pickled(EMPTY_TUPLE) if constants is None else constants
    for key, value in ({"0": WEIGHTS} if weights is None else weights).items():
        named[f"data/{key}"] = value
    if version is not None:
        named["version"] = version
    return [Record(f"{root}/{name}", value) for name, value in named.items()]


def archive(*arguments, **named) -> bytes:
    return write_archive(records(*arguments, **named))


def changed(rows: list, name: str, **changes) -> list:
    """The same records with one of them changed; its `lies` too."""
    assert any(r.name.endswith("/" + name) for r in rows), name
    return [r.replace(**changes) if r.name.endswith("/" + name) else r for r in rows]


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()
