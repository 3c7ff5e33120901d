// One value as people read it and as JSON has it.
#include <gtest/gtest.h>
#include <report/json_writer.h>
#include <report/views.h>

#include <string>

namespace tally::report {
namespace {

std::string json_of(const Value& value) {
  std::string text;
  write_json(value, -1, text);
  return text;
}

TEST(Values, BytesAreRoundedForPeopleOnly) {
  const Value bytes = Bytes{497'759'232, true};
  EXPECT_EQ(text_of(bytes), "474.7 MiB");  // 497,759,232 / 2^20 = 474.70
  EXPECT_EQ(text_of(bytes, Units::kSi), "497.8 MB");
  EXPECT_EQ(json_of(bytes), "497759232");
}

TEST(Values, RatiosAreNumbersInJsonAndPercentForPeople) {
  EXPECT_EQ(text_of(Ratio{0.4}), "40.0 %");
  EXPECT_EQ(json_of(Ratio{0.4}), "0.4");
}

// 723737640960000000000000 is past 2^64: digits and all.
TEST(Values, FlopsHaveAllTheirDigits) {
  const Int128 flops = Int128{72'373'764'096} * 10'000'000'000'000;
  EXPECT_EQ(json_of(Flops{flops}), "723737640960000000000000");
  EXPECT_EQ(text_of(Flops{flops}), "723,737,640,960,000,000,000,000");
}

}  // namespace
}  // namespace tally::report
