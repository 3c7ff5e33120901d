// Caches of keys and values, of published models.
#include <formulas/costs/kv_cache.h>
#include <gtest/gtest.h>
#include <tests/formulas/costs/memory_plans.h>
#include <tests/formulas/printed.h>

namespace tally::formulas {
namespace {

// Kwon et al. 2023 (vLLM, arXiv:2309.06180), section 3: OPT-13B keeps 800 KB a token in fp16, up
// to 1.6 GB for 2048.
TEST(KvCache, Opt13b) {
  const auto cache = kv_cache(preset("opt-13b"), 2048);
  ASSERT_TRUE(cache);
  EXPECT_EQ((cache->elements_per_token * 2).value(), 819'200);
  EXPECT_EQ((cache->elements * 2).value(), 1'677'721'600);
}

// jax-ml/scaling-book, inference.md: LLaMA-2-13B, bf16, 8192 tokens: 6.7 GB.
TEST(KvCache, Llama2Of13Billion) {
  const auto cache = kv_cache(preset("llama-2-13b"), 8192);
  ASSERT_TRUE(cache);
  EXPECT_EQ((cache->elements * 2).value(), 6'710'886'400);
}

// DeepSeek-AI 2024 (arXiv:2405.04434), table 7: 34.6K elements a token; on every tensor-parallel
// device.
TEST(KvCache, DeepseekV2KeepsLatents) {
  const auto spec = preset("deepseek-v2");
  const auto cache = kv_cache(spec, 1);
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->elements_per_token.value(), (512 + 64) * 60);
  EXPECT_EQ(printed(cache->elements_per_token.to_double() / 1e3, 1), "34.6");
  EXPECT_EQ(kv_cache(spec, 1, 0, 8)->elements_per_token.value(), 34'560);
}

TEST(KvCache, GroupedHeadsAreDividedDownToOneADevice) {
  const auto spec = preset("llama-3-8b");  // 32 layers, 8 key-value heads of 128
  EXPECT_EQ(kv_cache(spec, 1)->elements_per_token.value(), 2 * 32 * 8 * 128);
  EXPECT_EQ(kv_cache(spec, 1, 0, 4)->elements_per_token.value(), 2 * 32 * 2 * 128);
  EXPECT_EQ(kv_cache(spec, 1, 0, 32)->elements_per_token.value(), 2 * 32 * 1 * 128);
}

// Gemma 2 2B: every other of 26 layers sees 4096 tokens, 4 key-value heads of 256.
TEST(KvCache, SlidingWindowsKeepTheirWindow) {
  const auto spec = preset("gemma-2-2b");
  const std::int64_t layer = 2 * 4 * 256;
  EXPECT_EQ(kv_cache(spec, 1000)->elements.value(), 26 * layer * 1000);
  EXPECT_EQ(kv_cache(spec, 8192)->elements.value(), 13 * layer * 8192 + 13 * layer * 4096);
}

// T5 small: 6 decoder layers of 8 heads of 64 keep their own tokens and the encoder's.
TEST(KvCache, CrossAttentionKeepsTheEncodersTokens) {
  const auto cache = kv_cache(preset("t5-small"), 10, 100);
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->elements.value(), 6 * 2 * 8 * 64 * (10 + 100));
}

TEST(KvCache, EncodersHaveNone) {
  EXPECT_EQ(kv_cache(preset("bert-base-uncased"), 512)->elements.value(), 0);
}

TEST(KvCache, RefusesNegativeTokensAndNoDevices) {
  const auto spec = preset("gpt2");
  EXPECT_FALSE(kv_cache(spec, -1));
  EXPECT_FALSE(kv_cache(spec, 1, -1));
  EXPECT_FALSE(kv_cache(spec, 1, 0, 0));
}

}  // namespace
}  // namespace tally::formulas
