// The grammar of conditions, at its borders, and what several checks come to together.
#include <app/gates.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>

namespace tally::app {
namespace {

Result<ConditionText> read(const std::string& text) {
  return read_condition("--fail-on", text, {"missing", "unexplained"}, {"unexplained"});
}

TEST(ReadCondition, TakesAShareFromNothingToAll) {
  for (const auto& [text, percent] :
       {std::pair("unexplained>0%", 0.0), std::pair("unexplained>0.1%", 0.1),
        std::pair("unexplained>100%", 100.0)}) {
    const auto condition = read(text);
    ASSERT_TRUE(condition) << text << ": " << condition.error().message;
    EXPECT_EQ(condition->word, "unexplained");
    EXPECT_EQ(condition->most_percent, percent);
  }
  EXPECT_EQ(read("unexplained")->most_percent, std::nullopt);
}

TEST(ReadCondition, RefusesWhatIsBeyondSayingWhat) {
  EXPECT_EQ(read("unexplained>100.1%").error().message,
            "--fail-on unexplained must be between 0 and 100, and is \"100.1\"");
  EXPECT_EQ(read("unexplained>-0.1%").error().message,
            "--fail-on unexplained must be between 0 and 100, and is \"-0.1\"");
  EXPECT_EQ(read("unexplained>10").error().message,
            "--fail-on: unexplained>10 has no share of the whole in percent");
  EXPECT_EQ(read("missing>1%").error().message, "--fail-on: missing takes no limit");
  EXPECT_EQ(read("missing>1%").error().hint, "give --fail-on missing");
}

TEST(ReadCondition, NamesTheNearestWordOrAll) {
  EXPECT_EQ(read("mising").error().hint, "did you mean missing?");
  EXPECT_EQ(read("zzzzzzzzzz").error().hint, "it is one of missing, unexplained, unexplained>0.1%");
}

Gate gate(bool passed) {
  return {passed ? "a" : "b", {passed, report::Count{passed ? 1 : 2}, "found"}};
}

TEST(Gates, PassOnlyTogether) {
  EXPECT_TRUE(all_passed({}));
  EXPECT_TRUE(all_passed({gate(true), gate(true)}));
  EXPECT_FALSE(all_passed({gate(true), gate(false)}));
  EXPECT_FALSE(all_passed({gate(false), gate(true)}));
  EXPECT_FALSE(all_passed({gate(false)}));
}

TEST(Gates, AreSaidAsWhatTheyCameTo) {
  report::Report report;
  add_checks({gate(true), gate(false)}, report.body);
  const std::string text = render_text(to_document(report), report::TextStyle{});
  EXPECT_NE(text.find("passed  a: found"), std::string::npos) << text;
  EXPECT_NE(text.find("FAILED  b: found"), std::string::npos) << text;
  report::Report none;
  add_checks({}, none.body);
  EXPECT_EQ(render_text(to_document(none), report::TextStyle{}).find("Checks"), std::string::npos);
}

}  // namespace
}  // namespace tally::app
