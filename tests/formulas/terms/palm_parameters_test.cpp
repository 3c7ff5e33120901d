// The sizes that a paper prints of a model that nobody can download.
#include <formulas/families/hf_config.h>
#include <formulas/terms/parameters.h>
#include <gtest/gtest.h>
#include <tests/formulas/printed.h>

#include <string>

namespace tally::formulas {
namespace {

// Chowdhery et al. 2022, table 1: 8.63, 62.50 and 540.35 billion; V 256,000 tied, one key-value
// head of 256, gated MLP 4d.
TEST(Parameters, PalmsTableOne) {
  const struct {
    std::int64_t hidden_size, num_layers, num_heads;
    const char* billions;
  } rows[] = {{4096, 32, 16, "8.63"}, {8192, 64, 32, "62.50"}, {18432, 118, 48, "540.35"}};
  for (const auto& row : rows) {
    TransformerSpec spec;
    StackSpec stack;
    stack.name = "decoder";
    stack.hidden_size = row.hidden_size;
    stack.causal = true;
    stack.embedding.vocab_size = 256'000;
    stack.embedding.embedding_size = row.hidden_size;
    LayerGroup group;
    for (std::int64_t i = 0; i < row.num_layers; ++i) group.layers.push_back(i);
    group.num_applied = row.num_layers;
    group.attention.num_heads = row.num_heads;
    group.attention.num_key_value_heads = 1;
    group.attention.head_dim = group.attention.value_head_dim = 256;
    group.mlp.kind = MlpKind::kGated;
    group.mlp.intermediate_size = 4 * row.hidden_size;
    group.parallel_block = true;
    group.norm = NormKind::kNone;
    stack.groups.push_back(group);
    spec.stacks.push_back(stack);
    spec.output.present = spec.output.tied = true;
    spec.output.vocab_size = 256'000;
    spec.output.width = row.hidden_size;
    const auto counts = count_parameters(spec);
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(printed(static_cast<double>(counts->unique_params) / 1e9, 2), row.billions);
    if (row.num_layers == 118) {
      EXPECT_EQ(counts->unique_params, 540'354'281'472);
      // With one norm a layer and one behind the last it would print as 540.36.
      StackSpec& normed = spec.stacks.front();
      normed.groups.front().norm = normed.final_norm = NormKind::kRmsNorm;
      normed.groups.front().attention_pre_norm = true;
      const auto with_norms = count_parameters(spec);
      ASSERT_TRUE(with_norms) << with_norms.error().message;
      EXPECT_EQ(with_norms->unique_params, 540'356'474'880);
    }
  }
}

}  // namespace
}  // namespace tally::formulas
