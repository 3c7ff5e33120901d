#include <gtest/gtest.h>
#include <inspector/archive/literal.h>

#include <nlohmann/json.hpp>
#include <ostream>

namespace tally::inspector {
namespace {

using nlohmann::json;

struct Row {
  const char* literal;
  const char* expected;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.literal; }

class LiteralToJson : public testing::TestWithParam<Row> {};

TEST_P(LiteralToJson, SaysWhatPythonReads) {
  EXPECT_EQ(literal_to_json(GetParam().literal), GetParam().expected);
}

// Python: json.dumps(ast.literal_eval(literal), separators=(",", ":")), but for the spelling of
// reals, which is kept.
INSTANTIATE_TEST_SUITE_P(
    Values, LiteralToJson,
    testing::Values(Row{"True", "true"}, Row{"False", "false"}, Row{"None", "null"}, Row{"0", "0"},
                    Row{"-3", "-3"}, Row{"9223372036854775807", "9223372036854775807"},
                    Row{"0.5", "0.5"}, Row{"-0.25", "-0.25"}, Row{"1e-05", "1e-05"},
                    Row{"1.0000000000000001e-05", "1.0000000000000001e-05"}, Row{"1e+20", "1e+20"},
                    Row{"2.", "2.0"}, Row{"-2.", "-2.0"}, Row{"1.e5", "1.0e5"},
                    Row{"1.E5", "1.0E5"}, Row{"()", "[]"}, Row{"[]", "[]"}, Row{"(1,)", "[1]"},
                    Row{"(1, 2)", "[1,2]"}, Row{"[1, 2, ]", "[1,2]"}, Row{"[ 1 , 2 ]", "[1,2]"},
                    Row{"((1, 2), [3., None])", "[[1,2],[3.0,null]]"}, Row{"[[], ()]", "[[],[]]"}));

// TorchScript's printer escapes as Python does, but writes other bytes as three octal digits (seen
// with torch 2.11).
INSTANTIATE_TEST_SUITE_P(
    Strings, LiteralToJson,
    testing::Values(Row{R"("same")", R"("same")"}, Row{R"('same')", R"("same")"},
                    Row{R"("")", R"("")"}, Row{R"("it's")", R"("it's")"},
                    Row{R"('say "x"')", R"("say \"x\"")"}, Row{R"("\"x\"")", R"("\"x\"")"},
                    Row{R"('it\'s')", R"("it's")"}, Row{R"("back\\slash")", R"("back\\slash")"},
                    Row{R"("a\nb")", R"("a\u000ab")"}, Row{R"("a\tb")", R"("a\u0009b")"},
                    Row{R"("a\rb")", R"("a\u000db")"}, Row{R"("a\ab")", R"("a\u0007b")"},
                    Row{R"("a\033b")", R"("a\u001bb")"}, Row{R"("\000")", R"("\u0000")"},
                    Row{R"("\177")", R"("\u007f")"}, Row{R"("\303\251")", "\"\xc3\xa9\""},
                    Row{R"("\1234")", R"("S4")"}, Row{R"("\q")", R"("\\q")"},
                    Row{R"(["a", 'b'])", R"(["a","b"])"}));

// JSON has no such numbers.
INSTANTIATE_TEST_SUITE_P(NoNumbers, LiteralToJson,
                         testing::Values(Row{"inf", R"("inf")"}, Row{"-inf", R"("-inf")"},
                                         Row{"nan", R"("nan")"}, Row{"-nan", R"("-nan")"}));

TEST(Literal, IsKeptAsTextWhereItIsNone) {
  for (const char* text : {"",         "CONSTANTS.c0", "torch.device(\"cpu\")",
                           "1 2",      "1 +",          "Truest",
                           "(1",       "(1]",          "(,)",
                           "(1 2)",    "1)",           "\"open",
                           "\"open\\", "007",          "0x10",
                           "1e",       "1.5.2",        "--1",
                           "-",        ".5",           "1j",
                           "+n",       "1e999",        "{1: 2}"}) {
    EXPECT_EQ(json::parse(literal_to_json(text)), text);
  }
  EXPECT_EQ(literal_to_json("\xff"), "\"\xef\xbf\xbd\"");
}

TEST(Literal, IsAlwaysJson) {
  const std::string pieces[] = {"1", ".",  "e", "E",  "-", "+",    "(",   ")", "[", ",",
                                " ", "\"", "'", "\\", "n", "True", "inf", "0", "x", "\xc3"};
  for (const auto& a : pieces)
    for (const auto& b : pieces)
      for (const auto& c : pieces)
        for (const auto& d : pieces) {
          const std::string literal_text = a + b + c + d;
          ASSERT_TRUE(json::accept(literal_to_json(literal_text)))
              << literal_text << " gave " << literal_to_json(literal_text);
        }
}

TEST(Literal, IsReadSixteenLevelsDeepAndKeptAsTextBelow) {
  const auto nested = [](int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']');
  };
  EXPECT_EQ(literal_to_json(nested(17)), nested(17));  // the outermost is level 0
  EXPECT_EQ(literal_to_json(nested(18)), "\"" + nested(18) + "\"");
  EXPECT_EQ(literal_to_json(std::string(1'000'000, '(')),
            "\"" + std::string(1'000'000, '(') + "\"");
}

TEST(JsonString, EscapesWhatJsonMust) {
  EXPECT_EQ(json_string("a\"b\\c/\n\x01"), "\"a\\\"b\\\\c/\\u000a\\u0001\"");
}

TEST(JsonString, ReadsBackAsTheSameText) {
  std::string text;
  for (int c = 0; c < 128; ++c) text += static_cast<char>(c);
  text += "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  EXPECT_EQ(json::parse(json_string(text)).get<std::string>(), text);
}

// RFC 3629, section 4, and the examples of overlong forms and surrogates in its sections 3 and 10.
TEST(ValidUtf8, KeepsWhatIsValid) {
  for (const char* text :
       {"", "ascii", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(ValidUtf8, ReplacesEachByteThatIsNot) {
  const std::string r = "\xef\xbf\xbd";
  const std::pair<std::string, std::string> cases[] = {
      {"\x80", r},          // a continuation alone
      {"\xc0\xaf", r + r},  // "/" in two bytes
      {"\xc1\xbf", r + r},
      {"\xe0\x9f\xbf", r + r + r},          // in three where two do
      {"\xed\xa0\x80", r + r + r},          // a surrogate
      {"\xf0\x8f\xbf\xbf", r + r + r + r},  // in four where three do
      {"\xf4\x90\x80\x80", r + r + r + r},  // past U+10FFFF
      {"\xf5", r},
      {"\xff", r},
      {"a\xc3", "a" + r},
      {"\xe2\x82", r + r},
      {"\xc3(", r + "("},
      {"\xe2\x82(", r + r + "("},
      {"\xf0\x9f\x98", r + r + r},
      {"\xc3\xa9\x80z", "\xc3\xa9" + r + "z"}};
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(valid_utf8(bytes), expected);
}

}  // namespace
}  // namespace tally::inspector
