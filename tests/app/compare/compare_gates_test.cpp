// The checks of compare, each at its border: what docs/reconcile.md says that it asks for.
#include <app/compare/compare_gates.h>
#include <gtest/gtest.h>
#include <report/views.h>

namespace tally::app {
namespace {

using namespace inspector;

/// A comparison of 10,000 parameters in two terms that are met.
struct Given {
  ModelSnapshot snapshot;
  Weights weights;
  Comparison comparison;
  DeclaredModules declared;

  Given() {
    snapshot.modules.emplace_back();
    snapshot.modules.back().type = "Model";
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
  Compared compared() const {
    return {snapshot, weights, declared, FormulaComparison{comparison, {}}, {}};
  }
};

/// The only gate of `request`.
Gate gate_of(const CompareRequest& request, const Given& given) {
  const auto checks = read_checks(request);
  EXPECT_TRUE(checks) << (checks ? "" : checks.error().message);
  return evaluate(*checks, given.compared()).front();
}
Gate check(const std::string& fail_on, const Given& given) {
  CompareRequest request;
  request.fail_on = {fail_on};
  return gate_of(request, given);
}
Gate check_config(const Given& given) {
  CompareRequest request;
  request.expect_config = "c.json";
  return gate_of(request, given);
}
Gate check_params(const char* expected, const Given& given) {
  CompareRequest request;
  request.expect_params = expected;
  return gate_of(request, given);
}
bool passes(const std::string& fail_on, const Given& given) {
  return check(fail_on, given).finding.passed;
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
  EXPECT_EQ(check("missing", given).finding.found, "2 parameters missing");
}

TEST(Gate, ContradictionAndOpenFieldsFail) {
  Given given;
  given.comparison.inference.fields.push_back(
      {{formulas::FieldPart::kStack, "hidden_size", 0}, "20", {}, "", false, {}});
  EXPECT_TRUE(passes("contradiction", given));
  EXPECT_TRUE(passes("open", given));
  EXPECT_TRUE(check_config(given).finding.passed);
  given.comparison.inference.fields[0].ambiguous = true;
  EXPECT_FALSE(passes("open", given));
  given.comparison.contradictions.push_back({"decoder.hidden_size", "20", "24", {}});
  EXPECT_FALSE(passes("contradiction", given));
  const Gate gate = check_config(given);
  EXPECT_FALSE(gate.finding.passed);
  EXPECT_NE(gate.finding.found.find("decoder.hidden_size is 20, not 24"), std::string::npos)
      << gate.finding.found;
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
    EXPECT_NE(check(name, given).finding.found.find("could not be checked"), std::string::npos)
        << name;
  }
  EXPECT_FALSE(check_config(given).finding.passed);
}

TEST(Gate, ParametersAreExpectedToTheUnit) {
  const Given given;
  EXPECT_TRUE(check_params("10000", given).finding.passed);
  EXPECT_FALSE(check_params("9999", given).finding.passed);
  EXPECT_FALSE(check_params("10001", given).finding.passed);
}

TEST(Gate, ReportsTheValueThatDecided) {
  Given given;
  given.leave_unexplained(11);
  const std::string json = report::to_json_line([&] {
    report::Report report;
    report.body.add(checks_table({check("unexplained>0.1%", given), check("modules", given)}));
    return report;
  }());
  EXPECT_NE(json.find(R"({"check":"--fail-on unexplained>0.1%","passed":false,"value":11,)"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"({"check":"--fail-on modules","passed":false,"value":null,)"),
            std::string::npos)
      << json;
}

TEST(Gate, AsksTheGuidesFormulaAsWell) {
  GuideComparison guide;
  guide.rows = {{"token_embeddings", 60, 60, 0, {}, "", 0},
                {"output_layer", 40, 0, -40, {}, "", 0},
                {"[not in the guide]", 0, 7, 7, {}, "", 0}};
  guide.total = {"total", 100, 67, -33, {}, "", 0};
  Compared compared;
  compared.weights.total = 67;
  compared.held = guide;
  CompareRequest request;
  request.profile = "guide";
  request.expect_params = "100";
  request.fail_on = {"mismatch", "unexplained", "missing", "contradiction", "modules"};
  const auto checks = read_checks(request);
  ASSERT_TRUE(checks);
  compared.gates = evaluate(*checks, compared);
  const bool expected[] = {false, false, false, false, true, false};
  for (std::size_t i = 0; i < compared.gates.size(); ++i)
    EXPECT_EQ(compared.gates[i].finding.passed, expected[i]) << compared.gates[i].check;
  EXPECT_EQ(compared.gates[3].finding.found, "40 parameters missing");
  EXPECT_EQ(outcome_of(compared), Outcome::kCheckFailed);
  request.fail_on = {"open"};
  EXPECT_FALSE(read_checks(request));
}

TEST(FailOn, NamesTheNearestWord) {
  CompareRequest request;
  request.fail_on = {"mismatches"};
  EXPECT_EQ(read_checks(request).error().hint, "did you mean mismatch?");
}

TEST(FailOn, RefusesOtherWords) {
  for (const char* text :
       {"", "mismatches", "mismatch>1%", "missing>0.1%", "unexplained>", "unexplained>1",
        "unexplained>x%", "unexplained>-1%", "unexplained>101%", "unexplained<1%"}) {
    CompareRequest request;
    request.fail_on = {text};
    const auto checks = read_checks(request);
    ASSERT_FALSE(checks) << text;
    EXPECT_EQ(checks.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace tally::app
