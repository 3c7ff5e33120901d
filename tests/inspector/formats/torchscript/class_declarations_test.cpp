#include <gtest/gtest.h>
#include <inspector/formats/torchscript/class_declarations.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

namespace tally::inspector {
namespace {

using nlohmann::json;

std::string data_file(const std::string& name) {
  std::ifstream in(TORCHTALLY_SOURCE_DIR "/tests/inspector/data/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

ClassDeclarations read(std::string_view source) {
  Result<ClassDeclarations> classes = read_class_declarations(source);
  EXPECT_TRUE(classes) << classes.error().message;
  return classes ? *classes : ClassDeclarations{};
}

std::set<std::string> sorted(const std::unordered_set<std::string>& names) {
  return {names.begin(), names.end()};
}

/// The constants of a class, as values.
json constants_of(const ClassDeclaration& cls) {
  json values = json::object();
  for (const auto& [name, text] : cls.constants) values[name] = json::parse(text);
  return values;
}

std::string refusal(std::string_view source) {
  const Result<ClassDeclarations> classes = read_class_declarations(source);
  if (classes) return "";
  EXPECT_EQ(classes.error().code, ErrorCode::kMalformed);
  return classes.error().message;
}

// declarations.json is what Python's `ast` read in sources that torch.jit.save had written.
class ClassDeclarationsOfTorch : public testing::TestWithParam<const char*> {};

TEST_P(ClassDeclarationsOfTorch, AreWhatPythonReads) {
  const json said = json::parse(data_file("declarations.json")).at(GetParam());
  const ClassDeclarations classes =
      read(data_file(std::string("declarations/") + GetParam() + ".py"));
  EXPECT_EQ(classes.size(), said.size());
  for (const auto& [name, expected] : said.items()) {
    ASSERT_EQ(classes.count(name), 1u) << name;
    const ClassDeclaration& cls = classes.at(name);
    EXPECT_EQ(cls.base, expected["bases"].empty() ? "" : expected["bases"][0].get<std::string>())
        << name;
    EXPECT_EQ(sorted(cls.parameters), expected["parameters"].get<std::set<std::string>>()) << name;
    EXPECT_EQ(sorted(cls.buffers), expected["buffers"].get<std::set<std::string>>()) << name;
    const json& methods = expected["methods"];
    EXPECT_EQ(cls.has_setstate,
              std::find(methods.begin(), methods.end(), "__setstate__") != methods.end())
        << name;
    std::set<json> sizes, expected_sizes(expected["sizes"].begin(), expected["sizes"].end());
    for (const SizeList& list : cls.sizes) sizes.insert(json::array({list.op, list.sizes}));
    EXPECT_EQ(sizes, expected_sizes) << name;
    if (cls.base == "Enum") continue;  // its members are no declarations of constants
    EXPECT_EQ(constants_of(cls), expected["constants"]) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Data, ClassDeclarationsOfTorch,
                         testing::Values("mlp", "attributes", "rich_types", "none_parameters",
                                         "lstm", "convolutions", "scripted_convolution", "odd_keys",
                                         "quantized_convolution", "setstate", "gpt2_model",
                                         "bert_layers", "frozen"),
                         [](const testing::TestParamInfo<const char*>& row) {
                           return std::string(row.param);
                         });

TEST(ClassDeclarations, AreEmptyInEmptySources) {
  for (const char* source : {"", "\n", "   \n\t", "# nothing", "def f(x):\n  return x\n"})
    EXPECT_TRUE(read(source).empty()) << source;
}

TEST(ClassDeclarations, KnowModulesByTheirBase) {
  const auto classes =
      read("class A(Module):\n  x : int\nclass B(NamedTuple):\n  x : int\nclass C:\n  x : int\n");
  EXPECT_TRUE(classes.at("A").is_module());
  EXPECT_FALSE(classes.at("B").is_module());
  EXPECT_EQ(classes.at("C").base, "");
}

// A ModuleDict key may be any word; LibTorch's own parser loses the classes of such a file.
TEST(ClassDeclarations, AreReadBesideAttributesNamedLikeKeywords) {
  const auto classes = read(
      "class A(Module):\n  __parameters__ = [\"def\", \"weight\", ]\n  class : int\n  def : "
      "Tensor\n  weight : Tensor\n"
      "class B(Module):\n  __buffers__ = [\"mean\", ]\n");
  EXPECT_EQ(sorted(classes.at("A").parameters), (std::set<std::string>{"def", "weight"}));
  EXPECT_EQ(sorted(classes.at("B").buffers), (std::set<std::string>{"mean"}));
}

TEST(ClassDeclarations, KeepNamesWithQuotesAndBackslashes) {
  const auto classes =
      read("class A(Module):\n  __parameters__ = [\"a\"b\", \"c\\d\", \"e, f\", ]\n");
  EXPECT_EQ(sorted(classes.at("A").parameters), (std::set<std::string>{"a\"b", "c\\d", "e, f"}));
}

TEST(ClassDeclarations, AreNotReadInBodiesOfFunctions) {
  const auto classes = read(
      "class A(Module):\n"
      "  def f(self,\n"
      "class_like: int) -> int:\n"  // the signature goes on: its bracket is open
      "    __parameters__ = [\"no\", ]\n"
      "    x : Final[int] = 3\n"
      "    text = \"\"\"\nclass Fake(Module):\n  __parameters__ = [\"no\", ]\n\"\"\"\n"
      "    other = '# \"\"\"'\n"
      "    sum = 1 + \\\nclass Continued(Module):\n"
      "    return [\n0,\n]\n"
      "  y : Final[int] = 4\n"
      "class B(Module):\n  z : int\n");
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_TRUE(classes.at("A").parameters.empty());
  EXPECT_EQ(constants_of(classes.at("A")), (json{{"y", 4}}));
}

TEST(ClassDeclarations, KnowSetstateOnlyAsAMethod) {
  EXPECT_TRUE(read("class A(Module):\n  def __setstate__(self: A, s: int) -> NoneType:\n    pass\n")
                  .at("A")
                  .has_setstate);
  EXPECT_FALSE(read("class A(Module):\n  def f(self: A) -> NoneType:\n    def __setstate__(s: "
                    "int):\n      pass\n")
                   .at("A")
                   .has_setstate);
  EXPECT_FALSE(
      read("class A(Module):\n  x : int\ndef __setstate__(s):\n  pass\n").at("A").has_setstate);
  EXPECT_FALSE(
      read("class A(Module):\n  def __setstate__2(self: A):\n    pass\n").at("A").has_setstate);
}

TEST(ClassDeclarations, TellWhatSetstateStoresAsItIs) {
  const auto classes = read(
      "class A(Module):\n"
      "  def __setstate__(self: A,\n"
      "    state: Tuple[int, str, Tensor]) -> NoneType:\n"
      "    self.groups = (state)[0]\n"
      "    self.mode = (state)[12]\n"
      "    _0 = (self).set_weight((state)[2], )\n"
      "    self.twice = torch.mul((state)[0], 2)\n"
      "    self.huge = (state)[123456]\n"
      "    self.odd = (state)[-1]\n"
      "    return None\n"
      "  def forward(self: A) -> int:\n"
      "    self.other = (state)[1]\n");
  using Names = std::vector<std::pair<std::size_t, std::string>>;
  EXPECT_EQ(classes.at("A").state_names, (Names{{0, "groups"}, {12, "mode"}}));
}

TEST(ClassDeclarations, KeepConstantsThatAreNoLiteralsAsText) {
  const auto classes = read(
      "class A(Module):\n  a : Final[str] = CONSTANTS.c0\n  b : Final[Tuple[int, int]] = (1, 2)\n");
  EXPECT_EQ(constants_of(classes.at("A")), (json{{"a", "CONSTANTS.c0"}, {"b", {1, 2}}}));
}

TEST(ClassDeclarations, AreReadWithLineEndsOfWindows) {
  const auto classes =
      read("class A(Module):\r\n  __parameters__ = [\"w\", ]\r\n  k : Final[int] = 3\r\n");
  EXPECT_EQ(sorted(classes.at("A").parameters), (std::set<std::string>{"w"}));
  EXPECT_EQ(constants_of(classes.at("A")), (json{{"k", 3}}));
}

TEST(ClassDeclarations, RefuseListsThatAreNone) {
  const std::string said = "line 2 declares parameters or buffers that are no list of names";
  for (const char* list :
       {"weight", "[weight]", "[\"weight\"]", "[\"weight\", ", "(\"weight\", )", "", "[1, ]"}) {
    EXPECT_EQ(refusal(std::string("class A(Module):\n  __parameters__ = ") + list + "\n"), said)
        << list;
  }
  EXPECT_EQ(refusal("class A(Module):\n  __buffers__ = f()\n"), said);
}

TEST(ClassDeclarations, RefuseASecondClassOfOneName) {
  EXPECT_EQ(refusal("class A(Module):\n  x : int\nclass A(Module):\n  y : int\n"),
            "line 3 declares a class a second time");
}

TEST(ClassDeclarations, RefuseAClassWithoutColon) {
  EXPECT_EQ(refusal("\nclass A(Module)\n"), "line 2 starts a class but does not end in a colon");
  EXPECT_EQ(refusal("class A"), "line 1 starts a class but does not end in a colon");
}

// A class's own line must be whole, and so must the lists that declare tensors; all else may end
// anywhere.
TEST(ClassDeclarations, HoldForEveryTruncation) {
  for (const char* name : {"attributes", "quantized_convolution"}) {
    const std::string source = data_file(std::string("declarations/") + name + ".py");
    const ClassDeclaration whole = read(source).begin()->second;
    const std::size_t class_line = source.find('\n');
    for (std::size_t n = 0; n < source.size(); ++n) {
      const std::string cut = source.substr(0, n);
      const std::size_t line_start = cut.rfind('\n') + 1;  // 0 where there is none
      std::string last = cut.substr(std::min(cut.find_first_not_of(' ', line_start), n));
      last.erase(last.find_last_not_of(' ') + 1);
      const bool list =
          last.rfind("__parameters__ =", 0) == 0 || last.rfind("__buffers__ =", 0) == 0;
      const auto line = std::to_string(1 + std::count(cut.begin(), cut.end(), '\n'));
      if (n > std::string("class ").size() && n < class_line) {
        EXPECT_EQ(refusal(cut), "line 1 starts a class but does not end in a colon") << n;
      } else if (list && last.back() != ']') {
        EXPECT_EQ(refusal(cut),
                  "line " + line + " declares parameters or buffers that are no list of names")
            << n;
      } else {
        const ClassDeclarations classes = read(cut);
        ASSERT_EQ(classes.size(), n < class_line ? 0u : 1u) << n;
        if (n <= source.find(']', source.find("__buffers__"))) continue;
        EXPECT_EQ(classes.begin()->second.parameters, whole.parameters) << n;
        EXPECT_EQ(classes.begin()->second.buffers, whole.buffers) << n;
      }
    }
  }
}

// The bracket stands in a string, as the escaped quote in front of it does: the next class begins
// all the same.
TEST(ClassDeclarations, GoOnBehindAnEscapedQuote) {
  for (const char* text : {"\"a\\\"(b\"", "'a\\'(b'", "\"\"\"a\\\"\"\"(b\"\"\""}) {
    const auto classes = read(std::string("class A(Module):\n  def f(self):\n    x = ") + text +
                              "\nclass B(Module):\n  __parameters__ = [\"w\", ]\n");
    ASSERT_EQ(classes.count("B"), 1u) << text;
    EXPECT_EQ(sorted(classes.at("B").parameters), (std::set<std::string>{"w"}));
  }
}

TEST(ClassDeclarations, HoldForUnendedStringsAndBrackets) {
  for (const char* body : {"\"", "'''", "\"\"\"x", "(", "[{(", "x = \"\\", "# x"}) {
    EXPECT_EQ(read(std::string("class A(Module):\n  def f(self):\n    ") + body).size(), 1u)
        << body;
  }
}

// -------------------------------------------------------------------------------------------------
// uses of constants

std::vector<ConstantUse> uses_in(std::string_view source, std::size_t constants) {
  std::vector<ConstantUse> uses(constants);
  read_constant_uses(source, uses);
  return uses;
}

// Counted by hand in data/declarations/frozen.py.
TEST(ConstantUses, AreCountedInAFrozenNetwork) {
  const auto uses = uses_in(data_file("declarations/frozen.py"), 10);
  const std::vector<std::int64_t> expected = {1, 2, 2, 1, 1, 4, 4, 1, 1, 1};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(uses[i].uses, expected[i]) << i;
  EXPECT_EQ(uses[0].first_operator, "torch.conv2d");
  EXPECT_EQ(uses[1].first_operator, "torch.batch_norm");
  EXPECT_EQ(uses[4].first_operator, "torch.conv2d");
  EXPECT_EQ(uses[7].first_operator,
            "torch.conv2d");  // within torch.batch_norm(torch.conv2d(…, CONSTANTS.c7), …
  EXPECT_EQ(uses[8].first_operator, "torch.linear");  // after torch.mean(x2, [2, 3])
}

TEST(ConstantUses, TellNumbersApart) {
  const auto uses = uses_in("f(CONSTANTS.c1, CONSTANTS.c10, CONSTANTS.c11)", 11);
  EXPECT_EQ(uses[1].uses, 1);
  EXPECT_EQ(uses[10].uses, 1);
}

TEST(ConstantUses, IgnoreNumbersPastTheEnd) {
  const auto uses =
      uses_in("f(CONSTANTS.c2, CONSTANTS.c99999999999999999999999, CONSTANTS.c, CONSTANTS.cx)", 2);
  EXPECT_EQ(uses[0].uses + uses[1].uses, 0);
  EXPECT_TRUE(uses_in("f(CONSTANTS.c0)", 0).empty());
}

TEST(ConstantUses, NameNoOperatorWhereThereIsNone) {
  EXPECT_EQ(uses_in("x = CONSTANTS.c0", 1)[0].first_operator, "");
  EXPECT_EQ(uses_in("f(a)\nx = CONSTANTS.c0", 1)[0].first_operator, "");  // another line
  EXPECT_EQ(uses_in("f(a,\n  CONSTANTS.c0)", 1)[0].first_operator, "f");  // the same, in brackets
  EXPECT_EQ(uses_in("CONSTANTS.c0", 1)[0].uses, 1);
}

TEST(ConstantUses, KeepTheFirstOperatorOverSources) {
  std::vector<ConstantUse> uses(1);
  read_constant_uses("torch.add(CONSTANTS.c0)", uses);
  read_constant_uses("torch.mul(CONSTANTS.c0)", uses);
  EXPECT_EQ(uses[0].uses, 2);
  EXPECT_EQ(uses[0].first_operator, "torch.add");
}

// 100,000 uses on one line without a bracket: read back to the line's start for each, that would be
// 70 GB.
TEST(ConstantUses, TakeTimeInProportionToTheSource) {
  std::string line;
  for (int i = 0; i < 100'000; ++i) line += "CONSTANTS.c0 ";
  EXPECT_EQ(uses_in(line, 1)[0].uses, 100'000);
}

}  // namespace
}  // namespace tally::inspector
