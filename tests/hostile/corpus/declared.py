"""Code and states that torch.jit.save does not write. torch.jit.load reads most of them, and counts otherwise than they look."""

from . import case, cases
from .assemble import (BUILD, CODE, EMPTY_TUPLE, FALSE, NEWOBJ, NONE, TRUE, Record, archive, call, dict_, get, global_, hooks, integer,
                       list_, module, pickled, put, records, storage, tensor, text, tuple_, whole, write_archive)

PARAMETERS, BUFFERS = '  __parameters__ = ["weight", ]\n', "  __buffers__ = []\n"


def of(parameters: str) -> str:
    return CODE.replace(PARAMETERS, parameters)


def saying(line: int, column: int = None) -> list:
    return [f"line {line}, column {column or ''}"]


# What stands between the lines, or within them, hides or adds parameters from one reader or another.
cases({
    "text_blank_line.pt": ("a blank line in a class", saying(2, 1), of("\n" + PARAMETERS)),
    "text_blank_line_of_blanks.pt": ("a line of blanks in a class", saying(2), of("  \n" + PARAMETERS)),
    "text_tab.pt": ("a tab in front of __parameters__", saying(2, 1), of(PARAMETERS.replace("  ", "\t", 1))),
    "text_tab_behind.pt": ("a tab behind __parameters__", saying(2), of(PARAMETERS.replace(" =", "\t="))),
    "text_two_blanks.pt": ("two blanks before the equals sign", saying(2, 3), of(PARAMETERS.replace(" =", "  ="))),
    "text_no_blank.pt": ("no blank before the equals sign", saying(2, 3), of(PARAMETERS.replace(" =", "="))),
    "text_blank_at_end.pt": ("a blank at the end of a line", saying(2), of(PARAMETERS.replace("]\n", "] \n"))),
    "text_backslash.pt": ("a line that goes on behind a backslash", saying(2), of(PARAMETERS.replace("= [", "= \\\n["))),
    "text_annotation.pt": ("__parameters__ with an annotation", saying(2, 3), of(PARAMETERS.replace(" =", " : List[str] ="))),
    "text_comment.pt": ("a comment behind __parameters__", saying(2), of(PARAMETERS.replace("]\n", "] # none\n"))),
    "text_comment_line.pt": ("a line of comment", saying(2, 3), of("  # parameters\n" + PARAMETERS)),
    "text_comment_in_list.pt": ("a comment within the list of parameters", saying(2), of('  __parameters__ = [#\n"weight", ]\n')),
    "text_single_quotes.pt": ("a parameter in single quotes", saying(2), of(PARAMETERS.replace('"', "'"))),
    "text_triple_quotes.pt": ("a parameter in three quotes", saying(1), of(PARAMETERS.replace('"', '"""'))),
    "text_two_strings.pt": ("two strings that LibTorch joins", saying(1), of(PARAMETERS.replace('"weight"', '"wei""ght"'))),
    "text_escaped_name.pt": ("a parameter with an escape in its name", saying(1), of(PARAMETERS.replace("weight", "\\167eight"))),
    "text_no_last_comma.pt": ("a list without its last comma", saying(2, 20), of(PARAMETERS.replace(", ]", "]"))),
    "text_list_of_lines.pt": ("a list over two lines", saying(2), of(PARAMETERS.replace('["', '[\n"'))),
    "text_tuple.pt": ("a tuple of parameters", saying(2, 20), of(PARAMETERS.replace("[", "(").replace("]", ")"))),
    "text_sum_of_lists.pt": ("two lists added", saying(2, 20), of(PARAMETERS.replace("]", "] + []"))),
    "text_parameters_twice.pt": ("__parameters__ twice: LibTorch takes both", saying(3, 3), of("  __parameters__ = []\n" + PARAMETERS)),
    "text_parameters_last.pt": ("__parameters__ behind the attributes", saying(2, 3),
                                CODE.replace(PARAMETERS, "").replace("training : bool\n", "training : bool\n" + PARAMETERS)),
    "text_parameters_in_method.pt": ("__parameters__ within a method", saying(2, 3),
                                     of("").replace("    weight =", "  " + PARAMETERS + "    weight =")),
    "text_attribute_in_method.pt": ("an attribute within a method only", ["weight"],
                                    CODE.replace("  weight : Tensor\n", "").replace("    weight =", "    weight : Tensor\n    weight =")
                                    .replace('"weight", ', "")),
    "text_attribute_behind_method.pt": ("an attribute behind a method", saying(10, 3), CODE + "  extra : Tensor\n"),
    "text_attribute_with_value.pt": ("an attribute with a value: a constant to LibTorch", saying(4),
                                     CODE.replace("weight : Tensor", "weight : Tensor = 1")),
    "text_attribute_twice.pt": ("an attribute twice", saying(5, 3), CODE.replace("  weight : Tensor\n", 2 * "  weight : Tensor\n")),
    "text_unknown_type.pt": ("an attribute of a type that there is not", saying(4, 12), CODE.replace("weight : Tensor", "weight : Weight")),
    "text_parameter_of_a_list.pt": ("a parameter that is a list", saying(1, 1), CODE.replace("weight : Tensor", "weight : List[Tensor]")),
    "text_indent.pt": ("an indent of three blanks", saying(4), CODE.replace("  weight : Tensor", "   weight : Tensor")),
    "text_indent_of_class.pt": ("a class that is indented", saying(1, 2), " " + CODE),
    "text_base_with_blank.pt": ("a blank before the base", saying(1, 8), CODE.replace("(Module)", "( Module)")),
    "text_base_unknown.pt": ("a class of another base", saying(1, 8), CODE.replace("(Module)", "(Base)")),
    "text_no_base.pt": ("a class without a base that lists parameters", saying(2), CODE.replace("(Module)", "")),
    "text_carriage_returns.pt": ("lines that end in carriage returns", saying(1, 17), CODE.replace("\n", "\r\n")),
    "text_semicolon.pt": ("a statement at the top", saying(1, 1), "x = 1\n" + CODE),
    "text_null.pt": ("a null byte in the source", saying(2), of(PARAMETERS.replace("weight", "wei\0ght"))),
    "text_form_feed.pt": ("a form feed in a class", saying(2), of("\f" + PARAMETERS)),
    "text_no_line_feed.pt": ("a source without its last line feed", saying(9), CODE[:-1]),
    "text_setstate_blank.pt": ("__setstate__ with a blank before its bracket", saying(6, 3), CODE.replace("def forward(", "def __setstate__ (")),
}, lambda code: archive(code=code))


DATA = ["data.pkl, byte"]
SMALL = tensor((1,), (1,))


def state(attributes: dict, types: dict, classes: str = "") -> bytes:
    """A model of `attributes`, whose class declares `types`; none of them is a parameter."""
    declared = "".join(f"  {name} : {kind}\n" for name, kind in types.items())
    source = f"class M(Module):\n  __parameters__ = []\n{BUFFERS}{declared}"
    return archive(pickled(module(attributes)), code=source + classes)


CHILD = f"class N(Module):\n{PARAMETERS}{BUFFERS}  weight : Tensor\n"
child = module({"weight": SMALL}, "N")

cases({
    "state_surplus.pt": ("an attribute that its class does not declare", DATA, {"a": SMALL, "b": SMALL}, {"a": "Tensor"}),
    "state_lacks.pt": ("a declared attribute that the state lacks", DATA, {"a": SMALL}, {"a": "Tensor", "b": "Tensor"}),
    "state_order.pt": ("attributes in another order than declared", DATA, {"a": SMALL, "b": SMALL}, {"b": "Tensor", "a": "Tensor"}),
    "state_none.pt": ("None where a tensor is declared", DATA, {"a": NONE}, {"a": "Tensor"}),
    "state_list_for_tensor.pt": ("a list where a tensor is declared", DATA, {"a": list_(SMALL)}, {"a": "Tensor"}),
    "state_tensor_for_list.pt": ("a tensor where a list is declared", DATA, {"a": SMALL}, {"a": "List[Tensor]"}),
    "state_tensor_for_int.pt": ("a tensor where a number is declared", DATA, {"a": SMALL}, {"a": "int"}),
    "state_list_of_others.pt": ("tensors in a list of numbers", DATA, {"a": list_(SMALL)}, {"a": "List[int]"}),
    "state_short_tuple.pt": ("a tuple of fewer items than declared", DATA, {"a": tuple_(SMALL)}, {"a": "Tuple[Tensor, Tensor]"}),
    "state_ordered_dict.pt": ("an OrderedDict with arguments: None to LibTorch", DATA,
                              {"a": call("collections", "OrderedDict", list_(SMALL))}, {"a": "Any"}),
    "state_device_of_tensor.pt": ("a device made of a tensor", DATA, {"a": call("torch", "device", SMALL)}, {"a": "Any"}),
    "state_object_with_arguments.pt": ("an object made with arguments", ["data.pkl"],
                                       {"a": global_("__torch__", "N") + tuple_(SMALL) + NEWOBJ + dict_({"weight": SMALL}) + BUILD},
                                       {"a": "__torch__.N"}, CHILD),
    "state_object_by_reduce.pt": ("an object made by REDUCE, which LibTorch takes for BUILD", DATA,
                                  {"a": global_("__torch__", "N") + dict_({"weight": SMALL}) + b"R"}, {"a": "__torch__.N"}, CHILD),
    "state_object_kept_early.pt": ("an object that is kept before its state", ["data.pkl"],
                                   {"a": global_("__torch__", "N") + EMPTY_TUPLE + NEWOBJ + put(9) + dict_({"weight": SMALL}) + BUILD,
                                    "b": get(9)}, {"a": "__torch__.N", "b": "__torch__.N"}, CHILD),
    "state_module_for_tensor.pt": ("a module where a tensor is declared: not counted by LibTorch", DATA, {"a": child}, {"a": "Tensor"}, CHILD),
    "state_module_for_any.pt": ("a module where Any is declared: not counted", DATA, {"a": child}, {"a": "Any"}, CHILD),
    "state_module_for_optional.pt": ("a module where an optional one is declared: not counted", DATA, {"a": child},
                                     {"a": "Optional[__torch__.N]"}, CHILD),
    "state_module_in_list.pt": ("a module in a list: not counted", DATA, {"a": list_(child)}, {"a": "List[__torch__.N]"}, CHILD),
    "state_module_in_dict.pt": ("a module in a dict: not counted", DATA, {"a": dict_({"n": child})}, {"a": "Dict[str, __torch__.N]"}, CHILD),
    "state_module_of_other_class.pt": ("a module of another class than declared", DATA, {"a": child}, {"a": "__torch__.O"},
                                       CHILD + CHILD.replace("class N", "class O").replace('"weight", ', "")),
    "state_module_in_object.pt": ("a module within an object that is none: not counted", DATA,
                                  {"a": module({"n": child}, "Box")}, {"a": "__torch__.Box"}, CHILD + "class Box:\n  n : __torch__.N\n"),
    "state_bare_storage.pt": ("a storage without a tensor", DATA, {"a": storage()}, {"a": "Any"}),
    "state_bare_name.pt": ("a name without a call: a number to LibTorch", DATA, {"a": global_("torch", "FloatStorage")}, {"a": "int"}),
    "state_repeated_name.pt": ("a name of a megabyte for 3,000 tensors", ["modules, tensors and names"],
                               {"a": dict_({"n" * 1_000_000: list_(*[SMALL] * 3_000)})}, {"a": "Dict[str, List[Tensor]]"}),
}, state)


def states_of_dict(keys: list) -> bytes:
    value = b"}(" + b"".join(key + SMALL for key in keys) + b"u"
    return state({"a": value}, {"a": "Any"})


cases({
    "keys_twice.pt": ("a dict with a key twice: LibTorch keeps the last", DATA, [text("k"), text("k")]),
    "keys_twice_numbers.pt": ("a dict with a number twice", DATA, [integer(300), b"\x8a\x08" + (300).to_bytes(8, "little")]),
    "keys_none.pt": ("a dict with None as a key", DATA, [NONE]),
    "keys_list.pt": ("a dict with a list as a key", DATA, [list_()]),
}, states_of_dict)


def arguments(*more: bytes, device="cpu") -> bytes:
    of = tuple_(text("storage"), global_("torch", "FloatStorage"), text("0"), text(device), integer(6)) + b"Q"
    return archive(whole(call("torch._utils", "_rebuild_tensor_v2", of, integer(0), tuple_(integer(6)), tuple_(integer(1)), TRUE, *more)))


HOOKED = call("collections", "OrderedDict", list_(integer(1)))
cases({
    "tensor_hooks.pt": ("a tensor with hooks", DATA, HOOKED),
    "tensor_without_hooks.pt": ("a tensor without its hooks", DATA),
    "tensor_eight_arguments.pt": ("a tensor of eight arguments", DATA, hooks(), dict_({"conj": FALSE}), NONE),
    "tensor_bits_of_tensors.pt": ("bits of a tensor that are a tensor", DATA, hooks(), dict_({"conj": SMALL})),
}, arguments)
cases({"tensor_device.pt": ("a device that there is not", DATA, "gpu 0")}, lambda device: arguments(hooks(), device=device))


def with_records(more: dict, drop=()) -> bytes:
    rows = [r for r in records() if r.name.split("/", 1)[1] not in drop]
    return write_archive(rows + [Record(f"m/{name}", value) for name, value in more.items()])


PACKAGE = {".data/ts_code/0/data.pkl": whole(), ".data/ts_code/code/__torch__.py": CODE.encode(), ".data/0.storage": bytes(24)}
cases({
    "two_kinds_package.pt": ("a TorchScript archive that is a torch.package too", ["two ways"], PACKAGE),
    "two_kinds_json.pt": ("a TorchScript archive that is one of PyTorch 1.2 too", ["two ways"], {"model.json": b"{}"}),
    "constants_of_other_case.pt": ("constants.pkl in another case, which LibTorch finds", ["constants.pkl"],
                                   {"CONSTANTS.PKL": pickled(tuple_(SMALL))}, ["constants.pkl"]),
    "constants_missing.pt": ("no constants.pkl", ["constants.pkl"], {}, ["constants.pkl"]),
    "code_of_other_case.pt": ("the source in another case, which LibTorch finds", ["code/__torch__.py"],
                              {"code/__TORCH__.py": CODE.encode()}, ["code/__torch__.py"]),
}, with_records)


def beside(source: Record) -> bytes:
    """The model's class in code/__torch__/a.py, and a source of nobody's beside it."""
    rows = []
    for r in records(code=CODE):
        if r.name.endswith(".py"):
            r = r.replace(name=r.name.replace("__torch__.py", "__torch__/a.py"), data=r.data.replace(b"__torch__.M", b"__torch__.a.M"))
        if r.name.endswith("/data.pkl"):
            r = r.replace(data=pickled(module({"weight": tensor(), "training": TRUE}).replace(b"c__torch__\n", b"c__torch__.a\n", 1)))
        rows.append(r)
    return write_archive([*rows, source])


@case("source_of_nobody.pt", "a source that no module is of, cut off: LibTorch parses it where another one names it",
      says=["code/__torch__.py: line 2, column 1"])
def source_of_nobody():
    return beside(Record("m/code/__torch__.py", b"class M(Module):\n\n"))


@case("source_of_nobody_damaged.pt", "a source that no module is of and that cannot be read: a finding of its safety", exit=0)
def source_of_nobody_damaged():
    return beside(Record("m/code/__torch__.py", CODE.encode(), lies={"crc": 1}))


@case("constant_with_gradients.pt", "a constant that requires gradients: code cannot use it", says=["CONSTANTS.c0 is a constant that requires"])
def constant_with_gradients():
    rows = records(constants=pickled(tuple_(tensor())))
    return write_archive([*rows, Record("m/constants/0", bytes(24))])
