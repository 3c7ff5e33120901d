// Model states and weights against the papers' and tools' printed figures.
#include <formulas/costs/memory_offload.h>
#include <formulas/costs/memory_states.h>
#include <formulas/costs/memory_weights.h>
#include <gtest/gtest.h>
#include <tests/formulas/printed.h>

#include <string>

namespace tally::formulas {
namespace {

constexpr double kGiB = 1073741824.0;
constexpr double kMiB = 1048576.0;

Wide zero_total(std::int64_t params, ZeroStage stage, std::int64_t devices,
                Precision precision = Precision::kMixed) {
  const auto states = state_bytes(params, Optimizer::kAdam, precision);
  EXPECT_TRUE(states);
  return zero_share(*states, stage, devices).total();
}

// ZeRO (arXiv:1910.02054), section 3.1: GPT-2 of 1.5 billion parameters, 3 GB of weights and 24 GB
// of states.
TEST(Zero, Gpt2Of1500MillionParameters) {
  const auto states = state_bytes(1'500'000'000, Optimizer::kAdam, Precision::kMixed);
  ASSERT_TRUE(states);
  EXPECT_EQ(states->weights.value(), 3'000'000'000);
  EXPECT_EQ(states->total().value(), 24'000'000'000);
  // Section 3.2: a fused fp32 buffer takes 6 GB, for 3 billion parameters 12 GB.
  EXPECT_EQ(states->master_weights.value(), 6'000'000'000);
  const auto larger = state_bytes(3'000'000'000, Optimizer::kAdam, Precision::kMixed);
  EXPECT_EQ(larger->master_weights.value(), 12'000'000'000);
}

// Figure 1: 7.5 billion parameters on 64 devices, exactly.
TEST(Zero, FigureOneIsExact) {
  EXPECT_EQ(zero_total(7'500'000'000, ZeroStage::kNone, 64).value(), 120'000'000'000);
  EXPECT_EQ(zero_total(7'500'000'000, ZeroStage::kOptimizer, 64).value(), 31'406'250'000);
  EXPECT_EQ(zero_total(7'500'000'000, ZeroStage::kGradients, 64).value(), 16'640'625'000);
  EXPECT_EQ(zero_total(7'500'000'000, ZeroStage::kParameters, 64).value(), 1'875'000'000);
}

// Table 1, the columns of 7.5 billion parameters, to its printed digits.
TEST(Zero, TableOne) {
  const struct {
    std::int64_t devices;
    const char* cells[3];
    int decimals[3];
  } rows[] = {
      {1, {"120", "120", "120"}, {0, 0, 0}},      {4, {"52.5", "41.3", "30"}, {1, 1, 0}},
      {16, {"35.6", "21.6", "7.5"}, {1, 1, 1}},   {64, {"31.4", "16.6", "1.88"}, {1, 1, 2}},
      {256, {"30.4", "15.4", "0.47"}, {1, 1, 2}}, {1024, {"30.1", "15.1", "0.12"}, {1, 1, 2}}};
  for (const auto& row : rows) {
    for (int stage = 1; stage <= 3; ++stage) {
      const double gb =
          zero_total(7'500'000'000, static_cast<ZeroStage>(stage), row.devices).to_double() / 1e9;
      const int decimals = row.decimals[stage - 1];
      // The paper rounds half up, printf half to even: a hair more makes 41.25 print as 41.3.
      EXPECT_EQ(printed(gb * (1 + 1e-12), decimals), row.cells[stage - 1])
          << row.devices << " stage " << stage;
    }
  }
}

// Table 2: largest models on 32 GB devices, 64-way; doubling with model parallelism.
TEST(Zero, TableTwo) {
  const struct {
    ZeroStage stage;
    std::int64_t devices;
    const char* billions;
    int decimals;
  } rows[] = {{ZeroStage::kNone, 1, "2", 0},
              {ZeroStage::kOptimizer, 64, "7.6", 1},
              {ZeroStage::kGradients, 64, "14.4", 1},
              {ZeroStage::kParameters, 64, "128", 0}};
  for (const auto& row : rows) {
    const auto params = largest_model_params(32'000'000'000, Optimizer::kAdam, Precision::kMixed,
                                             row.stage, row.devices);
    ASSERT_TRUE(params);
    EXPECT_EQ(printed(static_cast<double>(*params) / 1e9, row.decimals), row.billions);
    const auto doubled = largest_model_params(32'000'000'000, Optimizer::kAdam, Precision::kMixed,
                                              row.stage, row.devices, 2);
    EXPECT_NEAR(static_cast<double>(*doubled), 2.0 * static_cast<double>(*params), 1.0);
  }
}

// Megatron-LM theoretical_memory_usage.py: 18 bytes a parameter, 6 + 12/N with the distributed
// optimizer.
TEST(Recipes, MegatronsEighteenBytes) {
  EXPECT_EQ(zero_total(1000, ZeroStage::kNone, 1, Precision::kMixedFp32Grads).value(), 18'000);
  EXPECT_EQ(zero_total(1000, ZeroStage::kOptimizer, 4, Precision::kMixedFp32Grads).value(),
            6'000 + 12'000 / 4);
}

TEST(Recipes, BytesPerParameter) {
  const struct {
    Optimizer optimizer;
    Precision precision;
    std::int64_t bytes;
  } rows[] = {{Optimizer::kSgd, Precision::kFp32, 8},
              {Optimizer::kMomentum, Precision::kFp32, 12},
              {Optimizer::kAdam, Precision::kFp32, 16},
              {Optimizer::kAdamW, Precision::kFp32, 16},
              {Optimizer::kLion, Precision::kFp32, 12},
              {Optimizer::kSgd, Precision::kMixed, 8},
              {Optimizer::kAdamW, Precision::kMixed, 16},
              {Optimizer::kLion, Precision::kMixed, 12},
              {Optimizer::kAdamW, Precision::kMixedFp32Grads, 18},
              {Optimizer::kAdamW, Precision::kBf16, 8},
              {Optimizer::kLion, Precision::kBf16, 6}};
  for (const auto& row : rows) {
    const auto states = state_bytes(1'000, row.optimizer, row.precision);
    ASSERT_TRUE(states);
    EXPECT_EQ(states->total().value(), row.bytes * 1'000) << optimizer_info(row.optimizer).name;
  }
}

TermCount tensor(std::vector<std::int64_t> shape, Component component, std::int64_t copies = 1) {
  TermCount term;
  term.component = component;
  term.shape = std::move(shape);
  term.copies = copies;
  term.tensor_params = 1;
  for (const auto size : term.shape) term.tensor_params *= size;
  term.unique_params = term.tensor_params * copies;
  return term;
}

TEST(Recipes, AdafactorKeepsRowsAndColumns) {
  const auto matrix = tensor({300, 200}, Component::kMlp, 3);
  EXPECT_EQ(
      term_state_bytes(matrix, Optimizer::kAdafactor, Precision::kFp32).optimizer_states.value(),
      (300 + 200) * 4 * 3);
  const auto vector = tensor({300}, Component::kNorm);
  EXPECT_EQ(
      term_state_bytes(vector, Optimizer::kAdafactor, Precision::kFp32).optimizer_states.value(),
      300 * 4);
  const auto stacked = tensor({5, 300, 200}, Component::kMlp);
  EXPECT_EQ(
      term_state_bytes(stacked, Optimizer::kAdafactor, Precision::kFp32).optimizer_states.value(),
      5 * (300 + 200) * 4);
}

TEST(Recipes, EightBitAdamKeepsScalesAndSmallTensorsWhole) {
  const auto large = tensor({100, 100}, Component::kMlp);  // 10,000 elements: five blocks of 2048
  EXPECT_EQ(
      term_state_bytes(large, Optimizer::kAdam8bit, Precision::kMixed).optimizer_states.value(),
      2 * (10'000 + 5 * 4));
  const auto small = tensor({63, 65}, Component::kMlp);  // 4095 elements
  EXPECT_EQ(
      term_state_bytes(small, Optimizer::kAdam8bit, Precision::kMixed).optimizer_states.value(),
      4095 * 8);
  // Dettmers et al. 2022: 4,096 elements are the first that are no small tensor; two blocks of
  // 2,048.
  const auto first = tensor({64, 64}, Component::kMlp);
  EXPECT_EQ(
      term_state_bytes(first, Optimizer::kAdam8bit, Precision::kMixed).optimizer_states.value(),
      2 * (4096 + 2 * 4));
}

TEST(Recipes, MuonKeepsAdamForTablesAndVectors) {
  const auto bytes = [](const TermCount& term) {
    return term_state_bytes(term, Optimizer::kMuon, Precision::kMixed).optimizer_states.value();
  };
  EXPECT_EQ(bytes(tensor({10, 20}, Component::kAttention)), 200 * 4);
  EXPECT_EQ(bytes(tensor({10, 20}, Component::kEmbedding)), 200 * 8);
  EXPECT_EQ(bytes(tensor({10, 20}, Component::kHead)), 200 * 8);
  EXPECT_EQ(bytes(tensor({20}, Component::kMlp)), 20 * 8);
}

TEST(Recipes, ShapesAreAskedForWhereTheyAreNeeded) {
  for (const auto optimizer : {Optimizer::kAdafactor, Optimizer::kAdam8bit, Optimizer::kMuon}) {
    const auto states = state_bytes(1000, optimizer, Precision::kMixed);
    ASSERT_FALSE(states);
    EXPECT_NE(states.error().message.find(optimizer_info(optimizer).name), std::string::npos);
  }
  EXPECT_FALSE(state_bytes(0, Optimizer::kAdam, Precision::kMixed));
  EXPECT_FALSE(state_bytes(-1, Optimizer::kAdam, Precision::kMixed));
}

TEST(Recipes, TablesAreInTheOrderOfTheirEnums) {
  for (const auto& info : optimizer_table())
    EXPECT_EQ(optimizer_info(info.optimizer).name, info.name);
  for (const auto& info : precision_table())
    EXPECT_EQ(precision_info(info.precision).name, info.name);
  for (const auto& info : dtype_table()) EXPECT_EQ(dtype_info(info.dtype).name, info.name);
  for (const auto& info : optimizer_table()) EXPECT_EQ(optimizer_named(info.name), info.optimizer);
  for (const auto& info : precision_table()) EXPECT_EQ(precision_named(info.name), info.precision);
  for (const auto& info : dtype_table()) EXPECT_EQ(dtype_named(info.name), info.dtype);
  EXPECT_FALSE(optimizer_named("nadam"));
}

// deepspeedai/DeepSpeed docs/code-docs/source/memory.rst: t5-3b on one node of 8 GPUs, printed in
// "GB" that are GiB.
OffloadSetup t5_3b() {
  OffloadSetup setup;
  setup.num_params = 2'851'598'336;
  setup.largest_layer_params = 32'899'072;
  setup.gpus_per_node = 8;
  return setup;
}

TEST(DeepSpeed, ZeroTwoOfT5) {
  OffloadSetup setup = t5_3b();
  auto estimate = deepspeed_zero2(setup);
  EXPECT_EQ(printed(estimate.cpu_bytes.to_double() / kGiB, 2), "127.48");
  EXPECT_EQ(printed(estimate.gpu_bytes.to_double() / kGiB, 2), "5.31");
  setup.offload_optimizer = false;
  EXPECT_EQ(printed(deepspeed_zero2(setup).cpu_bytes.to_double() / kGiB, 2),
            "127.48");  // 48 P again
  EXPECT_EQ(printed(deepspeed_zero2(setup).gpu_bytes.to_double() / kGiB, 2), "15.93");
  EXPECT_EQ(printed(deepspeed_zero2_code(setup).gpu_bytes.to_double() / kGiB, 2), "11.29");
}

TEST(DeepSpeed, ZeroThreeOfT5) {
  const struct {
    bool optimizer, params, init;
    const char *cpu, *gpu;
  } rows[] = {{true, true, true, "71.71", "0.12"},  {true, true, false, "127.48", "0.12"},
              {true, false, true, "63.74", "0.79"}, {true, false, false, "127.48", "0.79"},
              {false, false, true, "1.47", "6.10"}, {false, false, false, "127.48", "6.10"}};
  for (const auto& row : rows) {
    OffloadSetup setup = t5_3b();
    setup.offload_optimizer = row.optimizer;
    setup.offload_params = row.params;
    setup.zero_init = row.init;
    const auto estimate = deepspeed_zero3(setup);
    EXPECT_EQ(printed(estimate.cpu_bytes.to_double() / kGiB, 2), row.cpu);
    EXPECT_EQ(printed(estimate.gpu_bytes.to_double() / kGiB, 2), row.gpu);
  }
}

// The same page: t5-large on 4 GPUs, whole MiB (cut, not rounded) on the GPU by kind of offload
// (737,668,096 parameters).
TEST(DeepSpeed, ZeroThreeOfT5Large) {
  OffloadSetup setup;
  setup.num_params = 737'668'096;
  setup.largest_layer_params = 32'899'072;
  setup.gpus_per_node = 4;
  EXPECT_EQ((deepspeed_zero3(setup).gpu_bytes / 1048576).value(), 125);
  setup.offload_params = false;
  EXPECT_EQ((deepspeed_zero3(setup).gpu_bytes / 1048576).value(), 477);
  setup.offload_optimizer = false;
  EXPECT_EQ((deepspeed_zero3(setup).gpu_bytes / 1048576).value(), 3291);
}

// huggingface/accelerate docs model_size_estimator.md: bert-base-cased (108,310,272 parameters),
// MiB without scales.
TEST(PlainWeights, AccelerateOfBertBaseCased) {
  const std::int64_t params = 108'310'272;
  const std::int64_t buffers = 2 * 512 * 8;  // position_ids and token_type_ids
  const auto mib = [&](Dtype dtype) {
    return static_cast<double>(*plain_weight_bytes(params, dtype)) / kMiB;
  };
  EXPECT_EQ(printed(mib(Dtype::kFp32), 2), "413.17");
  EXPECT_EQ(printed(mib(Dtype::kFp32) + static_cast<double>(buffers) / kMiB, 2), "413.18");
  EXPECT_EQ(printed(mib(Dtype::kFp16) + static_cast<double>(buffers) / kMiB / 2, 2), "206.59");
  EXPECT_EQ(printed(mib(Dtype::kInt8) + static_cast<double>(buffers) / kMiB / 4, 2), "103.29");
  EXPECT_EQ(printed(mib(Dtype::kInt4) + static_cast<double>(buffers) / kMiB / 8, 2), "51.65");
  EXPECT_EQ(printed(mib(Dtype::kFp32) * 4 / 1024, 2), "1.61");  // training with Adam
  EXPECT_EQ(
      printed(state_bytes(params, Optimizer::kAdam, Precision::kFp32)->total().to_double() / kGiB,
              2),
      "1.61");
  EXPECT_EQ(printed(static_cast<double>(*plain_weight_bytes(28'996 * 768, Dtype::kFp32)) / kMiB, 2),
            "84.95");
}

// The same: resnet50.a1_in1k, 25,557,032 parameters and the statistics of 53 BatchNorms over 26,560
// channels.
TEST(PlainWeights, AccelerateOfResnet50) {
  const double parameters =
      static_cast<double>(*plain_weight_bytes(25'557'032, Dtype::kFp32)) / kMiB;
  EXPECT_EQ(printed(parameters, 2), "97.49");
  const double statistics = (2 * 26'560 * 4 + 53 * 8) / kMiB;
  EXPECT_EQ(printed(parameters + statistics, 1), "97.7");
}

TEST(PlainWeights, RefusesWhatIsNoCount) {
  EXPECT_FALSE(plain_weight_bytes(-1, Dtype::kBf16));
  EXPECT_FALSE(plain_weight_bytes(INT64_MAX, Dtype::kBf16));
  EXPECT_EQ(*plain_weight_bytes(3, Dtype::kInt4), 2);
}

}  // namespace
}  // namespace tally::formulas
