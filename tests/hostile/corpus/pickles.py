"""Damaged and hostile pickles."""

from . import case, cases
from .assemble import (APPENDS, BUILD, CODE, EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE, FALSE, FILES, MARK, NEWOBJ, NONE, REDUCE, SETITEMS,
                       TRUE, TUPLE, Record, archive, call, dict_, get, global_, integer, list_, module, pickled, put, records,
                       storage, tensor, text, tuple_, whole, write_archive)

DATA = ["data.pkl"]
GOOD = whole()


def in_data(raw: bytes) -> bytes:
    return archive(raw)


cases({
    "data_empty.pt": ("data.pkl is empty", DATA, b""),
    "data_is_text.pt": ("data.pkl holds text", DATA, b"not a pickle\n"),
    "data_cut.pt": ("data.pkl is cut in the middle", DATA, GOOD[: len(GOOD) // 2]),
    "data_without_stop.pt": ("data.pkl has no STOP", DATA, GOOD[:-1]),
    "data_protocol_5.pt": ("data.pkl is of protocol 5", DATA, b"\x80\x05" + GOOD[2:]),
    "cut_in_global.pt": ("data.pkl ends inside a GLOBAL: LibTorch loops for ever", DATA, b"\x80\x02c__torch__\nM"),
    "unknown_opcode.pt": ("an opcode that does not exist", DATA, pickled(b"\xff" + TRUE)),
    "inst_opcode.pt": ("INST, which torch.jit.save never writes", DATA, pickled(b"(ios\nsystem\n")),
    "memo_miss.pt": ("BINGET of an index that nothing was put at", DATA, pickled(get(77))),
    "memo_of_empty_stack.pt": ("BINPUT with an empty stack", DATA, pickled(put(0))),
    "memo_huge_index.pt": ("LONG_BINPUT at 2^32 - 1: LibTorch allocates 64 GB", DATA,
                           pickled(TRUE + b"r\xff\xff\xff\xff" + b"j\xff\xff\xff\x7f")),
    "string_of_4_gb.pt": ("BINUNICODE that claims 4 GB", DATA, b"\x80\x02X\xff\xff\xff\xffabc."),
    "long_of_255_bytes.pt": ("LONG1 of 255 bytes", DATA, pickled(b"\x8a\xff" + bytes(255))),
    "long4_negative.pt": ("LONG4 of a negative size", DATA, pickled(b"\x8b\xff\xff\xff\xff")),
    "mark_without_end.pt": ("marks that nothing closes", DATA, pickled(MARK * 5 + TRUE)),
    "end_without_mark.pt": ("a tuple without a mark", DATA, pickled(TRUE + TUPLE)),
    "stack_underflow.pt": ("REDUCE on an empty stack", DATA, pickled(REDUCE)),
    "stack_left_over.pt": ("two values on the stack at STOP", DATA, pickled(TRUE + TRUE)),
    "build_below_mark.pt": ("BUILD takes a value from below the mark", DATA, pickled(TRUE + MARK + BUILD)),
    "odd_dict.pt": ("a dict with a key and no value", DATA, pickled(EMPTY_DICT + MARK + text("a") + SETITEMS)),
    "append_to_number.pt": ("APPENDS to a number", DATA, pickled(integer(1) + MARK + TRUE + APPENDS)),
    "reduce_a_number.pt": ("REDUCE of a number", DATA, pickled(integer(1) + EMPTY_TUPLE + REDUCE)),
    "persistent_id_of_text.pt": ("a persistent id that is no tuple", DATA, pickled(text("storage") + b"Q")),
    "persistent_id_too_short.pt": ("a persistent id of two items", DATA, pickled(tuple_(text("storage"), text("0")) + b"Q")),
    "root_is_a_number.pt": ("the root is a number, not a module", DATA, pickled(integer(7))),
    "root_is_a_list.pt": ("the root is a list, not a module", DATA, pickled(list_(integer(7)))),
    "many_marks.pt": ("5 million marks", DATA, pickled(MARK * 5_000_000)),
}, in_data)


def deflated(data: bytes) -> bytes:
    return write_archive([r.replace(deflated=r.name == "m/data.pkl") for r in records(data)])


cases({
    "nested_tuples.pt": ("1,000,000 nested tuples: LibTorch's stack overflows when it frees them", DATA,
                         pickled(EMPTY_TUPLE + b"\x85" * 1_000_000)),
    "nested_lists.pt": ("1,000,000 nested lists", DATA, pickled(b"](" * 1_000_000 + b"e" * 1_000_000)),
    "nested_dicts.pt": ("200,000 nested dicts", DATA, pickled((b"}(" + text("k")) * 200_000 + b"N" + b"u" * 200_000)),
    "many_values.pt": ("80 million empty lists", DATA, pickled(MARK + EMPTY_LIST * 80_000_000 + TUPLE)),
}, deflated)


M = global_("__torch__", "M")


@case("nested_modules.pt", "100,000 modules inside each other", exit=[0, 3])
def nested_modules():
    return deflated(pickled((M + b")\x81}(" + text("m")) * 100_000 + NONE + b"ub" * 100_000))


@case("nested_states.pt", "100,000 states of `__setstate__` inside each other", exit=[0, 3])
def nested_states():
    return deflated(pickled((M + b")\x81(") * 100_000 + NONE + b"tb" * 100_000))


def with_attribute(value: bytes) -> bytes:
    return archive(whole(more={"x": value}), code=CODE.replace("  training", "  x : Any\n  training"))


@case("data_after_stop.pt", "data.pkl goes on after STOP, which LibTorch does not mind", exit=[0, 3])
def data_after_stop():
    return in_data(GOOD + GOOD)


@case("tensor_subclass.pt", "_rebuild_from_type_v2, by which a file steers an unchecked call of LibTorch", DATA)
def tensor_subclass():
    inner = tuple_(storage(), integer(0), tuple_(integer(2), integer(3)), tuple_(integer(3), integer(1)), FALSE)
    attack = call("torch._tensor", "_rebuild_from_type_v2", text("not a function"), integer(4), inner, EMPTY_DICT)
    return with_attribute(attack)


@case("calls_a_command.pt", "REDUCE of posix.system: nothing may be called", exit=[0, 3], writes=["written-by-pickle.tmp"])
def calls_a_command():
    return with_attribute(call("posix", "system", text("touch written-by-pickle.tmp")))


@case("calls_eval.pt", "REDUCE of builtins.eval in place of the root", [["data.pkl", "eval"]], writes=["written-by-pickle.tmp"])
def calls_eval():
    return archive(pickled(call("builtins", "eval", text("open('written-by-pickle.tmp', 'w')"))))


@case("list_in_itself.pt", "a list that holds itself", exit=[0, 3])
def list_in_itself():
    return with_attribute(EMPTY_LIST + put(9) + MARK + get(9) + tensor() + APPENDS)


@case("dict_in_itself.pt", "a dict that holds itself", exit=[0, 3])
def dict_in_itself():
    return with_attribute(EMPTY_DICT + put(9) + MARK + text("me") + get(9) + SETITEMS)


@case("module_in_itself.pt", "a module that is its own child", exit=[0, 3])
def module_in_itself():
    inner = M + EMPTY_TUPLE + NEWOBJ + put(9) + dict_({"weight": tensor(), "me": get(9), "training": TRUE}) + BUILD
    return with_attribute(inner)


def doubling(kind: str) -> bytes:
    """60 containers, each holding the one before twice.  One tuple holds all: torch.jit.save never writes POP."""
    out = MARK + tensor() + put(0)
    for i in range(60):
        held = get(i)
        made = {"tuples": tuple_(held, held), "lists": list_(held, held),
                "modules": module({"a": held, "b": held, "training": TRUE})}[kind]
        out += made + put(i + 1)
    return with_attribute(out + TUPLE)


for kind in ("tuples", "lists", "modules"):
    case(f"doubling_{kind}.pt", f"60 {kind}, each holding the one before twice: 2^60 paths", exit=[0, 3])(
        lambda kind=kind: doubling(kind))


@case("constants_cut.pt", "constants.pkl is cut", ["constants.pkl"])
def constants_cut():
    return archive(constants=b"\x80\x02(")


@case("constants_is_a_number.pt", "constants.pkl holds a number, not a tuple", ["constants.pkl"])
def constants_is_a_number():
    return archive(constants=pickled(integer(3)))


@case("constant_past_storage.pt", "a constant that reaches past its storage", ["constants.pkl", ["past", "beyond", "exceed", "reach"]])
def constant_past_storage():
    rows = records(constants=pickled(tuple_(tensor((5, 5), (5, 1), of=storage(count=6)))))
    return write_archive(rows + [Record("m/constants/0", bytes(24))])


@case("setstate_writes_a_file.pt", "its `__setstate__` writes a file when PyTorch loads it; an audit runs nothing", exit=0,
      writes=["written-by-setstate.tmp"])
def setstate_writes_a_file():
    return (FILES / "setstate_writes_a_file.pt").read_bytes()


def named(name) -> bytes:
    """A tensor under a key that may be any text; names of attributes come from the code, which holds no control characters."""
    code = CODE.replace("training : bool\n", "training : bool\n  tensors : Dict[str, Tensor]\n")
    return archive(whole(more={"tensors": dict_({name: tensor()})}), code=code)


for file, why, name, never in (
    ("name_with_escape.pt", "a tensor named with terminal escapes", "\x1b[31mred\x1b]0;title\x07", ["\x1b", "\x07"]),
    ("name_with_newline.pt", "a tensor named with line breaks", "a\nTOTAL 1\r\nb", ["\nTOTAL 1"]),
    ("name_not_utf8.pt", "a tensor named in bytes that are not UTF-8", b"\xff\xfe\xc3", []),
    ("name_with_markup.pt", "a tensor named with HTML", "<script>alert(1)</script>", []),
    ("name_of_a_megabyte.pt", "a tensor whose name has a million characters", "n" * 1_000_000, []),
    ("name_empty.pt", "a tensor without a name", "", []),
    ("name_with_null.pt", "a tensor named with a null byte", "a\0b", []),
):
    case(file, why, exit=[0, 3] if len(name) > 1000 else 0, never=never)(lambda name=name: named(name))
