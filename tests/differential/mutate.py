"""Structured mutations of TorchScript archives; standard library only.

An archive is a list of [name, bytes]; a mutation changes one thing as a writer would have written it: a value of a pickle by
another one, a token of the code, a record's name. Each is a function of the records and a random generator, and returns words
that say what it did, or None where it does not apply."""

import io
import pickletools
import re
import struct
import zipfile

# ----------------------------------------------------------------------------------------------------------------------
# archives


def read(path) -> list:
    with zipfile.ZipFile(path) as archive:
        return [[info.filename, archive.read(info)] for info in archive.infolist()]


def write(records: list, rng) -> bytes:
    """A valid archive; now and then with compression, comments or another order, which mean nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in records:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if rng.random() < 0.05 else zipfile.ZIP_STORED
            if rng.random() < 0.02:
                info.comment = b"a comment"
            if rng.random() < 0.02:
                info.extra = struct.pack("<HH", 0x4242, 3) + b"pad"
            archive.writestr(info, data)
    return out.getvalue()


def of_kind(records: list, pattern: str) -> list:
    return [r for r in records if re.search(pattern, r[0]) and r[1]]


# ----------------------------------------------------------------------------------------------------------------------
# pickles


def text(s) -> bytes:
    raw = s if isinstance(s, bytes) else s.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def parse(data: bytes):
    """The opcodes as pieces of bytes, and the spans [first, last + 1) of opcodes that make a value, with what it is."""
    starts = [(position, op.name) for op, _, position in pickletools.genops(data)]
    ends = [p for p, _ in starts[1:]] + [len(data)]
    ops = [(name, data[start:end]) for (start, name), end in zip(starts, ends)]
    stack, spans = [], []

    def push(first, last, kind, parts=()):
        stack.append((first, last, kind, tuple(parts)))
        spans.append(stack[-1])

    for i, (name, piece) in enumerate(ops):
        if name in ("PROTO", "STOP"):
            continue
        if name in ("BINPUT", "LONG_BINPUT"):
            if stack:
                first, _, kind, parts = stack[-1]
                stack[-1] = (first, i + 1, kind, parts)
                spans.append(stack[-1])
        elif name == "MARK":
            stack.append((i, i + 1, "mark", ()))
        elif name in ("TUPLE", "APPENDS", "SETITEMS"):
            parts = []
            while stack[-1][2] != "mark":
                parts.append(stack.pop())
            mark = stack.pop()
            parts.reverse()
            if name == "TUPLE":
                push(mark[0], i + 1, "tuple", parts)
            else:
                holder = stack.pop()
                push(holder[0], i + 1, "list" if name == "APPENDS" else "dict", parts)
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            parts = [stack.pop() for _ in range(int(name[-1]))][::-1]
            push(parts[0][0], i + 1, "tuple", parts)
        elif name in ("NEWOBJ", "REDUCE", "BUILD"):
            second, first = stack.pop(), stack.pop()
            push(first[0], i + 1, name.lower(), (first, second))
        elif name == "BINPERSID":
            push(stack.pop()[0], i + 1, "storage")
        else:
            push(i, i + 1, name.lower())
    return ops, [s for s in spans if s[2] != "mark"]


def joined(ops: list) -> bytes:
    return b"".join(piece for _, piece in ops)


SCALARS = [b"N", b"\x88", b"\x89", b"K\x00", b"K\x01", b"K\x07", b"J\xff\xff\xff\xff", b"G\x3f\xf0" + bytes(6), b")", b"]", b"}",
           text("w"), text(""), b"\x8a\x08" + b"\xff" * 7 + b"\x7f", b"c__torch__\nM\n", b"ctorch\nFloatStorage\n",
           b"ccollections\nOrderedDict\n)R", b"ctorch\ndevice\n" + text("cpu") + b"\x85R"]


def replaced(ops, span, pieces: bytes) -> bytes:
    return joined(ops[:span[0]]) + pieces + joined(ops[span[1]:])


def pickle_value(ops, spans, rng):
    """A value by another one of the same pickle, or by a scalar."""
    target, source = rng.choice(spans), rng.choice(spans)
    if rng.random() < 0.4:
        return replaced(ops, target, rng.choice(SCALARS)), "a value by a scalar"
    if target[0] <= source[0] < target[1] or rng.random() < 0.5:
        same = [s for s in spans if s[2] == target[2]]
        source = rng.choice(same)
    return replaced(ops, target, joined(ops[source[0]:source[1]])), "a value by another value"


def pickle_wrapped(ops, spans, rng):
    target = rng.choice(spans)
    inner = joined(ops[target[0]:target[1]])
    wraps = {
        "a list": b"](" + inner + b"e", "a tuple": inner + b"\x85", "a dict": b"}(" + text("k") + inner + b"u",
        "an OrderedDict": b"ccollections\nOrderedDict\n" + inner + b"\x85R", "a device": b"ctorch\ndevice\n" + inner + b"\x85R",
        "a type tag": b"ctorch.jit._pickle\nrestore_type_tag\n" + inner + text("List[Tensor]") + b"\x86R",
        "a list of tensors": b"ctorch.jit._pickle\nbuild_tensorlist\n" + inner + b"\x85R",
        "a parameter": b"ctorch._utils\n_rebuild_parameter\n(" + inner + b"\x88ccollections\nOrderedDict\n)RtR",
    }
    name = rng.choice(sorted(wraps))
    return replaced(ops, target, wraps[name]), f"a value within {name}"


def pickle_pairs(ops, spans, rng):
    """Keys and values of a dict: one dropped, doubled, exchanged, renamed, added."""
    dicts = [s for s in spans if s[2] == "dict" and len(s[3]) >= 2 and len(s[3]) % 2 == 0]
    if not dicts:
        return None
    pairs = rng.choice(dicts)[3]
    i, j = (2 * rng.randrange(len(pairs) // 2) for _ in range(2))
    key, value = (joined(ops[p[0]:p[1]]) for p in pairs[i:i + 2])
    both = (pairs[i][0], pairs[i + 1][1])
    whole = joined(ops[both[0]:both[1]])
    other_key, other_value = (joined(ops[p[0]:p[1]]) for p in pairs[j:j + 2])
    how = rng.choice(["dropped", "doubled", "other value twice", "renamed", "swapped keys", "swapped values", "added", "moved"])
    if how == "dropped":
        return replaced(ops, both, b""), "a pair dropped"
    if how == "doubled":
        return replaced(ops, both, whole + whole), "a pair doubled"
    if how == "other value twice":
        return replaced(ops, both, whole + key + other_value), "a key twice with two values"
    if how == "renamed":
        return replaced(ops, pairs[i], text(rng.choice(["x", "weight", "bias", "training", ""]))), "a key renamed"
    if how == "swapped keys":
        if i == j:
            return None
        return replaced(ops, pairs[i], other_key), "a key by another key"
    if how == "swapped values":
        if i == j:
            return None
        return replaced(ops, pairs[i + 1], other_value), "a value by another key's"
    if how == "moved":
        if pairs[j][0] <= pairs[i][0]:
            return None
        ordered = joined(ops[:both[0]]) + joined(ops[both[1]:pairs[j + 1][1]]) + whole + joined(ops[pairs[j + 1][1]:])
        return ordered, "a pair moved"
    return replaced(ops, both, whole + text(rng.choice(["ghost", "w", "weight"])) + other_value), "a pair added"


def pickle_opcode(ops, spans, rng):
    """One opcode dropped, doubled, exchanged with the next, or by another one."""
    i = rng.randrange(1, len(ops) - 1)
    how = rng.choice(["dropped", "doubled", "exchanged", "other", "inserted"])
    changed = list(ops)
    if how == "dropped":
        del changed[i]
    elif how == "doubled":
        changed.insert(i, ops[i])
    elif how == "exchanged":
        changed[i], changed[i - 1] = changed[i - 1], changed[i]
    elif how == "inserted":
        changed.insert(i, ("", rng.choice(SCALARS + [b"(", b"t", b"R", b"b", b"\x81", b"0", b"q\x01", b"h\x01", b"e", b"u", b"Q"])))
    else:
        changed[i] = ("", rng.choice([b"t", b"R", b"b", b"\x81", b"e", b"u", b"Q", b"\x85", b"\x86", b"\x87", b"("] + SCALARS))
    return joined(changed), f"an opcode {how}"


def pickle_argument(ops, spans, rng):
    """The argument of one opcode: a number, a text, a name, an index of the memo."""
    texts = [p[5:] for n, p in ops if n == "BINUNICODE"]
    names = [p for n, p in ops if n == "GLOBAL"]
    candidates = [i for i, (n, _) in enumerate(ops) if n in ("BININT1", "BININT2", "BININT", "BINUNICODE", "GLOBAL", "BINGET",
                                                           "LONG_BINGET", "BINPUT", "LONG_BINPUT", "NEWTRUE", "NEWFALSE")]
    if not candidates:
        return None
    i = rng.choice(candidates)
    name, piece = ops[i]
    if name.startswith("BININT"):
        piece = rng.choice([b"K\x00", b"K\x01", b"K\x02", b"K\x03", b"M\x00\x01", b"J\xff\xff\xff\xff", b"\x8a\x08" + b"\x01" * 8])
    elif name == "BINUNICODE":
        piece = text(rng.choice(texts + [b"cuda:0", b"meta", b"cpu:0", b"", b"storage", b"0", b"training", b"CPU"]))
    elif name == "GLOBAL":
        dtypes = [f"ctorch\n{t}Storage\n".encode() for t in ("Double", "Half", "Long", "Bool", "QInt8", "ComplexFloat", "Byte", "Any")]
        others = [b"ctorch._utils\n_rebuild_qtensor\n", b"ctorch._utils\n_rebuild_sparse_tensor\n", b"ctorch\nper_tensor_affine\n",
                  b"ctorch.jit._pickle\nbuild_intlist\n", b"c__torch__.torch.classes.quantized\nLinearPackedParamsBase\n"]
        piece = rng.choice(names + (dtypes if piece.endswith(b"Storage\n") else others))
    elif name.startswith("NEW"):
        piece = b"\x88" if piece == b"\x89" else b"\x89"
    else:
        used = [p[1] for n, p in ops if n in ("BINGET", "BINPUT")] or [0]
        piece = (b"h" if "GET" in name else b"q") + bytes([rng.choice(used)])
    changed = list(ops)
    changed[i] = (name, piece)
    return joined(changed), f"another argument of {name}"


PICKLE = [pickle_value, pickle_value, pickle_wrapped, pickle_pairs, pickle_pairs, pickle_opcode, pickle_argument, pickle_argument]


def mutate_pickle(records, rng):
    found = of_kind(records, r"/(data|constants)\.pkl$")
    if not found:
        return None
    record = found[0] if rng.random() < 0.9 else rng.choice(found)
    made = rng.choice(PICKLE)(*parse(record[1]), rng)
    if made is None:
        return None
    record[1], what = made
    return f"pickle: {what}"


# ----------------------------------------------------------------------------------------------------------------------
# code

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[A-Za-z_][\w.]*|\d[\w.]*|\s+|.', re.S)
ODD = ["\n", "\t", " ", "  ", "\\\n", "# a comment\n", "#", '"', "'", '"""', "\r", ";", ",", ":", "(", ")", "[", "]", "=", "\f", "\0", "\x0b",
       "\xa0", "\ufeff", "\n\n", "\n  \n", "\n#\n", " # type: ignore", "pass", "u", "f", "None"]
TYPES = ["Tensor", "int", "List[Tensor]", "Optional[Tensor]", "Any", "Dict[str, Tensor]", "Tuple[Tensor]", "NoneType", "bool", "float",
         "Optional[int]", "Final[int]", "List[int]", "Union[int, str]", "str"]


def code_tokens(source, rng):
    tokens = TOKEN.findall(source)
    heads = [i for i, t in enumerate(tokens) if t in ("__parameters__", "__buffers__", "class", "Module", "Tensor", "training")]
    near = rng.choice(heads) if heads and rng.random() < 0.8 else rng.randrange(len(tokens))
    i = min(max(0, near + rng.randrange(-3, 12)), len(tokens) - 1)
    how = rng.choice(["dropped", "doubled", "exchanged", "other", "inserted", "inserted"])
    if how == "dropped":
        del tokens[i]
    elif how == "doubled":
        tokens.insert(i, tokens[i])
    elif how == "exchanged":
        tokens[i - 1], tokens[i] = tokens[i], tokens[i - 1]
    elif how == "other":
        tokens[i] = rng.choice(tokens)
    else:
        odd = rng.choice(ODD)
        tokens.insert(i, odd)
        how = f"inserted {odd!r}"
    return "".join(tokens), f"a token {how}"


def code_lines(source, rng):
    lines = source.split("\n")
    heads = [i for i, line in enumerate(lines) if re.match(r"class |  \S", line)]
    i = rng.choice(heads) if heads and rng.random() < 0.8 else rng.randrange(len(lines))
    how = rng.choice(["dropped", "doubled", "exchanged", "moved", "indented", "joined", "blank", "copied"])
    if how == "dropped":
        del lines[i]
    elif how == "doubled":
        lines.insert(i, lines[i])
    elif how == "exchanged":
        lines[i - 1], lines[i] = lines[i], lines[i - 1]
    elif how == "moved":
        lines.insert(rng.randrange(len(lines)), lines.pop(i))
    elif how == "copied":
        lines.insert(rng.randrange(len(lines)), lines[i])
    elif how == "indented":
        lines[i] = rng.choice([" ", "  ", "\t", "    "]) + lines[i] if rng.random() < 0.6 else lines[i].replace("  ", "", 1)
    elif how == "blank":
        lines.insert(i, rng.choice(["", "  ", "    ", "\t", "  # a comment", "  pass", "  x : int", "  __parameters__ = []",
                                    '  __parameters__ = ["weight", ]', "  __annotations__ = []"]))
    elif i + 1 < len(lines):
        lines[i:i + 2] = [lines[i] + rng.choice([" ", "; ", ", ", ""]) + lines[i + 1].strip()]
    return "\n".join(lines), f"a line {how}"


def code_lists(source, rng):
    """Names in `__parameters__` and `__buffers__`, and how they are written."""
    found = list(re.finditer(r"(__parameters__|__buffers__) = \[(.*)\]", source))
    if not found:
        return None
    match = rng.choice(found)
    names = re.findall(r'"([^"]*)", ', match[2])
    attributes = re.findall(r"^  (\w+) : ", source, re.M)
    how = rng.choice(["dropped", "added", "added", "renamed", "moved", "quotes", "form"])
    if how == "dropped" and names:
        names.remove(rng.choice(names))
    elif how == "added" and attributes:
        names.insert(rng.randrange(len(names) + 1), rng.choice(attributes + ["ghost"]))
    elif how == "renamed" and names:
        names[rng.randrange(len(names))] = rng.choice(attributes + ["ghost"])
    elif how == "moved":
        other = "__buffers__" if match[1] == "__parameters__" else "__parameters__"
        swapped = source[:match.start(1)] + other + source[match.end(1):]
        return swapped, "a list under the other name"
    listed = "".join(f'"{n}", ' for n in names)
    if how == "quotes":
        listed = rng.choice([listed.replace('"', "'"), listed.replace('"', '"""'), listed.replace('", ', '""", ', 1),
                             listed.replace('"', 'u"', 1), listed.replace('", "', '" "', 1)])
    made = f"{match[1]} = [{listed}]"
    if how == "form":
        made = rng.choice([made.replace(", ]", "]"), made.replace(" = ", "="), made.replace(" = ", "  = "), made.replace(" = ", " = \\\n  "),
                           made.replace("[", "[\n", 1), made + ";", made + " + []", made.replace("[", "(").replace("]", ")"),
                           made.replace(" = ", " : List[str] = "), made.replace("]", ",]"), made + "  # these", made + "\t"])
    return source[:match.start()] + made + source[match.end():], f"a list of names: {how}"


def code_types(source, rng):
    found = list(re.finditer(r"^(  \w+ : |  __annotations__\[\".*\"\] = )(.+)$", source, re.M))
    if not found:
        return None
    match = rng.choice(found)
    kind = rng.choice(TYPES + [m[2] for m in found] + [f"Optional[{match[2]}]", f"List[{match[2]}]", match[2] + " = None", match[2] + " "])
    return source[:match.start(2)] + kind + source[match.end(2):], "another type"


def code_names(source, rng):
    found = list(re.finditer(r"^  (\w+) : ", source, re.M))
    if not found:
        return None
    match = rng.choice(found)
    name = rng.choice(["ghost", "weight", "training", match[1] + "2", "class", "__parameters__"] + [m[1] for m in found])
    return source[:match.start(1)] + name + source[match.end(1):], "another name"


def code_annotations(source, rng):
    """The two ways to declare an attribute."""
    found = list(re.finditer(r"^  (\w+) : (.+)$", source, re.M))
    if not found:
        return None
    match = rng.choice(found)
    made = rng.choice([f'  __annotations__["{match[1]}"] = {match[2]}', f"  __annotations__['{match[1]}'] = {match[2]}",
                       f'  __annotations__["{match[1][:1]}" "{match[1][1:]}"] = {match[2]}', f'  {match[1]} : "{match[2]}"',
                       f"  {match[1]}: {match[2]}", f"  {match[1]} : {match[2]} = None", f"  {match[1]} : Final[{match[2]}] = 1"])
    return source[:match.start()] + made + source[match.end():], "an attribute in another form"


CODE = [code_tokens, code_tokens, code_lines, code_lines, code_lists, code_lists, code_types, code_names, code_annotations]


def mutate_code(records, rng):
    found = of_kind(records, r"/code/.*\.py$")
    if not found:
        return None
    record = rng.choice(found)
    made = rng.choice(CODE)(record[1].decode("utf-8", "surrogateescape"), rng)
    if made is None or made[0].encode("utf-8", "surrogateescape") == record[1]:
        return None
    record[1], what = made[0].encode("utf-8", "surrogateescape"), made[1]
    return f"code: {what}"


# ----------------------------------------------------------------------------------------------------------------------
# records


def mutate_records(records, rng):
    root = records[0][0].split("/")[0]
    i, j = rng.randrange(len(records)), rng.randrange(len(records))
    how = rng.choice(["dropped", "contents exchanged", "names exchanged", "copied", "other case", "cut", "grown", "order", "version", "added",
                      "other root", "emptied"])
    if how == "dropped":
        del records[i]
    elif how == "contents exchanged":
        records[i][1], records[j][1] = records[j][1], records[i][1]
    elif how == "names exchanged":
        records[i][0], records[j][0] = records[j][0], records[i][0]
    elif how == "copied":
        records[i][1] = records[j][1]
    elif how == "other case":
        folder, name = records[i][0].rsplit("/", 1)
        records[i][0] = f"{folder}/{name.swapcase()}"
    elif how == "cut":
        records[i][1] = records[i][1][: rng.randrange(len(records[i][1]) + 1)]
    elif how == "grown":
        records[i][1] += bytes(rng.randrange(1, 100))
    elif how == "emptied":
        records[i][1] = b""
    elif how == "order":
        rng.shuffle(records)
    elif how == "version":
        for record in records:
            if record[0].endswith("version"):
                record[1] = rng.choice([b"1\n", b"2\n", b"3\n", b"4\n", b"7\n", b"10\n", b"11\n", b"0\n", b"3", b" 3\n", b"x\n", b"-3\n", b"3\n3\n", b""])
    elif how == "other root":
        records[i][0] = "other/" + records[i][0].split("/", 1)[1]
    else:
        data = next((r[1] for r in records if r[0] == f"{root}/data.pkl"), b"")
        name = rng.choice(["model.json", "bytecode.pkl", "Constants.pkl", "DATA.PKL", ".data/ts_code/0/data.pkl", "constants.pkl", "version",
                           ".data/version", ".data/extern_modules", "code/__torch__.py", "extra/a", "byteorder", "data.pkl.debug_pkl"])
        if f"{root}/{name}".lower() in {r[0].lower() for r in records}:
            return None
        records.append([f"{root}/{name}", rng.choice([data, b"", b"3\n", b"little", b"big", b"\x80\x02).", b"class M(Module):\n"])])
        how = f"added {name}"
    return f"record: {how}"


# ----------------------------------------------------------------------------------------------------------------------
# together

KINDS = [mutate_pickle] * 9 + [mutate_code] * 9 + [mutate_records] * 3


def mutate(records: list, rng) -> str:
    """Changes `records`, once or twice; says how."""
    said = []
    for _ in range(1 if rng.random() < 0.8 else 2):
        for _ in range(20):
            try:
                what = rng.choice(KINDS)(records, rng)
            except (ValueError, IndexError, UnicodeError):  # what an earlier mutation left is no pickle any more
                what = None
            if what is not None:
                said.append(what)
                break
    return "; ".join(said)
