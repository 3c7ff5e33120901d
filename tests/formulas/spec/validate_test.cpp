// What no transformer can be, refused with the field's name. Each case is a valid model with one
// edit.
#include <formulas/families/presets.h>
#include <formulas/terms/terms.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace tally::formulas {
namespace {

using Edit = std::function<void(TransformerSpec&)>;

/// What is said of the preset after the edit; "" where it is valid.
std::string refusal(const char* preset, const Edit& edit) {
  auto spec = preset_spec(preset);
  EXPECT_TRUE(spec) << preset;
  edit(*spec);
  const auto valid = validate(*spec);
  if (valid) return "";
  EXPECT_EQ(valid.error().code, ErrorCode::kUsage);
  EXPECT_FALSE(terms(*spec));  // nothing is counted of it
  return valid.error().message;
}

LayerGroup& group(TransformerSpec& spec) { return spec.stacks[0].groups[0]; }

TEST(Validate, AcceptsWhatIsPublished) {
  for (const auto& preset : presets())
    EXPECT_TRUE(validate(*preset_spec(preset.name))) << preset.name;
}

TEST(Validate, HeadsMustDivide) {
  const auto with_kv_heads = [](std::int64_t heads) {
    return [=](TransformerSpec& s) { group(s).attention.num_key_value_heads = heads; };
  };
  EXPECT_EQ(refusal("llama-3-8b", with_kv_heads(16)), "");
  EXPECT_EQ(refusal("llama-3-8b", with_kv_heads(12)),
            "decoder.attention.num_key_value_heads is 12, which does not divide num_heads = 32");
  EXPECT_EQ(refusal("llama-3-8b", with_kv_heads(64)),
            "decoder.attention.num_key_value_heads is 64, more than num_heads = 32");
}

TEST(Validate, ATokenTakesNoMoreExpertsThanThereAre) {
  const auto with = [](std::int64_t experts) {
    return [=](TransformerSpec& s) { group(s).mlp.num_experts_per_token = experts; };
  };
  EXPECT_EQ(refusal("mixtral-8x7b", with(8)), "");
  EXPECT_EQ(refusal("mixtral-8x7b", with(9)),
            "decoder.mlp.num_experts_per_token is 9, must lie between 1 and 8");
  EXPECT_EQ(refusal("mixtral-8x7b", with(0)),
            "decoder.mlp.num_experts_per_token is 0, must lie between 1 and 8");
}

TEST(Validate, ALayerLiesInOneGroupAndInItsStack) {
  EXPECT_EQ(refusal("llama-3-8b", [](TransformerSpec& s) { group(s).layers[5] = 4; }),
            "decoder.layers names layer 4 twice");
  EXPECT_EQ(refusal("llama-3-8b", [](TransformerSpec& s) { group(s).layers[5] = 32; }),
            "decoder.layers names layer 32, which the stack has not");
  EXPECT_EQ(refusal("llama-3-8b", [](TransformerSpec& s) { group(s).layers[5] = -1; }),
            "decoder.layers names layer -1, which the stack has not");
}

// 100,000 layers, a thousand times those of any model, are counted one by one; more are refused.
TEST(Validate, LayersAndSizesHaveABound) {
  const auto with_layers = [](std::int64_t layers) {
    return [=](TransformerSpec& s) {
      group(s).layers.clear();
      for (std::int64_t i = 0; i < layers; ++i) group(s).layers.push_back(i);
      group(s).num_applied = layers;
    };
  };
  EXPECT_EQ(refusal("gpt2", with_layers(100'000)), "");
  EXPECT_NE(refusal("gpt2", with_layers(100'001)).find("num_layers is 100001"), std::string::npos);
  EXPECT_NE(refusal("gpt2", with_layers(0)).find("num_layers is 0"), std::string::npos);
  const auto with_width = [](std::int64_t width) {
    return [=](TransformerSpec& s) { s.stacks[0].hidden_size = width; };
  };
  EXPECT_NE(refusal("gpt2", with_width(0)).find("hidden_size is 0"), std::string::npos);
  EXPECT_NE(refusal("gpt2", with_width((std::int64_t{1} << 40) + 1)).find("hidden_size"),
            std::string::npos);
}

TEST(Validate, AHeadIsTiedToATableOfItsShape) {
  EXPECT_EQ(refusal("gpt2", [](TransformerSpec& s) { s.output.vocab_size += 1; }),
            "output.tied is set, but no token table has the shape of the output head");
  EXPECT_EQ(refusal("gpt2", [](TransformerSpec& s) { s.output.width += 1; }),
            "output.tied is set, but no token table has the shape of the output head");
  EXPECT_EQ(refusal("gpt2",
                    [](TransformerSpec& s) {
                      s.output.vocab_size += 1;
                      s.output.tied = false;
                    }),
            "");
}

// DeepSeek-AI 2024 (V2), section 2.1: a head is its part without positions and its rotary part.
TEST(Validate, HeadsOfLatentAttentionAreTheSumOfTheirParts) {
  const auto with_head_dim = [](std::int64_t change) {
    return [=](TransformerSpec& s) {
      for (auto& g : s.stacks[0].groups) g.attention.head_dim += change;
    };
  };
  EXPECT_EQ(refusal("deepseek-v2", with_head_dim(0)), "");
  for (const std::int64_t change : {-1, 1}) {
    EXPECT_NE(
        refusal("deepseek-v2", with_head_dim(change)).find("qk_nope_head_dim + qk_rope_head_dim"),
        std::string::npos);
  }
}

TEST(Validate, ATransformerHasAStack) {
  EXPECT_EQ(refusal("gpt2", [](TransformerSpec& s) { s.stacks.clear(); }),
            "stacks is empty, a transformer has at least one");
}

}  // namespace
}  // namespace tally::formulas
