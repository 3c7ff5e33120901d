"""Damaged class declarations and packages."""

from . import case, cases
from .assemble import CODE, archive, records_of, sample, write_archive

SOURCE = [["code/__torch__.py", "__torch__.M"]]

cases({
    "code_empty.pt": ("the source is empty: no class M", SOURCE, ""),
    "code_of_another_class.pt": ("the source declares another class", SOURCE, CODE.replace("class M", "class N")),
    "code_binary.pt": ("the source is binary", SOURCE, bytes(range(256)) * 8),
    "code_class_line.pt": ("a class line that is none", SOURCE, CODE.replace("class M(Module):", "class M(Module")),
    "code_cut_in_parameters.pt": ("the source ends inside __parameters__", SOURCE, CODE[: CODE.index('"weight"') + 4]),
    "code_string_unterminated.pt": ("__parameters__ with a string that does not end", SOURCE, CODE.replace('"weight", ]', '"weight, ]')),
    "code_list_unterminated.pt": ("__parameters__ with a list that does not end", SOURCE, CODE.replace('"weight", ]', '"weight", ')),
    "code_parameters_is_call.pt": ("__parameters__ is an expression, not a list", SOURCE, CODE.replace('["weight", ]', "list(weight)")),
    "code_twice.pt": ("the class is declared twice, with other parameters", SOURCE, CODE + CODE.replace('["weight", ]', "[]")),
}, lambda code: archive(code=code))


@case("code_in_a_string.pt", "a function whose string looks like another declaration of parameters", exit=0)
def code_in_a_string():
    body = '    text = "\\n__parameters__ = []\\nclass M(Module):\\n  __parameters__ = []\\n"\n    return torch.matmul(x, weight)\n'
    return archive(code=CODE.replace("    return torch.matmul(x, weight)\n", body))


@case("code_parameter_without_tensor.pt", "__parameters__ names an attribute that does not exist", exit=[0, 3])
def code_parameter_without_tensor():
    return archive(code=CODE.replace('["weight", ]', '["weight", "absent", ]').replace("  training", "  absent : Tensor\n  training"))


@case("code_missing_for_class.pt", "a class whose source file is missing", [["__torch__/recipes/basics", "recipes.basics", "Mlp"]])
def code_missing_for_class():
    return write_archive([r for r in records_of(sample("no_debug_files.pt")) if "recipes" not in r.name])


@case("code_unknown_operator.pt", "calls an operator that no library has: nothing is compiled", exit=0)
def code_unknown_operator():
    return archive(code=CODE.replace("torch.matmul(x, weight)", "ops.made_up.operator(x, weight)"))


@case("code_nested_brackets.pt", "a constant of 1,000,000 nested brackets", exit=[0, 3])
def code_nested_brackets():
    line = "  deep : Final[List[int]] = " + "[" * 1_000_000 + "]" * 1_000_000 + "\n"
    return archive(code=CODE.replace("  training", line + "  training"))


@case("code_constant_calls.pt", "a Final constant that is a call: it is not run", exit=[0, 3], writes=["written-by-constant.tmp"])
def code_constant_calls():
    line = '  value : Final[int] = torch.save(1, "written-by-constant.tmp")\n'
    return archive(code=CODE.replace("  training", line + "  training"))


def package_records() -> list:
    return records_of(sample("package.pt"))


@case("package_without_data.pt", "a package one of whose modules has lost its data.pkl", exit=[0, 3])
def package_without_data():
    return write_archive([r for r in package_records() if not r.name.endswith("ts_code/1/data.pkl")])


@case("package_without_storage.pt", "a package that has lost a storage", [".data/0.storage"])
def package_without_storage():
    return write_archive([r for r in package_records() if not r.name.endswith(".data/0.storage")])


@case("package_damaged_data.pt", "a package one of whose modules has a damaged data.pkl", ["ts_code/1/data.pkl"])
def package_damaged_data():
    return write_archive([r.replace(data=b"\x80\x02junk") if r.name.endswith("ts_code/1/data.pkl") else r for r in package_records()])
