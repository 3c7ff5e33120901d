// The guide's calculators against the numbers that the guide itself gives (AI Model Parameters
// Guide, parts 1 and 4).
#include <formulas/guide/guide.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace tally::formulas {
namespace {

struct BreakdownCase {
  GuideInputs inputs;
  std::int64_t token, position, layers, output, total, single_layer;
};

class GuideBreakdownCases : public testing::TestWithParam<BreakdownCase> {};

TEST_P(GuideBreakdownCases, GivesTheGuidesNumbers) {
  const auto& expected = GetParam();
  const auto breakdown = guide_parameters(expected.inputs);
  ASSERT_TRUE(breakdown);
  EXPECT_EQ(breakdown->token_embeddings_params, expected.token);
  EXPECT_EQ(breakdown->position_embeddings_params, expected.position);
  EXPECT_EQ(breakdown->transformer_layers_params, expected.layers);
  EXPECT_EQ(breakdown->output_layer_params, expected.output);
  EXPECT_EQ(breakdown->total_params, expected.total);
  EXPECT_EQ(breakdown->layer.total_params, expected.single_layer);
}

TEST_P(GuideBreakdownCases, AddsUp) {
  const auto breakdown = guide_parameters(GetParam().inputs);
  ASSERT_TRUE(breakdown);
  std::int64_t sum = 0;
  for (const auto& component : breakdown->components()) sum += component.params;
  EXPECT_EQ(sum, breakdown->total_params);
  const auto& layer = breakdown->layer;
  EXPECT_EQ(layer.attention_qkv_params + layer.attention_output_params +
                layer.attention_norm_params + layer.feed_forward_params +
                layer.feed_forward_norm_params,
            layer.total_params);
  EXPECT_EQ(layer.total_params * breakdown->inputs.num_layers,
            breakdown->transformer_layers_params);
}

INSTANTIATE_TEST_SUITE_P(GuideTable, GuideBreakdownCases,
                         testing::Values(BreakdownCase{{50257, 768, 12, 12},
                                                       38'597'376,
                                                       1'572'864,
                                                       85'017'600,
                                                       38'597'376,
                                                       163'785'216,
                                                       7'084'800},
                                         BreakdownCase{{30522, 768, 12, 12},
                                                       23'440'896,
                                                       1'572'864,
                                                       85'017'600,
                                                       23'440'896,
                                                       133'472'256,
                                                       7'084'800},
                                         BreakdownCase{{32000, 4096, 32, 32},
                                                       131'072'000,
                                                       8'388'608,
                                                       6'443'630'592,
                                                       131'072'000,
                                                       6'714'163'200,
                                                       201'363'456}));

TEST(Guide, PartsOfALayerFollowTheGuidesFormulas) {
  const auto breakdown = guide_parameters({10, 8, 1, 2});
  ASSERT_TRUE(breakdown);
  EXPECT_EQ(breakdown->layer.attention_qkv_params, 3 * 8 * 8);
  EXPECT_EQ(breakdown->layer.attention_output_params, 8 * 8);
  EXPECT_EQ(breakdown->layer.attention_norm_params, 2 * 8);
  EXPECT_EQ(breakdown->layer.feed_forward_params, 8 * 32 + 32 + 32 * 8 + 8);
  EXPECT_EQ(breakdown->layer.feed_forward_norm_params, 2 * 8);
  EXPECT_EQ(breakdown->head_size, 4);
}

TEST(Guide, DefaultsAreTwelveLayersAndTwelveHeads) {
  GuideInputs inputs;
  inputs.vocab_size = 50257;
  inputs.hidden_size = 768;
  const auto breakdown = guide_parameters(inputs);
  ASSERT_TRUE(breakdown);
  EXPECT_EQ(breakdown->total_params, 163'785'216);
  EXPECT_EQ(breakdown->head_size, 64);
}

TEST(Guide, HeadsChangeHeadSizeAndNoTerm) {
  const auto twelve = guide_parameters({50257, 768, 12, 12});
  const auto seven = guide_parameters({50257, 768, 12, 7});
  ASSERT_TRUE(twelve);
  ASSERT_TRUE(seven);
  EXPECT_EQ(seven->head_size, 109);  // 768 // 7
  EXPECT_EQ(seven->total_params, twelve->total_params);
}

// "The guide is 39,345,408 high": tied head, positions, biases 9H instead of 13H a layer, final
// norm.
TEST(Guide, DifferenceToTheRealGpt2IsExplainedToTheUnit) {
  const auto breakdown = guide_parameters({50257, 768, 12, 12});
  ASSERT_TRUE(breakdown);
  EXPECT_EQ(breakdown->total_params - 124'439'808, 39'345'408);
  // Radford et al. 2019: V = 50,257, S = 1,024, H = 768, L = 12, 12 H^2 + 13 H a layer, a final
  // norm.
  constexpr std::int64_t kV = 50'257, kS = 1'024, kH = 768, kL = 12;
  EXPECT_EQ(breakdown->token_embeddings_params, kV * kH);
  EXPECT_EQ(breakdown->output_layer_params, 38'597'376);  // V H; GPT-2's head is its table
  EXPECT_EQ(breakdown->position_embeddings_params - kS * kH, 786'432);
  EXPECT_EQ(breakdown->transformer_layers_params - kL * (12 * kH * kH + 13 * kH), -36'864);
  EXPECT_EQ(38'597'376 + 786'432 - 36'864 - breakdown->total_params + 124'439'808, 2 * kH);
}

TEST(Guide, RefusesInputsByName) {
  const struct {
    GuideInputs inputs;
    std::string field;
  } cases[] = {{{0, 768, 12, 12}, "vocab_size"},
               {{-5, 768, 12, 12}, "vocab_size"},
               {{50257, 0, 12, 12}, "hidden_size"},
               {{50257, 768, 0, 12}, "num_layers"},
               {{50257, 768, -1, 12}, "num_layers"},
               {{50257, 768, 12, 0}, "num_attention_heads"},
               {{std::numeric_limits<std::int64_t>::max(), 768, 12, 12}, "vocab_size"},
               {{50257, 1'000'000'000'000, 12, 12}, "hidden_size"},
               {{50257, 768, std::numeric_limits<std::int64_t>::max() / 1000, 12}, "num_layers"}};
  for (const auto& refused : cases) {
    const auto breakdown = guide_parameters(refused.inputs);
    ASSERT_FALSE(breakdown) << refused.field;
    EXPECT_EQ(breakdown.error().code, ErrorCode::kUsage);
    EXPECT_NE(breakdown.error().message.find(refused.field), std::string::npos)
        << breakdown.error().message;
  }
}

TEST(Guide, ResourcesOfTheFiveModels) {
  const std::int64_t bytes[] = {400'000'000, 4'000'000'000, 40'000'000'000, 400'000'000'000,
                                2'740'000'000'000};
  const auto& models = guide_models();
  ASSERT_EQ(models.size(), 5u);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto resources = guide_resources(models[i].num_params);
    ASSERT_TRUE(resources);
    EXPECT_EQ(resources->model_size_bytes, bytes[i]);
    EXPECT_DOUBLE_EQ(resources->model_size_mb, static_cast<double>(bytes[i]) / 1048576.0);
    EXPECT_DOUBLE_EQ(resources->model_size_gb, static_cast<double>(bytes[i]) / 1073741824.0);
    EXPECT_DOUBLE_EQ(resources->training_memory_gb, resources->model_size_gb * 4);
    EXPECT_DOUBLE_EQ(resources->gpu_days, static_cast<double>(models[i].num_params) / 1e9);
    EXPECT_DOUBLE_EQ(resources->cost_low_usd, resources->gpu_days * 1000);
    EXPECT_DOUBLE_EQ(resources->cost_high_usd, resources->gpu_days * 5000);
  }
}

TEST(Guide, ResourcesRefuseWhatIsNoCount) {
  for (const std::int64_t params :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    const auto resources = guide_resources(params);
    ASSERT_FALSE(resources);
    EXPECT_EQ(resources.error().code, ErrorCode::kUsage);
    EXPECT_NE(resources.error().message.find("params"), std::string::npos);
  }
}

}  // namespace
}  // namespace tally::formulas
