#include <gtest/gtest.h>
#include <report/numbers.h>

#include <cstdint>
#include <limits>

namespace tally::report {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST(Grouped, SetsACommaBeforeEveryThirdDigit) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(124439808), "124,439,808");
  EXPECT_EQ(grouped(-100), "-100");
  EXPECT_EQ(grouped(-36864), "-36,864");
  EXPECT_EQ(grouped(kMost), "9,223,372,036,854,775,807");
  EXPECT_EQ(grouped(kLeast), "-9,223,372,036,854,775,808");
}

TEST(Percent, RoundsHalfUpInIntegers) {
  EXPECT_EQ(percent(39345408, 124439808), "31.62 %");  // 0.316180229...
  EXPECT_EQ(percent(1, 8), "12.50 %");
  EXPECT_EQ(percent(1, 8, 0), "13 %");
  EXPECT_EQ(percent(1, 3, 6), "33.333333 %");
  EXPECT_EQ(percent(0, 7), "0.00 %");
  EXPECT_EQ(percent(7, 7), "100.00 %");
  EXPECT_EQ(percent(3, 2), "150.00 %");
  EXPECT_EQ(percent(-1, 4), "-25.00 %");
  EXPECT_EQ(percent(kMost, kMost), "100.00 %");
  EXPECT_EQ(percent(kMost, 1), "922,337,203,685,477,580,700.00 %");
}

TEST(Percent, NeverShowsSomethingAsNothingOrNotAllAsAll) {
  EXPECT_EQ(percent(1, 1000000), "<0.01 %");
  EXPECT_EQ(percent(-1, 1000000), ">-0.01 %");
  EXPECT_EQ(percent(999999, 1000000), ">99.99 %");
  EXPECT_EQ(percent(kMost - 1, kMost, 1), ">99.9 %");
}

TEST(Percent, OfNothingIsNoNumber) { EXPECT_EQ(percent(5, 0), "-"); }

TEST(BytesText, IsExactUnlessAUnitIsAskedFor) {
  EXPECT_EQ(bytes_text(497759232), "497,759,232 B");
  EXPECT_EQ(bytes_text(497759232, Units::kSi), "497.8 MB");
  EXPECT_EQ(bytes_text(497759232, Units::kIec), "474.7 MiB");
  EXPECT_EQ(bytes_text(999, Units::kSi), "999 B");
  EXPECT_EQ(bytes_text(1000, Units::kSi), "1.0 kB");
  EXPECT_EQ(bytes_text(1023, Units::kIec), "1,023 B");
  EXPECT_EQ(bytes_text(1024, Units::kIec), "1.0 KiB");
  EXPECT_EQ(bytes_text(999960, Units::kSi), "1.0 MB");  // not 1,000.0 kB
  EXPECT_EQ(bytes_text(kMost, Units::kIec), "8.0 EiB");
  EXPECT_EQ(bytes_text(-2048, Units::kIec), "-2.0 KiB");
}

TEST(CountText, RoundsOnlyInSi) {
  EXPECT_EQ(count_text(124439808), "124,439,808");
  EXPECT_EQ(count_text(124439808, Units::kSi), "124.4 M");
  EXPECT_EQ(count_text(124439808, Units::kIec), "124,439,808");
  EXPECT_EQ(count_text(12, Units::kSi), "12");
}

TEST(UnitsNamed, KnowsTheThree) {
  EXPECT_EQ(units_named("exact"), Units::kExact);
  EXPECT_EQ(units_named("si"), Units::kSi);
  EXPECT_EQ(units_named("iec"), Units::kIec);
  EXPECT_FALSE(units_named("MB").has_value());
}

}  // namespace
}  // namespace tally::report
