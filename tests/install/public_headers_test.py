"""Is the public library documented? Reads the list of public headers in cmake/Install.cmake and each of them.

The rule: every type, function, field and constant that a user of the library can name has a `///` comment before it or a
`///<` behind it. Besides,
  - the comment of a function that returns Result<…> says `Errors:` and which;
  - a number says what it counts: its name or its comment has a unit, one of UNITS;
  - a function of formulas/costs/ or formulas/guide/ that returns a figure says `Source:`, in its own comment or, where one
    source is that of the whole header, in the header's opening comment.
One comment before the first of several fields of one type that follow line by line is that of all of them. Constructors,
operators, friends and enumerators may do without: their type's comment is theirs.
"""
import dataclasses
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = """bit bits byte bytes channel channels chunks column columns currency days degree device devices element elements
factor flops gb groups heads hour how index layers length loss many mb number often parameter parameters params position
positions rows scale seconds sequences share size steps tensors tflops tokens tops times unit usd value values wide width
""".split()
NUMBER = re.compile(r"^(?:static |inline |constexpr |const )*(?:Result<|std::optional<)?"
                    r"(?:std::u?int\d+_t|std::size_t|int|double|float|Wide|Int128)\b>?[&]? ")
FIGURE = re.compile(r"^(?:inline )?(?:Result<|Wide\b|Int128\b|double\b|StateBytes\b|ComputeOptimum\b|std::vector<ActivationPart>)")


@dataclasses.dataclass
class Declaration:
    line: int  # 1 is the first
    last: int
    kind: str  # "type", "function" or "field"
    code: str  # without comments, on one line
    comment: str
    before: bool  # the comment stands before it

    @property
    def name(self):
        """Without template arguments."""
        head = re.split(r"[({=]", self.code)[0]
        while (shorter := re.sub(r"<[^<>]*>", "", head)) != head:
            head = shorter
        return re.findall(r"[\w:~]+", head)[-1]


def public_headers():
    text = (ROOT / "cmake/Install.cmake").read_text()
    pairs = re.search(r"set\(TORCHTALLY_PUBLIC_HEADERS(.*?)\)", text, re.DOTALL).group(1)
    words = re.sub(r"#.*", "", pairs).split()
    return words[1::2]


def without_comments(text):
    """The text with comments and preprocessor lines as blanks, and the comments by line."""
    comments = {}
    code = []
    for number, line in enumerate(text.split("\n"), 1):
        strings = re.sub(r'"(?:\\.|[^"\\])*"', lambda s: '"' + " " * (len(s.group()) - 2) + '"', line)
        at = strings.find("//")
        if at >= 0:
            comments[number] = line[at:]
            strings = strings[:at]
        code.append("" if strings.lstrip().startswith("#") else strings)
    return "\n".join(code), comments


def without_template(statement):
    """A declaration without the `template <…>` before it."""
    if not statement.startswith("template"):
        return statement
    at = statement.index("<") + 1
    depth = 1
    while depth:
        depth += {"<": 1, ">": -1}.get(statement[at], 0)
        at += 1
    return statement[at:].strip()


def declarations(text):
    """What a user of the header can name, in its order."""
    code, comments = without_comments(text)
    found = []

    def skip_braces(at):
        depth = 0
        while True:
            depth += {"{": 1, "}": -1}.get(code[at], 0)
            at += 1
            if depth == 0:
                return at

    def record(kind, begin, end):
        begin += len(code[begin:]) - len(code[begin:].lstrip())
        statement = without_template(" ".join(re.sub(r"\[\[.*?\]\]", "", code[begin:end]).split()))
        first = code.count("\n", 0, begin) + 1
        last = code.count("\n", 0, end) + 1
        lines = []
        above = first - 1
        while comments.get(above, "").startswith("///") and not comments[above].startswith("///<"):
            lines.insert(0, comments[above][3:])
            above -= 1
        lines += [comments[n][4:] for n in range(first, last + 1) if comments.get(n, "").startswith("///<")]
        code_lines = code.split("\n")
        while comments.get(last + 1, "").startswith("///<") and not code_lines[last].strip():
            last += 1
            lines.append(comments[last][4:])
        comment = " ".join(" ".join(lines).split())
        shared = kind == "field" and found and found[-1]
        if not comment and shared and shared.kind == "field" and (shared.last, shared.code.split()[0]) == (first - 1, statement.split()[0]):
            comment = shared.comment if shared.before else ""
        before = not any(n in comments for n in range(first, last + 1))
        found.append(Declaration(first, last, kind, statement, comment, before))

    def scope(at, in_class, public):
        begin = at
        while at < len(code):
            statement = code[begin:at].strip()
            if in_class and (access := re.match(r"(public|private|protected)\s*:$", statement + code[at])):
                public = access.group(1) == "public"
                begin = at + 1
            elif code[at] == "}":
                return at + 1
            elif code[at] == "{":
                plain = without_template(statement)
                if plain.startswith("namespace"):
                    begin = at = scope(at + 1, False, True)
                    continue
                if plain.startswith("enum"):
                    if public:
                        record("type", begin, at)
                    at = skip_braces(at)
                    continue  # up to its semicolon, which ends nothing more
                if re.match(r"(struct|class)\b[^()]*$", plain):
                    if public:
                        record("type", begin, at)
                        inner = scope(at + 1, True, plain.startswith("struct"))
                    else:
                        inner = skip_braces(at)
                    at = code.index(";", inner)
                    begin = at + 1
                elif "(" in plain and plain.count("(") == plain.count(")"):  # a function with its body
                    if public:
                        record("function", begin, at)
                    begin = at = skip_braces(at)
                    continue
                else:  # the value of a field or parameter
                    at = skip_braces(at)
                    continue
            elif code[at] == ";":
                if public and statement and not statement.startswith("enum"):
                    head = statement.split("=")[0]
                    kind = "type" if re.match(r"(using|struct|class)\b", statement) else "function" if "(" in head else "field"
                    record(kind, begin, at)
                begin = at + 1
            at += 1
        return at

    scope(0, False, True)
    types = {d.name for d in found if d.kind == "type"}
    return [
        d for d in found
        if not re.search(r"\bfriend\b|\boperator\b|= delete$|^static_assert", d.code) and not (d.kind == "type" and "::" in d.name)
        and not (d.kind == "function" and d.name.lstrip("~") in types)
    ]


def words_of(text):
    return set(re.split(r"[^a-z]+", text.lower()))


def faults(path, text):
    opening = text.split("#pragma once")[0]
    for declaration in declarations(text):
        code = declaration.code

        def fault(what):
            return f"{path}:{declaration.line}: {declaration.name} {what}"

        if not declaration.comment:
            yield fault("has no comment")
            continue
        if declaration.kind == "function" and re.match(r"(static |inline )*Result<", code) and "Errors:" not in declaration.comment:
            yield fault("returns a Result, and its comment does not say `Errors:`")
        if NUMBER.match(code) and not words_of(declaration.name + " " + declaration.comment) & set(UNITS):
            yield fault("is a number without a unit")
        if (re.match(r"formulas/(costs|guide)/", path) and declaration.kind == "function" and FIGURE.match(code)
                and "Source:" not in declaration.comment + opening):
            yield fault("gives a figure, and neither its comment nor the header's says `Source:`")


class PublicHeaders(unittest.TestCase):

    def test_are_documented(self):
        headers = public_headers()
        self.assertGreater(len(headers), 20)
        found = [fault for path in headers for fault in faults(path, (ROOT / path).read_text())]
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_every_kind_of_fault_is_seen(self):
        text = """// A header.
#pragma once
namespace tally {
struct Bare {
  int rows = 0;
  Wide plain{0};  // not for users
  /// Two of one type.
  bool one = false;
  bool two = false;
  int other = 0;
};
enum class Kind { kOne };
/// Said. Errors: none.
Result<Unit> said(int a,
                  const char* b = "; {");
/// Not said.
Result<Unit> unsaid(int a);
/// A thing.
template <class T>
class Thing {
 public:
  Thing(int a) : a_{a} {}
  bool operator==(const Thing&) const { return true; }
  int size() const { return a_; }
  /// It is.
  double it() const;
  double it_in_bytes() const;  ///< behind

 private:
  int hidden_ = 0;
};
Wide undocumented(int a);
}
"""
        self.assertEqual([f.split(": ", 1)[1] for f in faults("formulas/costs/x.h", text)], [
            "Bare has no comment", "rows has no comment", "plain has no comment", "other has no comment", "Kind has no comment",
            "said gives a figure, and neither its comment nor the header's says `Source:`",
            "unsaid returns a Result, and its comment does not say `Errors:`",
            "unsaid gives a figure, and neither its comment nor the header's says `Source:`",
            "size has no comment", "it is a number without a unit",
            "it gives a figure, and neither its comment nor the header's says `Source:`",
            "it_in_bytes gives a figure, and neither its comment nor the header's says `Source:`",
            "undocumented has no comment"])


if __name__ == "__main__":
    unittest.main()
