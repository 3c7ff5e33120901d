// The text of a configuration: what is read, and what is refused with its place.
#include <formulas/families/config_json.h>
#include <formulas/families/hf_config.h>
#include <gtest/gtest.h>

namespace tally::formulas {
namespace {

using Kind = ConfigValue::Kind;

TEST(ConfigJson, KeepsEveryKindOfValue) {
  const auto value = parse_config_value(
      R"({"a":null,"b":true,"c":-3,"d":9223372036854775807,"e":0.5,"f":"\u00e9","g":[1,[2]],"h":{"i":{}}})");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->find("a")->kind, Kind::kNull);
  EXPECT_TRUE(value->find("b")->boolean);
  EXPECT_EQ(value->find("c")->integer, -3);
  EXPECT_EQ(value->find("d")->integer, INT64_MAX);
  EXPECT_EQ(value->find("e")->number, 0.5);
  EXPECT_EQ(value->find("f")->text, "\xc3\xa9");
  EXPECT_EQ(value->find("g")->items[1].items[0].integer, 2);
  EXPECT_EQ(value->find("h")->find("i")->kind, Kind::kObject);
}

// 2^63 fits no field: it is kept as a number, so that the field that has it is refused by name.
TEST(ConfigJson, KeepsWhatNoIntegerHoldsAsANumber) {
  EXPECT_EQ(parse_config_value("9223372036854775808")->kind, Kind::kNumber);
}

TEST(ConfigJson, RefusesAFieldThatStandsTwice) {
  const auto outer = parse_config_value(R"({"hidden_size":64,"n":1,"hidden_size":128})");
  ASSERT_FALSE(outer);
  EXPECT_EQ(outer.error().code, ErrorCode::kMalformed);
  EXPECT_NE(outer.error().message.find("the field hidden_size twice"), std::string::npos);
  const auto inner = parse_config_value(R"({"text_config":{"n":1,"n":1}})");
  ASSERT_FALSE(inner);
  EXPECT_NE(inner.error().message.find("the field text_config.n twice"), std::string::npos)
      << inner.error().message;
  EXPECT_TRUE(parse_config_value(R"({"a":{"n":1},"b":{"n":1}})"));
}

TEST(ConfigJson, RefusesDeepNestingWithoutRecursion) {
  const std::string shallow = std::string(32, '[') + std::string(32, ']');
  EXPECT_TRUE(parse_config_value(shallow));
  const auto deep = parse_config_value(std::string(33, '[') + std::string(33, ']'));
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().message.find("deeper than 32"), std::string::npos);
  EXPECT_FALSE(parse_config_value(std::string(10'000'000, '[')));
}

TEST(ConfigJson, RefusesMoreThanItsLimit) {
  EXPECT_EQ(kLargestConfig, 16U << 20);
  EXPECT_TRUE(parse_config_value("\"" + std::string(kLargestConfig - 2, 'x') + "\""));
  const auto large = parse_config_value("\"" + std::string(kLargestConfig - 1, 'x') + "\"");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kLimitExceeded);
}

// 2^40 is the largest size; a layer of it has more than 2^63 parameters, which counting refuses.
TEST(ConfigJson, TakesSizesUpToTwoToTheFortieth) {
  const auto read = [](const std::string& rows) {
    return spec_from_hf_config(R"({"model_type":"gpt2","vocab_size":)" + rows + "}");
  };
  EXPECT_TRUE(read("1099511627776"));
  const auto larger = read("1099511627777");
  ASSERT_FALSE(larger);
  EXPECT_NE(
      larger.error().message.find("vocab_size is 1099511627777, must be a whole number between "
                                  "1 and 1099511627776"),
      std::string::npos)
      << larger.error().message;
  EXPECT_TRUE(read("1"));
  EXPECT_FALSE(read("0"));
}

TEST(ConfigJson, SaysWhereATextIsNoJson) {
  const auto value = parse_config_value(R"({"a":1,,"b":2})");
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().message.find("byte 8"), std::string::npos) << value.error().message;
}

}  // namespace
}  // namespace tally::formulas
