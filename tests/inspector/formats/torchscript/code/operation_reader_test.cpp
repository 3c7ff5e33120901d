// The operators of a code. The sources are lines as torch.jit.save writes them; what each operator
// takes and gives is read off by hand.
#include <gtest/gtest.h>
#include <inspector/formats/torchscript/code/operation_reader.h>

#include <string>

namespace tally::inspector {
namespace {

struct Read {
  bool whole = false;
  std::vector<Operation> operations;
};

Read read(std::string source, std::size_t most = 1000) {
  if (source.find("def ") == std::string::npos) source = "  def f(self) -> Tensor:\n" + source;
  Read r;
  std::int32_t next = 0;
  // c0 to c3 are the tensors 10 to 13, c1 is none.
  r.whole = read_operations(source, {TensorId(10), TensorId::none(), TensorId(12), TensorId(13)},
                            most, next, r.operations);
  return r;
}

/// "torch.linear(0:v1, 1:t10) -> v2": positions, values, tensors.
std::string text(const Operation& o) {
  std::string text = o.name + "(";
  for (const Operand& x : o.operands)
    text +=
        (text.back() == '(' ? "" : ", ") + std::to_string(x.position) + ":" +
        (x.tensor.valid() ? "t" + std::to_string(x.tensor.value()) : "v" + std::to_string(x.value));
  text += ") ->";
  for (const std::int32_t v : o.outputs) text += " v" + std::to_string(v);
  return text;
}

std::vector<std::string> texts(const Read& r) {
  std::vector<std::string> all;
  for (const Operation& o : r.operations) all.push_back(text(o));
  return all;
}

using Texts = std::vector<std::string>;

TEST(OperationReader, TellsWhatOperatorsTakeAndGive) {
  const Read r = read(
      "class Net(Module):\n"
      "  __parameters__ = []\n"
      "  def forward(self: __torch__.Net,\n"
      "    x: Tensor) -> Tensor:\n"
      "    _0 = torch.linear(x, CONSTANTS.c0, CONSTANTS.c2)\n"
      "    return torch.relu(_0)\n");
  EXPECT_TRUE(r.whole);
  EXPECT_EQ(texts(r), (Texts{"torch.linear(0:v0, 1:t10, 2:t12) -> v1", "torch.relu(0:v1) -> v2"}));
}

TEST(OperationReader, FollowsNestedCallsListsAndArgumentsWithNames) {
  const Read r = read(
      "  def forward(self) -> Tensor:\n"
      "    a = torch.to(torch.add(b, CONSTANTS.c2, alpha=2), dtype=6, "
      "device=torch.device(\"a,b(\"))\n"
      "    c = torch.cat([CONSTANTS.c3, a], -2)\n");
  EXPECT_EQ(texts(r), (Texts{"torch.add(0:v0, 1:t12) -> v1", "torch.device() -> v2",
                             "torch.to(0:v1, 2:v2) -> v3", "torch.cat(0:t13, 0:v3) -> v4"}));
}

TEST(OperationReader, GivesEachTargetItsOwnValue) {
  const Read r = read(
      "  def forward(self) -> Tensor:\n"
      "    q, k, = torch.split(x, 24, 2)\n"
      "    y = torch.matmul(q, k)\n"
      "    z = [y, q]\n"
      "    w = torch.stack(z)\n");
  EXPECT_EQ(texts(r), (Texts{"torch.split(0:v0) -> v1 v2", "torch.matmul(0:v1, 1:v2) -> v3",
                             "torch.stack(0:v3, 0:v1) -> v4"}));
}

TEST(OperationReader, TakesConstantsThatAreNoTensorsForNothing) {
  EXPECT_EQ(
      texts(read("    y = torch.add(x, CONSTANTS.c1)\n    z = torch.add(x, CONSTANTS.c99)\n")),
      (Texts{"torch.add(0:v0) -> v1", "torch.add(0:v0) -> v2"}));
}

TEST(OperationReader, KeepsValuesOfFunctionsApart) {
  const Read r = read(
      "  def f(self, x: Tensor) -> Tensor:\n    return torch.relu(x)\n"
      "  def g(self, x: Tensor) -> Tensor:\n    return torch.relu(x)\n");
  EXPECT_EQ(texts(r), (Texts{"torch.relu(0:v0) -> v1", "torch.relu(0:v2) -> v3"}));
}

TEST(OperationReader, SaysWhenItStops) {
  EXPECT_FALSE(read("a = f(x)\nb = f(a)\nc = f(b)\n", 2).whole);
  EXPECT_FALSE(read("a = f(" + std::string(200, '(') + "\n").whole);
  // Lists that double with each line: what is kept stays bounded.
  std::string doubling = "l = [x, y]\n";
  for (int i = 0; i < 4000; ++i) doubling += "l = [l, l]\n";
  EXPECT_FALSE(read(doubling, 100).whole);
}

// What is told of text that is no statement, read off by hand: a call that never ends is one, and
// what stands behind a value is called on it.
TEST(OperationReader, EndsOnAnyText) {
  const struct {
    const char* source;
    Texts operations;
  } cases[] = {{"", {}},
               {"\n", {}},
               {"a = ", {}},
               {"a = f(", {"f() -> v0"}},
               {"a = f(\"", {"f() -> v0"}},
               {")))", {}},
               {"a, b = (", {}},
               {"x = (y)[", {}},
               {"def", {}},
               {"def f(", {}},
               {"a = f(x)[0].g(", {"f(0:v0) -> v1", ".g(-1:v1) -> v2"}},
               {"= = =", {}},
               {"a = .b", {}},
               {"\"\\", {}},
               {"f(,,,)", {"f() -> v0"}},
               {"]\n}\n)", {}}};
  for (const auto& [source, operations] : cases)
    EXPECT_EQ(texts(read(source)), operations) << source;
}

// Each list holds the one before it twice: 2^20 values in twenty lines.
TEST(OperationReader, BoundsListsThatDouble) {
  std::string source = "  def f(self, x) -> Tensor:\n    a0 = [x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "a" + std::to_string(i - 1);
    source += "    a" + std::to_string(i) + " = [" + before + ", " + before + "]\n";
  }
  const Read r = read(source + "    return torch.cat(a19, 0)\n");
  ASSERT_EQ(r.operations.size(), 1U);
  EXPECT_LE(r.operations[0].operands.size(), 64U);
}

}  // namespace
}  // namespace tally::inspector
