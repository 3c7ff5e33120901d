// Memory of devices that generate: weights, cache, workspace.
#include <gtest/gtest.h>
#include <tests/formulas/costs/memory_plans.h>

namespace tally::formulas {
namespace {

TEST(InferenceMemory, WeightsCacheAndTotal) {
  const auto spec = preset("llama-3-8b");
  InferencePlan plan;
  plan.shape.batch = 4;
  plan.shape.seq = 8192;
  const auto memory = inference_memory(spec, terms_of(spec), plan);
  ASSERT_TRUE(memory);
  EXPECT_EQ(bytes_of(*memory, "weights"), 2 * 8'030'261'248);
  EXPECT_EQ(bytes_of(*memory, "kv_cache"), 2LL * 2 * 32 * 8 * 128 * 8192 * 4);
  EXPECT_EQ(bytes_of(*memory, "logits"), 4LL * 128'256 * 6);
  // Widest: two hidden vectors and gate, up and product of every position.
  EXPECT_EQ(bytes_of(*memory, "workspace"), 4LL * 8192 * (2 * 4096 + 3 * 14336) * 2);
  expect_adds_up(*memory);
}

// T5 small: six decoder layers of 8 heads of 64 keep keys and values of their own 10 tokens and of
// the encoder's 20, in two bytes.
TEST(InferenceMemory, CacheHoldsTheEncodersTokensToo) {
  const auto spec = preset("t5-small");
  InferencePlan plan;
  plan.shape.batch = 3;
  plan.shape.seq = 10;
  plan.shape.encoder_seq = 20;
  const auto memory = inference_memory(spec, terms_of(spec), plan);
  ASSERT_TRUE(memory) << memory.error().message;
  EXPECT_EQ(bytes_of(*memory, "kv_cache"), 3LL * 6 * 2 * 8 * 64 * 2 * (10 + 20));
}

TEST(InferenceMemory, EverySwitchChangesTheTotal) {
  const auto spec = preset("llama-3-8b");
  const auto terms = terms_of(spec);
  const auto total = [&](auto change) {
    InferencePlan plan;
    plan.shape.batch = 2;
    plan.shape.seq = 1024;
    change(plan);
    const auto memory = inference_memory(spec, terms, plan);
    EXPECT_TRUE(memory);
    if (memory) expect_adds_up(*memory);
    return memory ? memory->total_bytes : -1;
  };
  using P = InferencePlan&;
  const std::int64_t before = total([](P) {});
  EXPECT_GT(total([](P p) { p.shape.batch = 3; }), before);
  EXPECT_GT(total([](P p) { p.shape.seq = 1025; }), before);
  EXPECT_GT(total([](P p) { p.weights = Dtype::kFp32; }), before);
  EXPECT_LT(total([](P p) { p.weights = Dtype::kInt4; }), before);
  EXPECT_NE(total([](P p) {
              p.weights = Dtype::kInt4;
              p.group_size = 32;
            }),
            total([](P p) { p.weights = Dtype::kInt4; }));
  EXPECT_LT(total([](P p) { p.cache = Dtype::kFp8; }), before);
  EXPECT_LT(total([](P p) { p.parallel.tensor_parallel = 2; }), before);
  EXPECT_LT(total([](P p) { p.parallel.pipeline_parallel = 2; }), before);
  EXPECT_EQ(total([](P p) { p.other_bytes = 7; }), before + 7);
}

// With a narrow MLP attention is the widest: q, k, v and output of 32 heads and 8 key-value heads
// of 128.
TEST(InferenceMemory, WorkspaceIsTheWiderOfAttentionAndMlp) {
  auto spec = preset("llama-3-8b");
  spec.stacks[0].groups[0].mlp.intermediate_size = 8;
  InferencePlan plan;
  plan.shape.seq = 100;
  const auto memory = inference_memory(spec, terms_of(spec), plan);
  ASSERT_TRUE(memory);
  EXPECT_EQ(bytes_of(*memory, "workspace"), 100LL * (2 * 4096 + 2 * 32 * 128 + 2 * 8 * 128) * 2);
}

// Every token goes through the shared expert besides its own two: gate, up and product of each.
TEST(InferenceMemory, WorkspaceHoldsTheSharedExpertToo) {
  auto spec = preset("llama-3-8b");
  auto& mlp = spec.stacks[0].groups[0].mlp;
  mlp.num_experts = 8;
  mlp.num_experts_per_token = 2;
  mlp.intermediate_size = 3000;
  mlp.shared_intermediate_size = 4000;
  InferencePlan plan;
  plan.shape.seq = 100;
  const auto memory = inference_memory(spec, terms_of(spec), plan);
  ASSERT_TRUE(memory);
  EXPECT_EQ(bytes_of(*memory, "workspace"), 100LL * (2 * 4096 + 3 * (2 * 3000 + 4000)) * 2);
}

}  // namespace
}  // namespace tally::formulas
