// What `compare` refuses before it reads a model, and its arithmetic near 2^63.

#include <app/compare/compare.h>
#include <formulas/families/hf_config.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <string>

namespace tally::app {
namespace {

CompareRequest request_for(const std::function<void(CompareRequest&)>& give) {
  CompareRequest request;
  request.load.paths = {"/no/such/model.pt"};
  give(request);
  return request;
}

TEST(CompareFlags, AreRefusedWhereTheyDoNothing) {
  const struct {
    const char* flag;
    std::function<void(CompareRequest&)> give;
  } cases[] = {
      {"--vocab-size", [](auto& r) { r.vocab_size = "7"; }},
      {"--hidden-size", [](auto& r) { r.hidden_size = "7"; }},
      {"--num-layers", [](auto& r) { r.num_layers = "7"; }},
      {"--family", [](auto& r) { r.family = "gpt2"; }},
      {"--architecture", [](auto& r) { r.architecture = "GPT2LMHeadModel"; }},
      {"--config", [](auto& r) { r.profile = "guide", r.config = "c.json"; }},
      {"--expect-config", [](auto& r) { r.profile = "guide", r.expect_config = "c.json"; }},
      {"--family", [](auto& r) { r.profile = "guide", r.family = "gpt2"; }},
      {"--architecture", [](auto& r) { r.profile = "guide", r.architecture = "X"; }},
      {"--set", [](auto& r) { r.profile = "guide", r.settings = {"a=b"}; }},
      {"--num-heads", [](auto& r) { r.profile = "guide", r.num_heads = "4"; }},
      {"--head-dim", [](auto& r) { r.profile = "guide", r.head_dim = "4"; }},
      {"--all-fields", [](auto& r) { r.profile = "guide", r.every_field = true; }},
      {"--fail-on open", [](auto& r) { r.profile = "guide", r.fail_on = {"open"}; }},
      {"--fail-on", [](auto& r) { r.profile = "guide", r.fail_on = {"nonsense"}; }},
      {"--expect-params", [](auto& r) { r.profile = "guide", r.expect_params = "many"; }},
  };
  for (const auto& one : cases) {
    const auto compared = compare(request_for(one.give));
    ASSERT_FALSE(compared) << one.flag;
    EXPECT_EQ(compared.error().code, ErrorCode::kUsage) << compared.error().message;
    EXPECT_EQ(compared.error().message.find(one.flag), 0U) << compared.error().message;
  }
}

TEST(CompareFlags, AreTakenWhereTheyDoSomething) {
  for (const auto& give : {std::function<void(CompareRequest&)>([](auto&) {}),
                           std::function<void(CompareRequest&)>([](auto& r) {
                             r.profile = "guide";
                             r.vocab_size = r.hidden_size = r.num_layers = "7";
                             r.expect_params = "1";
                             r.fail_on = {"mismatch"};
                           }),
                           std::function<void(CompareRequest&)>([](auto& r) {
                             r.num_heads = r.head_dim = "7";
                             r.settings = {"output.tied=no"};
                           })}) {
    const auto compared = compare(request_for(give));
    ASSERT_FALSE(compared);
    EXPECT_EQ(compared.error().code, ErrorCode::kNotFound) << compared.error().message;
  }
}

// As of --config <(cat config.json): its end is not known before it is read.
TEST(CompareConfig, MayBeAPipe) {
  for (const bool expected : {false, true}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const std::string text = R"({"model_type": "gpt2", "n_layer": 2})";
    ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(ends[1]);
    const std::string path = "/dev/fd/" + std::to_string(ends[0]);
    const auto compared = compare(
        request_for([&](CompareRequest& r) { (expected ? r.expect_config : r.config) = path; }));
    close(ends[0]);
    ASSERT_FALSE(compared);
    EXPECT_EQ(compared.error().message.find("/no/such/model.pt"), 0U) << compared.error().message;
  }
}

TEST(ModuleSums, MayPassTwoToTheSixtyThird) {
  inspector::DeclaredModules declared;
  constexpr std::int64_t kMost = INT64_MAX;
  declared.modules = {{ModuleId(0), "", "", kMost, kMost}, {ModuleId(1), "", "", kMost, 1}};
  declared.other_params = 2;
  const ModuleSums sums = sums_of(declared);
  EXPECT_TRUE(sums.predicted_params == Int128{2} * kMost);
  EXPECT_TRUE(sums.real_params == Int128{kMost} + 3);
}

// Tying changes what a term adds and not its product, so that no addend came or went.
TEST(ChangeFormula, SaysThatALayerIsTied) {
  inspector::Reconciliation terms;
  terms.lines.resize(1);
  const formulas::TermKey output{"", -1, {formulas::slot::kOutput, formulas::Part::kWeight}};
  terms.lines[0].key = output;
  terms.lines[0].addends = {{"V·H", "211·20"}};
  EXPECT_EQ(change_formula({output, -4220, ""}, terms),
            "tied, no longer counted again: V·H = 211·20");
  EXPECT_EQ(change_formula({output, 4220, ""}, terms), "no longer tied, counted: V·H = 211·20");
  EXPECT_EQ(change_formula({output, 1, "H = 20"}, terms), "H = 20");
}

// 2^40 rows of 2^22: each of the two tables has 2^62 parameters, which fits; together they do not.
TEST(Reconcile, RefusesASpecificationPastTwoToTheSixtyThird) {
  const auto config = formulas::spec_from_hf_config(R"({"model_type": "gpt2", "n_head": 16,
      "vocab_size": 1099511627776, "n_positions": 1099511627776, "n_embd": 4194304, "n_layer": 1})");
  ASSERT_TRUE(config) << config.error().message;
  inspector::Inference inference;
  inference.spec = config->spec;
  const auto terms = inspector::reconcile({}, inference, config->spec);
  ASSERT_FALSE(terms) << "predicts " << terms->predicted_params;
  EXPECT_EQ(terms.error().code, ErrorCode::kUsage);
  EXPECT_NE(terms.error().message.find("does not fit"), std::string::npos);
}

}  // namespace
}  // namespace tally::app
