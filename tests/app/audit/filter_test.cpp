#include <app/audit/filter.h>
#include <gtest/gtest.h>

#include <string>

namespace tally::app {
namespace {

TEST(Filter, MatchesAnywhereInTheName) {
  const auto filter = Filter::compile("attn.*weight");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->matches("h.0.attn.c_attn.weight"));
  EXPECT_FALSE(filter->matches("h.0.attn.c_attn.bias"));
  EXPECT_TRUE(Filter().matches("anything"));
  EXPECT_TRUE(Filter::compile("")->is_all());
}

TEST(Filter, SeesTheEndOfALongName) {
  const auto filter = Filter::compile("weight$");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->matches(std::string(100'000, 'm') + ".weight"));
}

// An engine that backtracks tries 2^50 ways to divide the letters and never ends.
TEST(Filter, TakesNoLongerForAnExpressionThatIsMeantTo) {
  const auto filter = Filter::compile("^(a+)+$");
  ASSERT_TRUE(filter);
  EXPECT_FALSE(filter->matches(std::string(50, 'a') + "b"));
  EXPECT_FALSE(filter->matches(std::string(100'000, 'a') + "b"));
}

TEST(Filter, RefusesWhatIsNoExpression) {
  for (const char* wrong : {"attn(", "[z-a]", "*", "(?<=x)y"}) {
    const auto filter = Filter::compile(wrong);
    ASSERT_FALSE(filter) << wrong;
    EXPECT_EQ(filter.error().code, ErrorCode::kUsage);
    EXPECT_NE(filter.error().message.find(wrong), std::string::npos) << filter.error().message;
  }
}

}  // namespace
}  // namespace tally::app
