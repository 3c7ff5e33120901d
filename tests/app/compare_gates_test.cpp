// The checks of compare, each at its border: what docs/reconcile.md says that it asks for.
#include <app/compare_gates.h>
#include <gtest/gtest.h>

namespace tally::app {
namespace {

using namespace inspector;

/// A comparison of 10,000 parameters in two terms that are met.
struct Given {
  ModelSnapshot snapshot;
  Census census;
  Weights weights;
  Comparison comparison;
  DeclaredModules declared;

  Given() {
    snapshot.modules.push_back({"", ModuleId::none(), "Model", ModuleId::none(), {}, {}});
    comparison.inference.transformer = true;
    comparison.terms.lines.resize(2);
    for (auto& line : comparison.terms.lines) line.predicted_params = line.real_params = 5'000;
    comparison.terms.real_params = comparison.terms.predicted_params = 10'000;
    weights.total = 10'000;
  }
  void leave_unexplained(std::int64_t params) {
    comparison.terms.unexplained = {WeightId(0)};
    comparison.terms.unexplained_params = params;
    comparison.terms.lines[1].predicted_params -= params;
    comparison.terms.lines[1].real_params -= params;
  }
  Compared compared() const { return {snapshot, census, weights, comparison, declared, {}, {}}; }
};

bool passes(const std::string& fail_on, const Given& given) {
  const auto parsed = parse_fail_on(fail_on);
  EXPECT_TRUE(parsed) << fail_on;
  return check(*parsed, given.compared()).passed;
}

TEST(Gate, MismatchAsksForEveryTermAndNothingMore) {
  Given given;
  EXPECT_TRUE(passes("mismatch", given));
  given.comparison.terms.lines[0].real_params += 1;
  given.comparison.terms.lines[1].real_params -= 1;  // the sum is met, the terms are not
  EXPECT_FALSE(passes("mismatch", given));
  Given extra;
  extra.leave_unexplained(1);
  EXPECT_FALSE(passes("mismatch", extra));
}

// Of 10,000 parameters 0.1 % are 10.
TEST(Gate, UnexplainedTakesAShare) {
  Given given;
  EXPECT_TRUE(passes("unexplained", given));
  given.leave_unexplained(1);
  EXPECT_FALSE(passes("unexplained", given));
  EXPECT_TRUE(passes("unexplained>0.1%", given));
  Given ten, eleven;
  ten.leave_unexplained(10);
  eleven.leave_unexplained(11);
  EXPECT_TRUE(passes("unexplained>0.1%", ten));
  EXPECT_FALSE(passes("unexplained>0.1%", eleven));
  EXPECT_TRUE(passes("unexplained>100%", eleven));
  EXPECT_FALSE(passes("unexplained>0%", ten));
}

TEST(Gate, WhatIsTooMuchDoesNotMakeGoodWhatIsMissing) {
  Given given;
  EXPECT_TRUE(passes("missing", given));
  given.comparison.terms.lines[0].real_params += 3;
  EXPECT_TRUE(passes("missing", given));
  given.comparison.terms.lines[1].real_params -= 2;
  EXPECT_FALSE(passes("missing", given));
  EXPECT_EQ(check(*parse_fail_on("missing"), given.compared()).found, "2 parameters missing");
}

TEST(Gate, ContradictionAndOpenFieldsFail) {
  Given given;
  given.comparison.inference.fields.push_back({"decoder.hidden_size", "20", {}, "", false, {}});
  EXPECT_TRUE(passes("contradiction", given));
  EXPECT_TRUE(passes("open", given));
  EXPECT_TRUE(check_config("c.json", given.compared()).passed);
  given.comparison.inference.fields[0].ambiguous = true;
  EXPECT_FALSE(passes("open", given));
  given.comparison.contradictions.push_back({"decoder.hidden_size", "20", "24", {}});
  EXPECT_FALSE(passes("contradiction", given));
  const Gate gate = check_config("c.json", given.compared());
  EXPECT_FALSE(gate.passed);
  EXPECT_NE(gate.found.find("decoder.hidden_size is 20, not 24"), std::string::npos) << gate.found;
}

TEST(Gate, ModulesMustAllBeAsDeclared) {
  Given given;
  EXPECT_FALSE(passes("modules", given));  // none declares anything: the check could not run
  given.declared.modules.resize(3);
  given.declared.as_declared = 3;
  EXPECT_TRUE(passes("modules", given));
  given.declared.as_declared = 2;
  EXPECT_FALSE(passes("modules", given));
}

// docs/exit-codes.md: a check that could not run never gives 0.
TEST(Gate, WhatCannotBeCheckedFails) {
  Given given;
  given.comparison.terms = {};
  given.comparison.terms.real_params = 10'000;
  given.comparison.inference.transformer = false;
  given.comparison.inference.reason = "no layers repeat";
  for (const char* name : {"mismatch", "unexplained", "unexplained>50%", "missing", "contradiction",
                           "open", "modules"}) {
    EXPECT_FALSE(passes(name, given)) << name;
    EXPECT_NE(check(*parse_fail_on(name), given.compared()).found.find("could not be checked"),
              std::string::npos)
        << name;
  }
  EXPECT_FALSE(check_config("c.json", given.compared()).passed);
}

TEST(Gate, ParametersAreExpectedToTheUnit) {
  const Given given;
  EXPECT_TRUE(check_params(10'000, given.compared()).passed);
  EXPECT_FALSE(check_params(9'999, given.compared()).passed);
  EXPECT_FALSE(check_params(10'001, given.compared()).passed);
}

TEST(FailOn, RefusesOtherWords) {
  for (const char* text :
       {"", "mismatches", "mismatch>1%", "missing>0.1%", "unexplained>", "unexplained>1",
        "unexplained>x%", "unexplained>-1%", "unexplained>101%", "unexplained<1%"}) {
    const auto parsed = parse_fail_on(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace tally::app
