// Numbers of the command line: what they mean, and what is none.
#include <app/parse_number.h>
#include <gtest/gtest.h>

#include <string>

namespace tally::app {
namespace {

std::string refusal(const std::string& text, std::int64_t low = 0, std::int64_t high = INT64_MAX) {
  const auto count = parse_count("field", text, low, high);
  return count ? std::to_string(*count) : count.error().message;
}

TEST(ParseCount, ReadsDigitsAndSuffixesOfAThousand) {
  const struct {
    const char* text;
    std::int64_t count;
  } cases[] = {{"0", 0},
               {"4096", 4'096},
               {"2k", 2'000},
               {"2K", 2'000},
               {"1.5M", 1'500'000},
               {"7B", 7'000'000'000},
               {"7g", 7'000'000'000},
               {"0.5T", 500'000'000'000},
               {"2.0", 2},
               {".5k", 500},
               {"9223372036854775807", INT64_MAX}};
  for (const auto& [text, expected] : cases) {
    const auto count = parse_count("field", text, 0, INT64_MAX);
    EXPECT_EQ(count ? *count : -1, expected) << text;
  }
}

TEST(ParseCount, RefusesWhatIsNoWholeNumber) {
  for (const char* text : {"", "k", "1.5", "1.0005k", "1e3", "0x10", "1,000", "1 000", " 1", "1 ",
                           "--1", "1.2.3M", "1kk", "ten", "٣"}) {
    EXPECT_EQ(refusal(text), "field must be a whole number (such as 4096, 7B or 1.5M), and is \"" +
                                 std::string(text) + "\"");
  }
}

TEST(ParseCount, RefusesWhatDoesNotFit) {
  for (const char* text : {"9223372036854775808", "10000000T", "99999999999999999999999999"}) {
    EXPECT_EQ(refusal(text),
              "field must be at most 9223372036854775807, and is \"" + std::string(text) + "\"");
  }
}

TEST(ParseCount, HoldsToItsRange) {
  EXPECT_EQ(refusal("3", 0, 3), "3");
  EXPECT_EQ(refusal("4", 0, 3), "field must be at most 3, and is \"4\"");
  EXPECT_EQ(refusal("1", 1), "1");
  EXPECT_EQ(refusal("0", 1), "field must be positive, and is \"0\"");
  EXPECT_EQ(refusal("2", 2), "2");
  EXPECT_EQ(refusal("1", 2), "field must be at least 2, and is \"1\"");
  EXPECT_EQ(refusal("-1", -1), "-1");
  EXPECT_EQ(refusal("-2", -1), "field must be at least -1, and is \"-2\"");
}

TEST(ParseNumber, ReadsNumbersWithinItsRange) {
  EXPECT_DOUBLE_EQ(*parse_number("share", "0.4", 0, 1), 0.4);
  EXPECT_DOUBLE_EQ(*parse_number("share", ".5", 0, 1), 0.5);
  EXPECT_DOUBLE_EQ(*parse_number("share", "1", 0, 1), 1);
  EXPECT_DOUBLE_EQ(*parse_number("share", "1e-3", 0, 1), 0.001);
  EXPECT_EQ(parse_number("share", "1.001", 0, 1).error().message,
            "share must be between 0 and 1, and is \"1.001\"");
  EXPECT_EQ(parse_number("share", "-0.001", 0, 1).error().message,
            "share must be between 0 and 1, and is \"-0.001\"");
}

TEST(ParseNumber, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "0.4x", "x", "nan", "inf", "1e999", " 1", "0.4 ", "+1", "-", "."}) {
    EXPECT_EQ(parse_number("share", text, 0, 1).error().message,
              "share must be a number, and is \"" + std::string(text) + "\"");
  }
}

TEST(ParseBytes, TakesWholeNumbersAndDecimalsWithASuffix) {
  const std::pair<const char*, std::int64_t> cases[] = {{"0", 0},
                                                        {"4096", 4096},
                                                        {"1K", 1024},
                                                        {"512M", 512ll * 1024 * 1024},
                                                        {"1.5G", 3ll * 512 * 1024 * 1024},
                                                        {"0.5T", 512ll * 1024 * 1024 * 1024},
                                                        {".5k", 512},
                                                        {"2GB", 2ll * 1024 * 1024 * 1024},
                                                        {"2GiB", 2ll * 1024 * 1024 * 1024},
                                                        {"7B", 7},
                                                        {"1.0001K", 1024}};  // 1024.1024
  for (const auto& [text, bytes] : cases) {
    const auto parsed = parse_bytes("--limit", text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"", "-5", "-1G", "+5", "G", "1.2.3", "5X", "5KK", "1GG", "1e9", " 5",
                           "5 G", "nan", "99999999T", "9223372036854775808", "."}) {
    const auto parsed = parse_bytes("--limit", text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
    EXPECT_NE(parsed.error().message.find("--limit"), std::string::npos);
    EXPECT_NE(parsed.error().message.find(std::string("\"") + text + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace tally::app
