// Memory of whole devices: weights, caches, states and activations of published models.
#include <formulas/costs/kv_cache.h>
#include <formulas/costs/memory.h>
#include <formulas/costs/memory_fit.h>
#include <formulas/families/hf_config.h>
#include <formulas/families/presets.h>
#include <formulas/terms/parameters.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace tally::formulas {
namespace {

std::string printed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

TransformerSpec preset(const std::string& name) {
  const auto spec = preset_spec(name);
  EXPECT_TRUE(spec) << name;
  return spec ? *spec : TransformerSpec{};
}

std::vector<TermCount> terms_of(const TransformerSpec& spec) {
  const auto all = terms(spec);
  EXPECT_TRUE(all);
  return all ? *all : std::vector<TermCount>{};
}

std::int64_t bytes_of(const DeviceMemory& memory, const std::string& id) {
  for (const auto& part : memory.parts) {
    if (part.id == id) return part.bytes;
  }
  return 0;
}

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

TrainingPlan plan_of(std::int64_t batch, std::int64_t seq) {
  TrainingPlan plan;
  plan.shape.batch = batch;
  plan.shape.seq = seq;
  return plan;
}

DeviceMemory trained(const TransformerSpec& spec, const TrainingPlan& plan) {
  const auto memory = training_memory(spec, terms_of(spec), plan);
  EXPECT_TRUE(memory) << memory.error().message;
  return memory ? *memory : DeviceMemory{};
}

void expect_adds_up(const DeviceMemory& memory) {
  std::int64_t sum = 0;
  for (const auto& part : memory.parts) sum += part.bytes;
  EXPECT_EQ(sum, memory.total_bytes);
}

TEST(TrainingMemory, StatesOfGpt2AreSixteenBytesAParameter) {
  const auto memory = trained(preset("gpt2"), plan_of(1, 1024));
  EXPECT_EQ(bytes_of(memory, "weights"), 2 * 124'439'808);
  EXPECT_EQ(bytes_of(memory, "gradients"), 2 * 124'439'808);
  EXPECT_EQ(bytes_of(memory, "master_weights"), 4 * 124'439'808);
  EXPECT_EQ(bytes_of(memory, "optimizer_states"), 8 * 124'439'808);
  EXPECT_EQ(memory.stage, "only");
  expect_adds_up(memory);
}

TEST(TrainingMemory, ActivationsOfGpt2AreEquationOneForEveryLayer) {
  TrainingPlan plan = plan_of(4, 1024);
  plan.kernel = AttentionKernel::kEager;
  plan.dropout = true;
  const auto memory = trained(preset("gpt2"), plan);
  const Wide layer = korthikanti_no_parallelism({1024, 4, 768, 12, 1});
  EXPECT_EQ(bytes_of(memory, "activations.layers"), 12 * static_cast<std::int64_t>(layer.value()));
  // Section 4.3: embedding dropout sbh, final norm and head 2 sbh each, and 4 sbv of fp32 loss,
  // half of what is listed here.
  const std::int64_t sb = 4 * 1024;
  EXPECT_EQ(bytes_of(memory, "activations.embedding"), sb * 768);
  EXPECT_EQ(bytes_of(memory, "activations.head"), 4 * sb * 768);
  EXPECT_EQ(bytes_of(memory, "loss"), 2 * 4 * sb * 50'257);
  EXPECT_EQ(bytes_of(memory, "logits"), 2 * sb * 50'257);
  expect_adds_up(memory);
}

// By hand for LLaMA-2-7B with flash attention, bytes a position: 4h norm inputs, 2h + 2h inputs, 6h
// of q, k and v, 2h projection input are the paper's; gate, its activation, up and product (8F) and
// the log-sum-exp (4a) are derived.
TEST(TrainingMemory, DerivedActivationsStandApart) {
  const auto memory = trained(preset("llama-2-7b"), plan_of(2, 128));
  const std::int64_t positions = 32LL * 2 * 128;
  EXPECT_EQ(bytes_of(memory, "activations.layers"), positions * 16 * 4096);
  EXPECT_EQ(bytes_of(memory, "activations.layers.derived"), positions * (8 * 11008 + 4 * 32));
}

TEST(TrainingMemory, ZeroDividesWhatItsStageDivides) {
  const auto spec = preset("llama-2-7b");
  const std::int64_t params = 6'738'415'616;
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.data_parallel = 64;
  const auto states = [&](int stage) {
    plan.parallel.zero = static_cast<ZeroStage>(stage);
    const auto memory = trained(spec, plan);
    expect_adds_up(memory);
    return bytes_of(memory, "weights") + bytes_of(memory, "gradients") +
           bytes_of(memory, "master_weights") + bytes_of(memory, "optimizer_states");
  };
  EXPECT_EQ(states(0), 16 * params);
  EXPECT_NEAR(static_cast<double>(states(1)), static_cast<double>(params) * (4 + 12.0 / 64), 64);
  EXPECT_NEAR(static_cast<double>(states(2)), static_cast<double>(params) * (2 + 14.0 / 64), 64);
  EXPECT_NEAR(static_cast<double>(states(3)), static_cast<double>(params) * (16.0 / 64), 64);
  plan.parallel.zero = ZeroStage::kParameters;
  EXPECT_EQ(bytes_of(trained(spec, plan), "gathered_layer"),
            4LL * 202'383'360);  // one layer, 2 + 2 bytes
}

TEST(TrainingMemory, TensorParallelismLeavesNormsWhole) {
  const auto spec = preset("llama-2-7b");
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.tensor_parallel = 8;
  const std::int64_t norms = 65 * 4096;
  EXPECT_EQ(bytes_of(trained(spec, plan), "weights"), 2 * ((6'738'415'616 - norms) / 8 + norms));
}

TEST(TrainingMemory, PipelineStagesHoldTheirLayersAndTheirEnds) {
  const auto spec = preset("llama-2-7b");
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.pipeline_parallel = 4;
  const auto memory = trained(spec, plan);
  const std::int64_t eight_layers = 8LL * 202'383'360;
  const std::int64_t table = 32'000LL * 4096;
  const std::int64_t weights = bytes_of(memory, "weights");
  EXPECT_TRUE(weights == 2 * (eight_layers + table) ||
              weights == 2 * (eight_layers + table + 4096));
  expect_adds_up(memory);
  // The first of p stages keeps p micro-batches of L/p layers: L layers' worth.
  TrainingPlan whole = plan_of(1, 128);
  if (memory.stage == "first") {
    EXPECT_EQ(bytes_of(memory, "activations.layers"),
              bytes_of(trained(spec, whole), "activations.layers"));
  } else {
    EXPECT_EQ(bytes_of(memory, "activations.layers") * 4,
              bytes_of(trained(spec, whole), "activations.layers"));
  }
}

TEST(TrainingMemory, InterleavingKeepsMoreOnTheFirstStage) {
  const auto spec = preset("llama-2-7b");
  TrainingPlan plan = plan_of(16, 2048);  // activations outweigh the last stage's head
  plan.parallel.pipeline_parallel = 4;
  const auto plain = trained(spec, plan);
  ASSERT_EQ(plain.stage, "first");
  plan.parallel.chunks = 8;
  const auto interleaved = trained(spec, plan);
  EXPECT_NEAR(
      static_cast<double>(bytes_of(interleaved, "activations.layers")),
      static_cast<double>(bytes_of(plain, "activations.layers")) * interleaving_factor(4, 8), 2);
}

TEST(TrainingMemory, TiedTablesLieOnTheFirstAndTheLastStage) {
  auto spec = preset("gpt2");
  TrainingPlan plan = plan_of(1, 1024);
  plan.parallel.pipeline_parallel = 2;
  const auto memory = trained(spec, plan);
  EXPECT_EQ(memory.stage, "last");
  EXPECT_EQ(bytes_of(memory, "weights"), 2 * (6 * 7'087'872 + 1536 + 38'597'376));
}

TEST(TrainingMemory, ExpertParallelismDividesExpertsOnly) {
  const auto spec = preset("mixtral-8x7b");
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.data_parallel = 4;
  const std::int64_t whole = bytes_of(trained(spec, plan), "weights");
  plan.parallel.expert_parallel = 4;
  const std::int64_t experts = 2LL * 32 * 8 * 3 * 4096 * 14336;
  EXPECT_EQ(whole, 2LL * 46'702'792'704);
  EXPECT_EQ(bytes_of(trained(spec, plan), "weights"), whole - experts + experts / 4);
}

// Shoeybi et al. 2019: two devices halve the matrices of attention, the MLPs, the table and the
// head; norms (65 of width 4,096) lie whole on both, and so do routers (32 of 8 x 4,096), which
// every token asks.
TEST(TrainingMemory, TensorParallelismLeavesRoutersWhole) {
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.tensor_parallel = 2;
  const std::int64_t whole = 65LL * 4096 + 32LL * 8 * 4096;
  EXPECT_EQ(bytes_of(trained(preset("mixtral-8x7b"), plan), "weights"),
            46'702'792'704 - whole + 2 * whole);
}

// Four replicas of which two share the experts: ZeRO-3 leaves each device a quarter of everything,
// experts too, which are already halved and have two replicas left (46,702,792,704 parameters in
// two bytes).
TEST(TrainingMemory, ZeroDividesExpertsAmongTheReplicasThatAreLeft) {
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.data_parallel = 4;
  plan.parallel.expert_parallel = 2;
  plan.parallel.zero = ZeroStage::kParameters;
  EXPECT_EQ(bytes_of(trained(preset("mixtral-8x7b"), plan), "weights"), 46'702'792'704 * 2 / 4);
}

TEST(TrainingMemory, EverySwitchChangesTheTotal) {
  const auto spec = preset("mixtral-8x7b");
  const auto terms = terms_of(spec);
  TrainingPlan base = plan_of(2, 512);
  base.kernel = AttentionKernel::kEager;
  base.parallel.data_parallel = 4;
  base.parallel.tensor_parallel = 2;
  base.parallel.pipeline_parallel = 2;
  base.parallel.zero = ZeroStage::kOptimizer;
  base.other_bytes = 1000;
  const auto total = [&](const TrainingPlan& plan) {
    const auto memory = training_memory(spec, terms, plan);
    EXPECT_TRUE(memory);
    if (memory) expect_adds_up(*memory);
    return memory ? memory->total_bytes : -1;
  };
  const std::int64_t before = total(base);
  const auto with = [&](auto change) {
    TrainingPlan plan = base;
    change(plan);
    return total(plan);
  };
  using P = TrainingPlan&;
  EXPECT_GT(with([](P p) { p.shape.batch = 3; }), before);
  EXPECT_GT(with([](P p) { p.shape.seq = 513; }), before);
  EXPECT_LT(with([](P p) { p.optimizer = Optimizer::kSgd; }), before);
  EXPECT_LT(with([](P p) { p.optimizer = Optimizer::kMomentum; }), before);
  EXPECT_LT(with([](P p) { p.optimizer = Optimizer::kLion; }), before);
  EXPECT_LT(with([](P p) { p.optimizer = Optimizer::kAdafactor; }), before);
  EXPECT_LT(with([](P p) { p.optimizer = Optimizer::kAdam8bit; }), before);
  EXPECT_LT(with([](P p) { p.optimizer = Optimizer::kMuon; }), before);
  EXPECT_GT(with([](P p) { p.precision = Precision::kFp32; }), before);
  EXPECT_GT(with([](P p) { p.precision = Precision::kMixedFp32Grads; }), before);
  EXPECT_LT(with([](P p) { p.precision = Precision::kBf16; }), before);
  EXPECT_LT(with([](P p) { p.kernel = AttentionKernel::kFlash; }), before);
  EXPECT_GT(with([](P p) { p.dropout = true; }), before);
  EXPECT_NE(with([](P p) { p.recomputation = Recomputation::kSelective; }), before);
  EXPECT_NE(with([](P p) { p.recomputation = Recomputation::kFull; }), before);
  EXPECT_GT(with([](P p) { p.parallel.zero = ZeroStage::kNone; }), before);
  EXPECT_LT(with([](P p) { p.parallel.zero = ZeroStage::kGradients; }), before);
  EXPECT_LT(with([](P p) { p.parallel.zero = ZeroStage::kParameters; }), before);
  EXPECT_LT(with([](P p) { p.parallel.data_parallel = 8; }), before);
  EXPECT_LT(with([](P p) { p.parallel.tensor_parallel = 4; }), before);
  EXPECT_LT(with([](P p) { p.parallel.pipeline_parallel = 4; }), before);
  EXPECT_LT(with([](P p) { p.parallel.expert_parallel = 2; }), before);
  EXPECT_LT(with([](P p) { p.parallel.sequence_parallel = true; }), before);
  EXPECT_GT(with([](P p) { p.parallel.chunks = 2; }), before);
  EXPECT_EQ(with([](P p) { p.other_bytes = 1500; }), before + 500);
}

TEST(TrainingMemory, RefusesPlansByName) {
  const auto spec = preset("llama-3-8b");
  const auto terms = terms_of(spec);
  const auto refused = [&](auto change, const std::string& field) {
    TrainingPlan plan = plan_of(1, 128);
    change(plan);
    const auto memory = training_memory(spec, terms, plan);
    ASSERT_FALSE(memory) << field;
    EXPECT_EQ(memory.error().code, ErrorCode::kUsage);
    EXPECT_EQ(memory.error().message.rfind(field, 0), 0u) << memory.error().message;
  };
  using P = TrainingPlan&;
  refused([](P p) { p.parallel.data_parallel = 0; }, "data_parallel");
  refused([](P p) { p.parallel.data_parallel = INT64_MAX; }, "data_parallel");
  refused([](P p) { p.parallel.tensor_parallel = -1; }, "tensor_parallel");
  refused([](P p) { p.parallel.tensor_parallel = 3; }, "tensor_parallel");
  refused([](P p) { p.parallel.pipeline_parallel = 33; }, "pipeline_parallel");
  refused([](P p) { p.parallel.expert_parallel = 2; }, "expert_parallel");
  refused(
      [](P p) {
        p.parallel.data_parallel = 2;
        p.parallel.expert_parallel = 2;
      },
      "expert_parallel must be 1 for a model without experts");
  refused([](P p) { p.parallel.sequence_parallel = true; }, "sequence_parallel");
  refused([](P p) { p.parallel.chunks = 2; }, "chunks");
  refused([](P p) { p.shape.batch = 0; }, "batch");
  refused(
      [](P p) {
        p.shape.batch = std::int64_t{1} << 40;
        p.shape.seq = std::int64_t{1} << 40;
      },
      "batch and seq");
}

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

TEST(Fit, LimitsAreTheLastThatFit) {
  const auto spec = preset("llama-3-8b");
  const auto terms = terms_of(spec);
  InferencePlan plan;
  plan.shape.seq = 4096;
  const std::int64_t device = 80'000'000'000;
  const auto fit = fit_inference(spec, terms, plan, device);
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->fits);
  const auto total = [&](std::int64_t batch, std::int64_t seq) {
    InferencePlan tried = plan;
    tried.shape.batch = batch;
    tried.shape.seq = seq;
    return inference_memory(spec, terms, tried)->total_bytes;
  };
  EXPECT_LE(total(fit->limits.largest_batch, 4096), device);
  EXPECT_GT(total(fit->limits.largest_batch + 1, 4096), device);
  EXPECT_LE(total(1, fit->limits.longest_seq), device);
  EXPECT_GT(total(1, fit->limits.longest_seq + 1), device);
  EXPECT_FALSE(fit->recipe);
}

TEST(Fit, LearnedPositionsBoundTheLength) {
  const auto spec = preset("gpt2");
  const auto fit = fit_training(spec, terms_of(spec), plan_of(1, 128), 80'000'000'000);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->limits.longest_seq, 1024);
  EXPECT_TRUE(fit->limits.seq_is_bounded_by_positions);
}

TEST(Fit, ClimbsToTheCheapestRecipeThatFits) {
  const auto spec = preset("llama-3-8b");
  const auto terms = terms_of(spec);
  TrainingPlan plan = plan_of(1, 8192);
  plan.parallel.data_parallel = 8;
  const std::int64_t device = 80'000'000'000;
  const auto fit = fit_training(spec, terms, plan, device);
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->fits);  // 128 GB of states
  ASSERT_TRUE(fit->recipe);
  EXPECT_TRUE(fit->rungs.back().fits);
  for (std::size_t i = 0; i + 1 < fit->rungs.size(); ++i) EXPECT_FALSE(fit->rungs[i].fits);
  EXPECT_LE(training_memory(spec, terms, *fit->recipe)->total_bytes, device);
  EXPECT_NE(fit->recipe->parallel.zero, ZeroStage::kNone);
}

// LLaMA-2-7B over 64 devices of 12 GB: only ZeRO-3 fits, and with it recomputation is not needed
// any more.
TEST(Fit, LeavesOutStepsThatTheRecipeFitsWithout) {
  const auto spec = preset("llama-2-7b");
  TrainingPlan plan = plan_of(1, 512);
  plan.parallel.data_parallel = 64;
  const auto fit = fit_training(spec, terms_of(spec), plan, 12'000'000'000);
  ASSERT_TRUE(fit);
  ASSERT_TRUE(fit->recipe);
  EXPECT_EQ(fit->rungs.back().name, "ZeRO-3");
  EXPECT_EQ(fit->recipe->parallel.zero, ZeroStage::kParameters);
  EXPECT_EQ(fit->recipe->recomputation, Recomputation::kNone);
}

// LLaMA-2-70B on 8 devices of 20 GB, which nothing makes fit: every step of the ladder is tried.
TEST(Fit, TriesEveryStepInOrder) {
  const auto spec = preset("llama-2-70b");
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.data_parallel = 8;
  const auto fit = fit_training(spec, terms_of(spec), plan, 20'000'000'000);
  ASSERT_TRUE(fit);
  std::vector<std::string> names;
  for (const auto& rung : fit->rungs) names.push_back(rung.name);
  const std::vector<std::string> expected = {"ZeRO-1",
                                             "ZeRO-2",
                                             "full recomputation",
                                             "ZeRO-3",
                                             "8-bit Adam",
                                             "tensor and sequence parallelism over 2",
                                             "tensor and sequence parallelism over 4",
                                             "tensor and sequence parallelism over 8",
                                             "bf16 throughout"};
  EXPECT_EQ(names, expected);
}

// GPT-2's token table outweighs a layer: 38,597,376 against 7,087,872 parameters.
TEST(TrainingMemory, GathersTheLargestTable) {
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.data_parallel = 2;
  plan.parallel.zero = ZeroStage::kParameters;
  EXPECT_EQ(bytes_of(trained(preset("gpt2"), plan), "gathered_layer"), 4LL * 38'597'376);
}

// T5 small: every cross attention reads the encoder's output, 512 wide, once for all.
TEST(TrainingMemory, EncoderOutputIsKeptOnce) {
  TrainingPlan plan = plan_of(3, 10);
  plan.shape.encoder_seq = 20;
  EXPECT_EQ(bytes_of(trained(preset("t5-small"), plan), "activations.encoder_output"),
            2LL * 3 * 20 * 512);
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

// T5 has no table of positions. A device that holds 100 tokens in and 100 out to the byte holds no
// more of both: the encoder's text grows with the decoder's where it was given.
TEST(Fit, LengthensTheTextOfTheEncoderToo) {
  const auto spec = preset("t5-small");
  TrainingPlan plan = plan_of(1, 100);
  plan.shape.encoder_seq = 100;
  const auto terms = terms_of(spec);
  const auto memory = training_memory(spec, terms, plan);
  ASSERT_TRUE(memory);
  plan.shape.seq = 16;
  plan.shape.encoder_seq = 7;
  const auto fit = fit_training(spec, terms, plan, memory->total_bytes);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->limits.longest_seq, 100);
  EXPECT_FALSE(fit->limits.seq_is_bounded_by_positions);
}

// An encoder of 64 positions before a decoder of 1,024: one text for both is bounded by the shorter
// table.
TEST(Fit, TheShortestTableBoundsTheLength) {
  auto spec = preset("bart-base");
  ASSERT_EQ(spec.stacks.size(), 2u);
  spec.stacks[0].max_positions = 64;
  const auto fit = fit_training(spec, terms_of(spec), plan_of(1, 16), 80'000'000'000);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->limits.longest_seq, 64);
  EXPECT_TRUE(fit->limits.seq_is_bounded_by_positions);
}

// Devlin et al. 2018: an encoder alone, of 512 positions.
TEST(Fit, PositionsOfAnEncoderBoundTheLength) {
  const auto spec = preset("bert-base-uncased");
  const auto fit = fit_training(spec, terms_of(spec), plan_of(1, 128), 80'000'000'000);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->limits.longest_seq, 512);
  EXPECT_TRUE(fit->limits.seq_is_bounded_by_positions);
}

TEST(Fit, OneSequenceMayBeTheMost) {
  const auto spec = preset("llama-3-8b");
  const auto terms = terms_of(spec);
  InferencePlan plan;
  plan.shape.seq = 8192;
  const auto one = inference_memory(spec, terms, plan);
  ASSERT_TRUE(one);
  EXPECT_EQ(fit_inference(spec, terms, plan, one->total_bytes)->limits.largest_batch, 1);
  EXPECT_EQ(fit_inference(spec, terms, plan, one->total_bytes)->limits.longest_seq, 8192);
  EXPECT_EQ(fit_inference(spec, terms, plan, one->total_bytes - 1)->limits.largest_batch, 0);
}

// Four devices already share every matrix: a recipe may only divide among more.
TEST(Fit, NeverTakesTensorParallelismBack) {
  const auto spec = preset("llama-2-70b");
  TrainingPlan plan = plan_of(1, 128);
  plan.parallel.tensor_parallel = 4;
  plan.parallel.data_parallel = 2;
  const auto fit = fit_training(spec, terms_of(spec), plan, 20'000'000'000);
  ASSERT_TRUE(fit);
  std::vector<std::string> names;
  for (const auto& rung : fit->rungs) {
    if (rung.name.find("tensor") == 0) names.push_back(rung.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"tensor and sequence parallelism over 8"}));
}

// LLaMA-2 70B, 138 GB in bf16, on 8 devices of 24 GB of which four share the model: 35 GB each.
// Dividing it among all eight fits, and there are no more than eight.
TEST(Fit, CountsDevicesThatShareTheModelOnce) {
  const auto spec = preset("llama-2-70b");
  InferencePlan plan;
  plan.shape.seq = 128;
  plan.parallel.tensor_parallel = 4;
  const auto fit = fit_inference(spec, terms_of(spec), plan, 24'000'000'000, 8);
  ASSERT_TRUE(fit);
  ASSERT_TRUE(fit->recipe);
  EXPECT_EQ(fit->recipe->parallel.tensor_parallel, 8);
  EXPECT_EQ(fit->recipe->parallel.num_devices(), 8);
}

// A device that holds n sequences to the byte holds n and no more.
TEST(Fit, FindsEveryLargestBatch) {
  const auto spec = preset("llama-3-8b");
  const auto terms = terms_of(spec);
  InferencePlan plan;
  plan.shape.seq = 1024;
  for (std::int64_t n = 1; n <= 20; ++n) {
    plan.shape.batch = n;
    const std::int64_t bytes = inference_memory(spec, terms, plan)->total_bytes;
    plan.shape.batch = 1;
    EXPECT_EQ(fit_inference(spec, terms, plan, bytes)->limits.largest_batch, n);
  }
}

TEST(Fit, SaysWhereNothingFits) {
  const auto spec = preset("llama-3.1-405b");
  const auto fit = fit_training(spec, terms_of(spec), plan_of(1, 8192), 16'000'000'000);
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->fits);
  EXPECT_FALSE(fit->recipe);
  EXPECT_EQ(fit->limits.largest_batch, 0);
  EXPECT_EQ(fit->limits.longest_seq, 0);
}

}  // namespace
}  // namespace tally::formulas
