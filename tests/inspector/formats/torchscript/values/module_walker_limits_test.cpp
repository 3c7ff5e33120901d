// Cycles, and values without end.
#include <gtest/gtest.h>
#include <tests/inspector/formats/torchscript/values/module_walker_fixture.h>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

// PyTorch's own loading never ends in such a model.
TEST_F(ModuleWalkerTest, RefusesValuesThatHoldThemselves) {
  EXPECT_EQ(refusal(module("M", {text("l"), "]q\x01(" + floats("0", 1) + "h\x01" + "e"})).message,
            "data.pkl, byte 25: l[1] holds itself");
}

// A packed object has no module around it: what a parameter is could not be told.
TEST_F(ModuleWalkerTest, RefusesACustomClassAsTheRoot) {
  const Error error = refusal(global("__torch__.torch.classes.a", "O") + ")\x81" + "Nb");
  EXPECT_EQ(error.code, ErrorCode::kMalformed);
  EXPECT_TRUE(snapshot_.modules.empty());
}

TEST_F(ModuleWalkerTest, RefusesObjectsInObjectsPastTheLimitWithoutRecursion) {
  constexpr int kObjects = 300'000;
  std::string value;
  for (int i = 0; i < kObjects; ++i) value += global("__torch__.torch.classes.a", "O") + ")\x81";
  const Error error = refusal(module("M", {text("o"), value + "N" + std::string(kObjects, 'b')}));
  EXPECT_EQ(error.code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error.message, "values are nested deeper than 1000 levels");
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
  EXPECT_EQ(refusal(module("M", {text("t"), ")" + std::string(1'000'000, '\x85')})).code,
            ErrorCode::kLimitExceeded);
  std::string calls;
  for (int i = 0; i < 200'000; ++i) calls += "ca\nb\n";
  EXPECT_EQ(refusal(module("M", {text("t"), calls + "N" + std::string(200'000, 'R')})).code,
            ErrorCode::kMalformed);
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
            "data.pkl holds more than 100000 values, the limit for a file of its size: shared "
            "containers multiply its paths");
}

TEST_F(ModuleWalkerTest, RefusesMoreTensorsThanTheLimit) {
  limits_.max_tensors = 2;
  const std::string t = floats("0", 1);
  expect_walked(module("M", {text("a"), list({t, t})}));
  EXPECT_EQ(refusal(module("M", {text("a"), list({t, t, t})})).message,
            "data.pkl holds more than 2 tensors, the limit for a file of its size");
}

TEST_F(ModuleWalkerTest, CountsTextAsOftenAsItIsRepeated) {
  // 100 tensors in a dict whose key of 1,000 bytes is written once: each is named by it.
  Values tensors;
  for (int i = 0; i < 100; ++i) tensors.push_back(floats("0", 1));
  const std::string value =
      module("M", {text("d"), dict({text(std::string(1000, 'k')), list(tensors)})});
  limits_.max_report_bytes = 200'000;
  expect_walked(value);
  limits_.max_report_bytes = 100'000;
  const Error error = refusal(value);
  EXPECT_EQ(error.code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error.message,
            "data.pkl has modules, tensors and names that make a report of more than 100000 bytes, "
            "the limit for a file of its size: shared values are multiplied");
}

// A report escapes a control character as \u0001: six bytes for one.
TEST_F(ModuleWalkerTest, CountsTextAsLongAsItIsShown) {
  Values tensors(100, floats("0", 1));
  const auto named = [&](char letter) {
    return module("M", {text("d"), dict({text(std::string(1000, letter)), list(tensors)})});
  };
  limits_.max_report_bytes = 200'000;
  expect_walked(named('k'));
  EXPECT_EQ(refusal(named('\x01')).code, ErrorCode::kLimitExceeded);
}

// No export makes 17,000 modules with a tensor each in a megabyte; a report of them has 20 MB.
TEST_F(ModuleWalkerTest, BoundsTheReportOfASmallFile) {
  limits_ = ReadLimits().for_file(1'000'000);
  limits_.max_visits = 10'000'000;
  const auto many = [](int n) {
    Values items;
    for (int i = 0; i < n; ++i) {
      items.push_back(text("c" + std::to_string(i)));
      items.push_back(module("C", {text("k"), floats("0", 1)}));
    }
    return module("M", items);
  };
  expect_walked(many(10'000));
  declare("M", "Module");
  EXPECT_EQ(refusal(many(18'000)).code, ErrorCode::kLimitExceeded);
}

TEST_F(ModuleWalkerTest, RefusesMoreModulesThanTheLimit) {
  limits_.max_modules = 2;
  const std::string child = module("C", {text("k"), integer(1)});
  expect_walked(module("M", {text("a"), child}));
  declare("M", "Module");
  EXPECT_EQ(refusal(module("M", {text("a"), child, text("b"), child})).message,
            "data.pkl holds more than 2 modules, the limit for a file of its size");
}

}  // namespace
}  // namespace tally::inspector
