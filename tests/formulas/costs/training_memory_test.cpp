// Memory of training devices: states, activations, and how plans divide them.
#include <gtest/gtest.h>
#include <tests/formulas/costs/memory_plans.h>

namespace tally::formulas {
namespace {

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

}  // namespace
}  // namespace tally::formulas
