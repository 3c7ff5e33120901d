// Cycles, and values without end.
#include <gtest/gtest.h>
#include <tests/inspector/formats/torchscript/module_walker_fixture.h>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

TEST_F(ModuleWalkerTest, EndsInAListThatHoldsItself) {
  expect_walked(
      module("M", {text("l"), "]q\x01(" + floats("0", 1) + "h\x01" + floats("1", 1) + "e"}));
  EXPECT_EQ(tensors(), (Texts{"l[0] attribute", "l[2] attribute"}));
}

TEST_F(ModuleWalkerTest, EndsInAModuleThatHoldsItself) {
  expect_walked(global("__torch__", "M") + ")\x81q\x01" +
                dict({text("w"), floats("0", 1), text("self"), "h\x01"}) + "b");
  EXPECT_EQ(tensors(), (Texts{"w attribute"}));
  EXPECT_EQ(snapshot_.modules.back().same_as, ModuleId(0));
}

TEST_F(ModuleWalkerTest, EndsInAnObjectThatIsItsOwnState) {
  for (const char* cls : {"__torch__.torch.classes.a", "__torch__"}) {
    expect_walked(module(
        "M", {text("o"), global(cls, "O") + ")\x81q\x01h\x01" + "b", text("w"), floats("0", 1)}));
    EXPECT_EQ(tensors(), (Texts{"w attribute"}));
  }
}

TEST_F(ModuleWalkerTest, RefusesObjectsInObjectsPastTheLimitWithoutRecursion) {
  constexpr int kObjects = 300'000;
  for (const char* module_name : {"__torch__.torch.classes.a", "__torch__"}) {
    std::string value;
    for (int i = 0; i < kObjects; ++i) value += global(module_name, "O") + ")\x81";
    const Error error = refusal(module("M", {text("o"), value + "N" + std::string(kObjects, 'b')}));
    EXPECT_EQ(error.code, ErrorCode::kLimitExceeded);
    EXPECT_EQ(error.message, "values are nested deeper than 1000 levels");
  }
}

TEST_F(ModuleWalkerTest, WalksAsDeepAsTheLimitAllows) {
  // The state of M, then a tuple a level.
  const auto nested = [](int tuples) {
    return module(
        "M", {text("t"), floats("0", 1) + std::string(static_cast<std::size_t>(tuples), '\x85')});
  };
  limits_.max_depth = 10;
  expect_walked(nested(9));
  EXPECT_EQ(snapshot_.tensors.size(), 1u);
  EXPECT_EQ(refusal(nested(10)).code, ErrorCode::kLimitExceeded);
}

TEST_F(ModuleWalkerTest, RefusesAMillionNestedTuplesAndCalls) {
  limits_.max_visits = 100'000;
  EXPECT_EQ(refusal(module("M", {text("t"), ")" + std::string(1'000'000, '\x85')})).code,
            ErrorCode::kLimitExceeded);
  std::string calls;
  for (int i = 0; i < 200'000; ++i) calls += "ca\nb\n";
  EXPECT_EQ(refusal(module("M", {text("t"), calls + "N" + std::string(200'000, 'R')})).code,
            ErrorCode::kLimitExceeded);
}

// 60 lists, each holding the one before it twice: 2^60 paths.
TEST_F(ModuleWalkerTest, RefusesPathsThatMultiply) {
  limits_.max_visits = 100'000;
  std::string value = "]q\x01";
  for (int i = 1; i < 60; ++i)
    value += "0](h" + std::string(1, static_cast<char>(i)) + "h" + static_cast<char>(i) + "eq" +
             static_cast<char>(i + 1);
  const Error error = refusal(module("M", {text("l"), value}));
  EXPECT_EQ(error.code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error.message,
            "data.pkl holds more than 100000 values: shared containers multiply its paths");
}

TEST_F(ModuleWalkerTest, RefusesMoreTensorsThanTheLimit) {
  limits_.max_tensors = 2;
  const std::string t = floats("0", 1);
  expect_walked(module("M", {text("a"), list({t, t})}));
  EXPECT_EQ(refusal(module("M", {text("a"), list({t, t, t})})).message,
            "data.pkl holds more than 2 tensors");
}

}  // namespace
}  // namespace tally::inspector
