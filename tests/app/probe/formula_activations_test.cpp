// What the formulas say of a run's inputs. tests/inspector/probe holds them against measured runs.
#include <app/probe/formula_activations.h>
#include <gtest/gtest.h>

#include "../../inspector/reconcile/fixtures.h"

namespace tally::app {
namespace {

using namespace inspector;

std::int64_t part_of(const FormulaActivations& predicted, const std::string& id) {
  if (predicted.kernels.empty()) return -1;
  for (const auto& [name, bytes] : predicted.kernels.front().parts) {
    if (name == id) return bytes;
  }
  return 0;
}

InputSpec input(const std::string& name, std::vector<std::int64_t> sizes, Dtype dtype) {
  InputSpec spec;
  spec.name = name;
  spec.sizes = std::move(sizes);
  spec.dtype = dtype;
  return spec;
}

// GPT-2 with H 20 and V 211 in fp32, two texts of 8 tokens: scores of 2 x 8 x 211 numbers of 4
// bytes, whatever stands in front of the tokens.
TEST(FormulaActivations, TakeTheTokensForWhatTheyAre) {
  const FormulaModel model = FormulaModel::of(read_fixture("first/gpt2").snapshot);
  const InputSpec tokens = input("input_ids", {2, 8}, Dtype::kInt64);
  const auto alone = model.predict({tokens}, std::nullopt);
  ASSERT_EQ(alone.reason, "");
  EXPECT_EQ(part_of(alone, "logits"), 2 * 8 * 211 * 4);
  for (const InputSpec& other :
       {input("mask", {2, 5}, Dtype::kBool), input("embedded", {2, 5}, Dtype::kFloat32),
        input("sizes", {2, 5, 5}, Dtype::kInt64)}) {
    const auto predicted = model.predict({other, tokens}, std::nullopt);
    EXPECT_EQ(part_of(predicted, "logits"), 2 * 8 * 211 * 4) << other.name;
  }
  EXPECT_EQ(part_of(model.predict({tokens}, Dtype::kFloat16), "logits"), 2 * 8 * 211 * 2);
}

TEST(FormulaActivations, SayWhyTheySayNothing) {
  const FormulaModel model = FormulaModel::of(read_fixture("first/gpt2").snapshot);
  const InputSpec tokens = input("input_ids", {2, 8}, Dtype::kInt64);
  EXPECT_EQ(model.predict({input("x", {3, 4}, Dtype::kInt64), tokens}, std::nullopt).reason,
            "the inputs do not agree in their first size, the batch");
  EXPECT_EQ(model.predict({input("x", {2, 8}, Dtype::kFloat32)}, std::nullopt).reason,
            "no input of two sizes holds whole numbers, the tokens' ids");
  EXPECT_EQ(model.predict({}, std::nullopt).reason, "no input has a batch");
  const FormulaModel resnet = FormulaModel::of(read_fixture("modules/resnet").snapshot);
  EXPECT_EQ(
      resnet.predict({tokens}, std::nullopt).reason.rfind("the formulas are for transformers", 0),
      0u);
}

}  // namespace
}  // namespace tally::app
