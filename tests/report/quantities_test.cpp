// Counts of 128 bits as text: 2^63 = 9,223,372,036,854,775,808 and ten times that.
#include <gtest/gtest.h>
#include <report/quantities.h>

#include <cstdint>

namespace tally::report {
namespace {

TEST(Quantities, HaveAllTheirDigits) {
  EXPECT_EQ(digits(0), "0");
  EXPECT_EQ(digits(-7), "-7");
  EXPECT_EQ(digits(-1'090), "-1090");
  EXPECT_EQ(digits(Int128{INT64_MAX} + 1), "9223372036854775808");
  EXPECT_EQ(digits((Int128{INT64_MIN}) * 10), "-92233720368547758080");
}

TEST(Quantities, AreGroupedByThousandsBehindTheirSign) {
  EXPECT_EQ(grouped(Int128{123}), "123");
  EXPECT_EQ(grouped(Int128{-123}), "-123");
  EXPECT_EQ(grouped(Int128{-123'456}), "-123,456");
  EXPECT_EQ(grouped(Int128{1'234'567}), "1,234,567");
  EXPECT_EQ(grouped(Int128{INT64_MIN} * 10), "-92,233,720,368,547,758,080");
}

TEST(Quantities, RoundAsPrintfDoes) {
  EXPECT_EQ(fixed(2.5, 0), "2");  // to the even neighbour
  EXPECT_EQ(fixed(0.125, 2), "0.12");
  EXPECT_EQ(fixed(-1234.5678, 2), "-1234.57");
  EXPECT_EQ(scientific(6.02214e23), "6.02e+23");
}

}  // namespace
}  // namespace tally::report
