#include <gtest/gtest.h>
#include <inspector/formats/torchscript/code/class_declarations.h>

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
  for (const char* source : {"", "def f(x):\n  return x\n", "op_version_set = 1\n"})
    EXPECT_TRUE(read(source).empty()) << source;
}

/// A module of these parameters and members.
std::string module_of(const std::string& parameters, const std::string& members) {
  return "class A(Module):\n  __parameters__ = [" + parameters + "]\n  __buffers__ = []\n" +
         members;
}

TEST(ClassDeclarations, KnowClassesByTheirBase) {
  const auto classes = read(module_of("", "  x : int\n") +
                            "class B(NamedTuple):\n  x : int\nclass C:\n  x : int\n"
                            "class D(Enum):\n  RED = \"a \"quoted\" word\"\n  BLUE = 2\n"
                            "class E(ModuleInterface):\n  def f(self, x: int) -> int:\n    pass\n");
  EXPECT_TRUE(classes.at("A").is_module());
  EXPECT_FALSE(classes.at("B").is_module());
  EXPECT_EQ(classes.at("B").base, "NamedTuple");
  EXPECT_EQ(classes.at("C").base, "");
  EXPECT_EQ(classes.at("D").base, "Enum");
  EXPECT_EQ(classes.at("E").base, "ModuleInterface");
}

TEST(ClassDeclarations, KeepAttributesInTheirOrder) {
  const auto classes =
      read(module_of("\"w\", ",
                     "  w : Optional[Tensor]\n  __annotations__[\"0\"] = "
                     "Dict[str, Tuple[__torch__.a.B, int]]\n  k : Final[int] = 3\n"));
  const ClassDeclaration& cls = classes.at("A");
  ASSERT_EQ(cls.attributes.size(), 2u);
  EXPECT_EQ(cls.attributes[0].name, "w");
  EXPECT_EQ(printed(cls.attributes[0].type), "Optional[Tensor]");
  EXPECT_EQ(cls.attributes[1].name, "0");
  EXPECT_EQ(printed(cls.attributes[1].type), "Dict[str, Tuple[__torch__.a.B, int]]");
}

// After PyTorch's printer of 1.3 and 1.4: a version, imports, no __buffers__.
TEST(ClassDeclarations, AreReadAsOldPrintersWroteThem) {
  const auto classes = read(
      "op_version_set = 1\nimport __torch__.torch.nn\nimport __torch__.a\n"
      "class A(Module):\n  __parameters__ = [\"w\", ]\n  w : Tensor\n"
      "  def forward(self: __torch__.A,\n    x: Tensor) -> Tensor:\n    return x\n"
      "class B(Module):\n  __parameters__ = []\n  __annotations__ = []\n"
      "  __annotations__[\"0\"] = __torch__.A\n");
  EXPECT_EQ(sorted(classes.at("A").parameters), (std::set<std::string>{"w"}));
  EXPECT_EQ(classes.at("B").attributes.at(0).name, "0");
}

// A ModuleDict key may be any word; LibTorch's own parser loses the classes of such a file.
TEST(ClassDeclarations, AreReadBesideAttributesNamedLikeKeywords) {
  const auto classes = read(
      module_of("\"def\", \"weight\", ", "  class : int\n  def : Tensor\n  weight : Tensor\n") +
      "class B(Module):\n  __parameters__ = []\n"
      "  __buffers__ = [\"mean\", ]\n  mean : Tensor\n");
  EXPECT_EQ(sorted(classes.at("A").parameters), (std::set<std::string>{"def", "weight"}));
  EXPECT_EQ(sorted(classes.at("B").buffers), (std::set<std::string>{"mean"}));
}

TEST(ClassDeclarations, KeepNamesWithQuotesAndBackslashes) {
  const auto classes = read(
      module_of("\"a\"b\", \"c\\d\", \"e, f\", ",
                "  __annotations__ = []\n  __annotations__[\"a\"b\"] = Tensor\n"
                "  __annotations__[\"c\\d\"] = Tensor\n  __annotations__[\"e, f\"] = Tensor\n"));
  EXPECT_EQ(sorted(classes.at("A").parameters), (std::set<std::string>{"a\"b", "c\\d", "e, f"}));
}

TEST(ClassDeclarations, AreNotReadInBodiesOfFunctions) {
  const auto classes =
      read(module_of("",
                     "  y : Final[int] = 4\n"
                     "  def f(self: __torch__.A,\n"
                     "    class_like: int) -> int:\n"
                     "    __parameters__ = [\"no\"]\n"
                     "    x : Final[int] = 3\n"
                     "    text = \"\\nclass Fake(Module):\\n\"\n"
                     "    if x:\n      class Fake(Module):\n        __parameters__ = [\"no\", ]\n"
                     "    return x\n") +
           "class B:\n  z : int\n");
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_TRUE(classes.at("A").parameters.empty());
  EXPECT_TRUE(classes.at("A").attributes.empty());
  EXPECT_EQ(constants_of(classes.at("A")), (json{{"y", 4}}));
}

TEST(ClassDeclarations, KnowSetstateOnlyAsAMethod) {
  const std::string get = "  def __getstate__(self: A) -> int:\n    return 1\n",
                    set = "  def __setstate__(self: A, s: int) -> NoneType:\n    pass\n";
  EXPECT_TRUE(read(module_of("", get + set)).at("A").runs_setstate());
  // LibTorch calls __setstate__ only where there are both.
  EXPECT_FALSE(read(module_of("", get)).at("A").runs_setstate());
  EXPECT_FALSE(read(module_of("", set)).at("A").runs_setstate());
  EXPECT_FALSE(read(module_of("",
                              "  def f(self: A) -> NoneType:\n    def __setstate__(s: "
                              "int):\n      pass\n"))
                   .at("A")
                   .has_setstate);
  EXPECT_FALSE(
      read(module_of("", "  x : int\n") + "def __setstate__(s):\n  pass\n").at("A").has_setstate);
  EXPECT_FALSE(
      read(module_of("", "  def __setstate__2(self: A):\n    pass\n")).at("A").has_setstate);
}

TEST(ClassDeclarations, TellWhatSetstateStoresAsItIs) {
  const auto classes = read(module_of("",
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
                                      "    self.other = (state)[1]\n"));
  using Names = std::vector<std::pair<std::size_t, std::string>>;
  EXPECT_EQ(classes.at("A").state_names, (Names{{0, "groups"}, {12, "mode"}}));
}

TEST(ClassDeclarations, KeepConstantsThatAreNoLiteralsAsText) {
  const auto classes = read(
      module_of("", "  a : Final[str] = CONSTANTS.c0\n  b : Final[Tuple[int, int]] = (1, 2)\n"));
  EXPECT_EQ(constants_of(classes.at("A")), (json{{"a", "CONSTANTS.c0"}, {"b", {1, 2}}}));
}

// c10's printer of a NamedTuple, whose defaults it leaves out, and of an Enum of each kind of
// value.
TEST(ClassDeclarations, ReadTuplesWithNamesAndEnums) {
  const auto classes = read(
      "class Pair(NamedTuple):\n  x : Tensor\n  n : int\n"
      "class Colour(Enum):\n  RED = 1\n  PINK = -2\n  BLUE = 1.5e-05\n  NAME = \"a \"b\"\"\n");
  EXPECT_EQ(classes.at("Pair").attributes.size(), 2U);
  EXPECT_EQ(classes.at("Pair").attributes[1].type.kind, DeclaredType::Kind::kInt);
  EXPECT_EQ(classes.at("Colour").base, "Enum");
}

TEST(ClassDeclarations, ReadNumbersOfEveryForm) {
  const auto classes = read(module_of(
      "",
      "  a : Final[Tuple[float, float, int]] = (1e-05, 2., -3)\n  b : Final[complex] = 1.5j\n"
      "  c : Final[float] = 1.7976931348623157e+308\n"));
  EXPECT_EQ(constants_of(classes.at("A")).at("a"), json({1e-05, 2., -3}));
}

// Each was given to torch.jit.load of 2.11 in an archive whose state is as the printer's form
// declares it: it reads nearly all of them, and others than a reader of lines would.
TEST(ClassDeclarations, RefuseWhatThePrinterDoesNotWrite) {
  const std::string head = "class A(Module):\n";
  const std::pair<std::string, std::string> cases[] = {
      {"# a comment\n", "line 1, column 1: a comment"},
      {"\n", "line 1, column 1: a blank line"},
      {"x = 1\n", "line 1, column 1: neither a class nor a function"},
      {"class A(Module)\n", "line 1, column 1: starts a class but does not end in a colon"},
      {"class A(Module): \n", "line 1, column 17: a blank at the end of a line"},
      {"class A( Module):\n  x : int\n", "line 1, column 8: a base that no class has"},
      {"class A(Module,):\n  x : int\n", "line 1, column 8: a base that no class has"},
      {"class a-b:\n  x : int\n", "line 1, column 7: no name of a class"},
      {"class A:\n", "line 2, column 1: the source ends where a block begins"},
      {"class A:\n   x : int\n", "line 2, column 4: an indent of 3 blanks"},
      {"class A:\n    x : int\n", "line 2, column 5: an indent of 4 blanks"},
      {"class A:\n\tx : int\n", "line 2, column 1: an indent of 0 blanks"},
      {"class A:\n  x : int\nclass A:\n  x : int\n",
       "line 3, column 1: declares a class a second time"},
      {head + "  w : Tensor\n",
       "line 2, column 3: a module that does not begin with __parameters__"},
      {head + "\n  __parameters__ = []\n", "line 2, column 1: a blank line"},
      {head + "  __parameters__ = [\"w\", ]\\\n", "line 2, column 20: no list of names"},
      {head + "  __parameters__  = []\n",
       "line 2, column 3: a module that does not begin with __parameters__"},
      {head + "  __parameters__= []\n",
       "line 2, column 3: a module that does not begin with __parameters__"},
      {head + "  __parameters__ : List[str] = []\n",
       "line 2, column 3: a module that does not begin with __parameters__"},
      {head + "  __parameters__ = [\"w\"]\n", "line 2, column 20: no list of names"},
      {head + "  __parameters__ = ['w', ]\n", "line 2, column 20: no list of names"},
      {head + "  __parameters__ = [\n", "line 2, column 20: no list of names"},
      {head + "  __parameters__ = [\"w\", ] # w\n", "line 2, column 20: no list of names"},
      {head + "  __parameters__ = [\"w\", ]\t\n", "line 2, column 27: a control character"},
      {head + "  __parameters__ = [\"w\", \"w\", ]\n", "line 2, column 20: no list of names"},
      {head + "  __parameters__ = []\n  __parameters__ = [\"w\", ]\n",
       "line 3, column 3: __parameters__ where it does not belong"},
      {head + "  __parameters__ = []\n  x : int\n  __buffers__ = []\n",
       "line 4, column 3: __buffers__ where it does not belong"},
      {module_of("\"w\", ", "  x : int\n"),
       "line 1, column 1: the class declares no attribute \"w\", which it lists as a parameter or "
       "buffer"},
      {module_of("\"w\", ", "  w : List[Tensor]\n"),
       "line 1, column 1: attribute \"w\" is a parameter or buffer of the type List[Tensor]"},
      {module_of("", "  x : int = 3\n"), "line 4, column 10: no type of an attribute"},
      {module_of("", "  x: int\n"), "line 4, column 3: no declaration of an attribute"},
      {module_of("", "  x : whatever\n"), "line 4, column 7: no type of an attribute"},
      {module_of("", "  x : Dict[str,int]\n"), "line 4, column 15: no type of an attribute"},
      {module_of("", "  x : int\n  x : int\n"),
       "line 5, column 3: declares an attribute a second time"},
      {module_of("", "  __buffers__ : int\n"),
       "line 4, column 3: an attribute of the name __buffers__"},
      {module_of("", "  x = 3\n"), "line 4, column 3: no declaration of an attribute"},
      {module_of("", "  k : Final[int] = 3\n  x : int\n"),
       "line 5, column 3: an attribute behind a constant"},
      {module_of("", "  def f(self):\n    return 1\n  x : int\n"),
       "line 6, column 3: an attribute behind a function"},
      {module_of("", "  def f(self):\n  x : int\n"), "line 5, column 3: an indent of 2 blanks"},
      {module_of("", "  def f(self): return 1\n"),
       "line 4, column 3: a function whose head does not end in a colon"},
      {module_of("", "  if x:\n    x : int\n"), "line 4, column 3: a block that is no function"},
      {module_of("", "  k : Final[str] = \"\"\"\n  __parameters__ = [\"w\", ]\n\"\"\"\n"),
       "line 4, column 22: two strings without anything between them"},
      {module_of("", "  k : Final[str] = 'a'\n"), "line 4, column 20: a string in single quotes"},
      {module_of("", "  k : Final[str] = \"a\n"),
       "line 4, column 22: a control character in a string"},
      {module_of("", "  k : Final[int] = 1 = 2\n"), "line 4, column 22: no value of a constant"},
      {module_of("", "  k : Final[float] = 1.5e-eps\n"),
       "line 4, column 22: no value of a constant"},
      {module_of("", "  k : Final[int] = 1x\n"), "line 4, column 20: no value of a constant"},
      {module_of("", "  x : Union[NoneType, NoneType]\n"),
       "line 4, column 31: no type of an attribute"},
      {module_of("", "  x : Optional[NoneType]\n"), "line 4, column 24: no type of an attribute"},
      {module_of("", "  x : Union[int]\n"), "line 4, column 17: no type of an attribute"},
      {module_of("", "  def f(self):\n    return 1\n  def f(self):\n    return 2\n"),
       "line 6, column 3: declares a method a second time"},
      {"class A(NamedTuple):\n  __annotations__[\"x\"] = Tensor\n",
       "line 2, column 3: a field of a NamedTuple in another form"},
      {"class A(NamedTuple):\n  x : Any\n", "line 2, column 7: a field of the type Any"},
      {"class A(NamedTuple):\n  x : Dict[str, List[Any]]\n",
       "line 2, column 7: a field of the type Any"},
      {"class A(NamedTuple):\n  x : Final[int] = 1\n", "line 2, column 7: no type of an attribute"},
      {"class A(NamedTuple):\n  x : int = 3\n", "line 2, column 10: no type of an attribute"},
      {"class A(Enum):\n  BLUE = )2\n", "line 2, column 3: no member of an Enum"},
      {"class A(Enum):\n  BLUE = 2.5e\n", "line 2, column 3: no member of an Enum"},
      {"class A(Enum):\n  BLUE\n", "line 2, column 3: no member of an Enum"},
      {module_of("", "  k : Final[whatever] = 1\n"), "line 4, column 13: no type of an attribute"},
      {module_of("", "  k : Final[int]\n"), "line 4, column 13: a constant without a value"},
      {module_of("", "  k : Final[int] = 1; x : int\n"),
       "line 4, column 21: a character that stands in strings only"},
      {module_of("", "  __annotations__[\"k\"] = Final[int] = 1\n"),
       "line 4, column 26: no type of an attribute"},
      {module_of("", "  k : Final[int] = (1,\n  2)\n"),
       "line 4, column 23: a line that ends within brackets"},
      {module_of("", "  k : Final[int] = 1)\n"),
       "line 4, column 21: a bracket that nothing opened"},
      {module_of("", "  def f(self):\n    x = 1 + \\\n    return x\n"),
       "line 5, column 13: a character that stands in strings only"},
      {module_of("", "  def f(self,\n  x: int):\n    return x\n"),
       "line 4, column 14: a line that ends within brackets"},
      {"class A(Module):\r\n  __parameters__ = []\r\n",
       "line 1, column 17: a character that stands in strings only"},
      {module_of("", "  x : int"), "line 4, column 10: the source ends within a line"},
  };
  for (const auto& [source, said] : cases) EXPECT_EQ(refusal(source), said) << source;
}

// What is cut within a line is refused; between lines, it is what is left.
TEST(ClassDeclarations, HoldForEveryTruncation) {
  for (const char* name : {"attributes", "quantized_convolution"}) {
    const std::string source = data_file(std::string("declarations/") + name + ".py");
    for (std::size_t n = 1; n < source.size(); ++n) {
      const Result<ClassDeclarations> classes = read_class_declarations(source.substr(0, n));
      EXPECT_TRUE(source[n - 1] == '\n' || !classes) << n;
      EXPECT_TRUE(classes || classes.error().message.rfind("line ", 0) == 0) << n;
    }
  }
}

// The bracket stands in a string, as the escaped quote in front of it does: the next class begins
// all the same.
TEST(ClassDeclarations, GoOnBehindAnEscapedQuote) {
  const auto classes = read("class A:\n  def f(self):\n    x = \"a\\\"(b\"\nclass B:\n  y : int\n");
  EXPECT_EQ(classes.size(), 2u);
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
