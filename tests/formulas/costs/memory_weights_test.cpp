// Weights as quantized checkpoints store them.
#include <formulas/costs/memory_weights.h>
#include <formulas/families/hf_config.h>
#include <gtest/gtest.h>
#include <tests/formulas/costs/memory_plans.h>

namespace tally::formulas {
namespace {

// deepseek-ai/DeepSeek-V3 on the hub: 680,571,043,840 numbers in FP8, and 41,555,600 in FP32, of
// which 59 x 256 are the router's correction biases and the rest scales. The hub's file holds one
// layer more (multi-token prediction).
TEST(QuantizedWeights, DeepseekV3InFp8) {
  auto spec = preset("deepseek-v3");
  auto& mixtures = spec.stacks[0].groups[1];
  mixtures.layers.push_back(61);
  ++mixtures.num_applied;
  const auto weights = weight_bytes(terms_of(spec), Dtype::kFp8);
  ASSERT_TRUE(weights);
  EXPECT_EQ(weights->quantized_params, 680'571'043'840);
  EXPECT_EQ(weights->quantized_bytes, 680'571'043'840);
  EXPECT_EQ(weights->num_scales, 41'555'600 - 59 * 256);
  EXPECT_EQ(weights->scale_bytes, weights->num_scales * 4);
}

// A 4-bit LLaMA-2-7B holds 32 layers of 4 x 4096^2 + 3 x 4096 x 11008 weights, a scale of 16 and
// a zero point of 4 bits for 128 each: 202,375,168 weights a layer.
TEST(QuantizedWeights, Llama2InInt4) {
  const auto terms = terms_of(preset("llama-2-7b"));
  const auto weights = weight_bytes(terms, Dtype::kInt4, 128);
  ASSERT_TRUE(weights);
  EXPECT_EQ(weights->quantized_params, 32LL * 202'375'168);
  EXPECT_EQ(weights->quantized_bytes, 32LL * 202'375'168 / 2);
  EXPECT_EQ(weights->num_scales, 32LL * 202'375'168 / 128);
  EXPECT_EQ(weights->scale_bytes, weights->num_scales * 5 / 2);
  EXPECT_EQ(weights->kept_params, 6'738'415'616 - 32LL * 202'375'168);
  EXPECT_EQ(weights->kept_bytes, weights->kept_params * 2);
  EXPECT_EQ(weights->total_bytes,
            weights->quantized_bytes + weights->scale_bytes + weights->kept_bytes);
  // One group a row: 4096 or 11008 inputs.
  const auto rows = weight_bytes(terms, Dtype::kInt4, 0);
  EXPECT_EQ(rows->num_scales, 32LL * (4 * 4096 + 2 * 11008 + 4096));
  EXPECT_LT(rows->total_bytes, weights->total_bytes);
  EXPECT_GT(weight_bytes(terms, Dtype::kInt4, 32)->total_bytes, weights->total_bytes);
  EXPECT_FALSE(weight_bytes(terms, Dtype::kInt4, -1));
}

TEST(QuantizedWeights, Int8KeepsAScaleForEveryOutputRow) {
  const auto weights = weight_bytes(terms_of(preset("gpt2")), Dtype::kInt8);  // stored input-first
  ASSERT_TRUE(weights);
  EXPECT_EQ(weights->quantized_params, 12LL * 12 * 768 * 768);
  EXPECT_EQ(weights->num_scales, 12LL * (4 * 768 + 3072 + 768));
  EXPECT_EQ(weights->scale_bytes, weights->num_scales * 4);  // fp32
}

// Routers and the gates of shared experts decide; 32 layers of 8 x 4,096 and of 1 x 4,096 stay at
// 16 bits.
TEST(QuantizedWeights, RoutersAndGatesOfSharedExpertsStayWide) {
  auto spec = preset("llama-3-8b");
  const auto kept = [&] { return weight_bytes(terms_of(spec), Dtype::kInt8, 0)->kept_params; };
  const std::int64_t dense = kept();
  auto& mlp = spec.stacks[0].groups[0].mlp;
  mlp.num_experts = 8;
  mlp.num_experts_per_token = 2;
  mlp.shared_intermediate_size = 512;
  EXPECT_EQ(kept() - dense, 32 * 8 * 4096);
  mlp.shared_gate = true;
  EXPECT_EQ(kept() - dense, 32 * (8 + 1) * 4096);
}

TEST(QuantizedWeights, WideFormatsKeepEverything) {
  const auto terms = terms_of(preset("gpt2"));
  EXPECT_EQ(weight_bytes(terms, Dtype::kFp32)->total_bytes, 497'759'232);
  EXPECT_EQ(weight_bytes(terms, Dtype::kBf16)->total_bytes, 248'879'616);
  EXPECT_EQ(weight_bytes(terms, Dtype::kFp16)->total_bytes, 248'879'616);
  EXPECT_EQ(weight_bytes(terms, Dtype::kBf16)->quantized_params, 0);
}

}  // namespace
}  // namespace tally::formulas
