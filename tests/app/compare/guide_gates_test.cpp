// Checks where one thing alone is wrong: each fails by that and by nothing else. Figures are of
// comparisons made by hand.
#include <app/compare/compare_gates.h>
#include <gtest/gtest.h>

namespace tally::app {
namespace {

using namespace inspector;

/// The guide held against a model of 100 parameters, all met.
GuideComparison met() {
  GuideComparison guide;
  guide.rows = {{"token_embeddings", 60, 60, 0, {}, "", 0},
                {"layers", 40, 40, 0, {}, "", 0},
                {"attention", 30, 30, 0, {}, "", 1},
                {"feed_forward", 10, 10, 0, {}, "", 1}};
  guide.inputs.vocab_size = 10;
  guide.inputs.hidden_size = 6;
  guide.inputs.num_layers = 2;
  guide.subject.vocab_size.value = 10;
  guide.subject.hidden_size.value = 6;
  guide.subject.num_layers.value = 2;
  return guide;
}

GateFinding check(const std::string& word, GuideComparison guide) {
  Compared compared;
  compared.weights.total = 100;
  compared.held = std::move(guide);
  CompareRequest request;
  request.profile = "guide";
  request.fail_on = {word};
  const auto checks = read_checks(request);
  EXPECT_TRUE(checks);
  return evaluate(*checks, compared).front().finding;
}

TEST(GuideGate, PassesWhereAllIsMet) {
  for (const char* word : {"mismatch", "unexplained", "missing", "contradiction"})
    EXPECT_TRUE(check(word, met()).passed) << word;
}

TEST(GuideGate, CountsARowAndItsPartsOnce) {
  GuideComparison guide = met();
  guide.rows[1] = {"layers", 40, 33, -7, {}, "", 0};
  guide.rows[2] = {"attention", 30, 23, -7, {}, "", 1};  // the same seven
  EXPECT_EQ(check("missing", guide).found, "7 parameters missing");
  EXPECT_FALSE(check("mismatch", guide).passed);
}

TEST(GuideGate, LeavesUnexplainedOnlyWhatTheGuideHasNoComponentFor) {
  GuideComparison guide = met();
  guide.rows[1] = {"layers", 40, 47, 7, {}, "", 0};
  EXPECT_TRUE(check("unexplained", guide).passed) << "more than the guide says is a mismatch";
  guide.rows.push_back({"[not in the guide]", 0, 3, 3, {}, "", 0});
  EXPECT_FALSE(check("unexplained", guide).passed);
  EXPECT_EQ(check("unexplained", guide).found, "3 parameters unexplained, 3.00 %");
}

TEST(GuideGate, FailsWhereOneSizeContradicts) {
  GuideComparison vocabulary = met(), width = met(), layers = met(), open = met();
  vocabulary.inputs.vocab_size = 11;
  width.inputs.hidden_size = 7;
  layers.inputs.num_layers = 3;
  for (const GuideComparison& guide : {vocabulary, width, layers}) {
    EXPECT_FALSE(check("contradiction", guide).passed);
    EXPECT_EQ(check("contradiction", guide).found, "1 contradiction");
  }
  open.inputs.num_layers = 3;
  open.subject.num_layers.value.reset();  // the file shows none
  EXPECT_TRUE(check("contradiction", open).passed);
}

TEST(GuideGate, SpeaksOfOneParameter) {
  GuideComparison guide = met();
  guide.rows.push_back({"[not in the guide]", 0, 1, 1, {}, "", 0});
  EXPECT_EQ(check("unexplained", guide).found, "1 parameter unexplained, 1.00 %");
}

/// A comparison with the formulas of two terms, 5,000 parameters each.
struct Held {
  ModelSnapshot snapshot;
  Comparison comparison;

  Held() {
    comparison.inference.transformer = true;
    comparison.terms.lines.resize(2);
    for (auto& line : comparison.terms.lines) line.predicted_params = line.real_params = 5'000;
    comparison.terms.real_params = comparison.terms.predicted_params = 10'000;
  }
  GateFinding check(const CompareRequest& request) const {
    Compared compared;
    compared.snapshot = snapshot;
    compared.weights.total = 10'000;
    compared.held = FormulaComparison{comparison, {}};
    return evaluate(*read_checks(request), compared).front().finding;
  }
};

TEST(FormulaGate, FailsByOneParameterThatIsMissing) {
  Held held;
  CompareRequest request;
  request.fail_on = {"missing"};
  EXPECT_TRUE(held.check(request).passed);
  held.comparison.terms.lines[0].real_params -= 1;
  EXPECT_FALSE(held.check(request).passed);
  EXPECT_EQ(held.check(request).found, "1 parameter missing");
}

// No field contradicts: tensors are missing, and that is enough.
TEST(FormulaGate, ExpectsOfAConfigurationThatEveryTermIsMet) {
  Held held;
  CompareRequest request;
  request.expect_config = "c.json";
  EXPECT_TRUE(held.check(request).passed);
  held.comparison.terms.lines[0].real_params -= 1;
  held.comparison.terms.real_params -= 1;
  EXPECT_FALSE(held.check(request).passed);
  EXPECT_EQ(held.check(request).found.find("every term is met"), std::string::npos);
}

}  // namespace
}  // namespace tally::app
