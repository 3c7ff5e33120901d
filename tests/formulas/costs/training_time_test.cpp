// Time, cost, accelerators and the whole estimate.
#include <formulas/costs/estimate.h>
#include <formulas/costs/training_time.h>
#include <formulas/families/presets.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

namespace tally::formulas {
namespace {

// Chowdhery et al. 2022, appendix B read backwards: PaLM 540B, 780 billion tokens on 6144 chips of
// 275 TFLOP/s at an MFU of 46.2 % takes 780e9 / 238.3e3 seconds.
TEST(TrainingTime, PalmReadBackwards) {
  const Int128 flops_per_token = Int128{6} * 540'354'281'472 + 35'634'806'784;
  TrainingRun run;
  run.num_tokens = 780'000'000'000;
  run.num_devices = 6144;
  run.mfu = 0.462;
  const auto time = training_time(flops_per_token, 1, 275e12, run);
  ASSERT_TRUE(time);
  EXPECT_NEAR(time->seconds, 780e9 / 238.3e3, 0.002 * 780e9 / 238.3e3);
  EXPECT_NEAR(time->gpu_days, time->seconds * 6144 / 86400, 1e-6 * time->gpu_days);
}

TEST(TrainingTime, FlopsAreExactPastTwoToTheSixtyThree) {
  TrainingRun run;
  run.num_tokens = 300'000'000'000;
  const auto time = training_time(Int128{6} * 174'600'000'000 * 2048, 2048, 312e12, run);
  ASSERT_TRUE(time);
  EXPECT_TRUE(time->training_flops == Int128{314'280} * 1'000'000'000'000'000'000);
}

// A device at its peak all the time: 10^15 FLOPs at 10^12 a second take 1,000 seconds. More it
// cannot do.
TEST(TrainingTime, UtilisationEndsAtOne) {
  TrainingRun run;
  run.num_tokens = 1'000;
  run.mfu = 1;
  const auto time = training_time(1'000'000'000'000, 1, 1e12, run);
  ASSERT_TRUE(time);
  EXPECT_DOUBLE_EQ(time->seconds, 1'000);
  run.mfu = 1.001;
  EXPECT_FALSE(training_time(1'000'000'000'000, 1, 1e12, run));
}

TEST(TrainingTime, EveryInputChangesTheResult) {
  TrainingRun run;
  run.num_tokens = 1'000'000;
  run.price_per_gpu_hour = 2;
  const auto base = training_time(1'000'000'000'000, 1000, 1e12, run);
  ASSERT_TRUE(base);
  EXPECT_DOUBLE_EQ(base->seconds, 1e15 / (1e12 * 0.4));
  EXPECT_DOUBLE_EQ(base->cost, base->gpu_days * 48);
  TrainingRun more = run;
  more.num_devices = 4;
  EXPECT_DOUBLE_EQ(training_time(1'000'000'000'000, 1000, 1e12, more)->seconds, base->seconds / 4);
  EXPECT_DOUBLE_EQ(training_time(1'000'000'000'000, 1000, 1e12, more)->gpu_days, base->gpu_days);
  more = run;
  more.mfu = 0.8;
  EXPECT_DOUBLE_EQ(training_time(1'000'000'000'000, 1000, 1e12, more)->seconds, base->seconds / 2);
  more = run;
  more.num_tokens *= 2;
  EXPECT_DOUBLE_EQ(training_time(1'000'000'000'000, 1000, 1e12, more)->seconds, base->seconds * 2);
  EXPECT_DOUBLE_EQ(training_time(1'000'000'000'000, 1000, 2e12, run)->seconds, base->seconds / 2);
}

TEST(TrainingTime, RefusesByName) {
  const auto refused = [](TrainingRun run, double peak, const char* field) {
    const auto time = training_time(1000, 10, peak, run);
    ASSERT_FALSE(time) << field;
    EXPECT_NE(time.error().message.find(field), std::string::npos);
  };
  TrainingRun run;
  refused(run, 1e12, "tokens");
  run.num_tokens = 10;
  run.num_devices = 0;
  refused(run, 1e12, "devices");
  run.num_devices = 1;
  run.mfu = 0;
  refused(run, 1e12, "mfu");
  run.mfu = 1.5;
  refused(run, 1e12, "mfu");
  run.mfu = std::numeric_limits<double>::quiet_NaN();
  refused(run, 1e12, "mfu");
  run.mfu = 0.5;
  run.price_per_gpu_hour = -1;
  refused(run, 1e12, "price");
  run.price_per_gpu_hour = 0;
  refused(run, 0, "peak");
  run.num_tokens = INT64_MAX;
  const auto time = training_time(Int128{1} << 100, 1, 1e12, run);
  ASSERT_FALSE(time);
}

TEST(Accelerators, AreFoundByTheirWords) {
  for (const char* name : {"H100 80GB", "h100-80gb", "NVIDIA H100 80 GB"}) {
    const auto found = accelerator_named(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->name, "H100 80GB");
  }
  EXPECT_EQ(accelerator_named("h200")->name, "H200 141GB");
  EXPECT_EQ(accelerator_named("tpu v5p")->name, "TPU v5p 95GB");
  EXPECT_EQ(accelerator_named("GeForce RTX 4090")->name, "RTX 4090 24GB");
}

TEST(Accelerators, AmbiguousAndUnknownNamesAreRefusedWithChoices) {
  const auto several = accelerator_named("A100");
  ASSERT_FALSE(several);
  EXPECT_NE(several.error().hint.find("A100 40GB"), std::string::npos);
  EXPECT_NE(several.error().hint.find("A100 PCIe 80GB"), std::string::npos);
  for (const char* name : {"", "  ", "H1000", "GPU"}) {
    const auto none = accelerator_named(name);
    ASSERT_FALSE(none) << name;
    EXPECT_NE(none.error().hint.find("H100 80GB"), std::string::npos);
  }
}

TEST(Accelerators, HaveDistinctNamesFiguresAndSources) {
  std::set<std::string_view> names;
  for (const auto& a : accelerator_table()) {
    EXPECT_TRUE(names.insert(a.name).second) << a.name;
    EXPECT_TRUE(accelerator_named(a.name)) << a.name;
    EXPECT_NE(a.name.find(std::to_string(a.memory_gb) + "GB"), std::string_view::npos) << a.name;
    EXPECT_GT(a.bandwidth_gb_per_second, 0) << a.name;
    EXPECT_GT(a.peak_flops_per_second(Precision::kMixed), 0) << a.name;
    EXPECT_GE(a.peak_flops_per_second(Dtype::kFp8), a.peak_flops_per_second(Dtype::kBf16))
        << a.name;
    EXPECT_FALSE(a.source.empty()) << a.name;
  }
}

// The peaks that the papers compute with: 312 TFLOP/s (Narayanan, Korthikanti), 275 TFLOP/s (PaLM).
TEST(Accelerators, PeaksOfThePapers) {
  EXPECT_DOUBLE_EQ(accelerator_named("A100 80GB")->peak_flops_per_second(Precision::kMixed),
                   312e12);
  EXPECT_DOUBLE_EQ(accelerator_named("TPU v4")->peak_flops_per_second(Precision::kBf16), 275e12);
  // Half of bf16's rate. NVIDIA A100 whitepaper: 108 multiprocessors of 1,024 bf16 multiply-adds a
  // clock of 1.41 GHz, and half as many in TF32.
  EXPECT_NEAR(accelerator_named("A100 80GB")->peak_flops_per_second(Precision::kFp32),
              108 * 512 * 2 * 1.41e9, 0.1e12);
  EXPECT_DOUBLE_EQ(accelerator_named("V100 32GB")->peak_flops_per_second(Precision::kFp32),
                   15.7e12);
  EXPECT_DOUBLE_EQ(accelerator_named("V100 32GB")->peak_flops_per_second(Precision::kMixed),
                   125e12);
}

TEST(Estimate, HoldsTheExactCountBesideThePublishedEstimates) {
  const auto spec = preset_spec("gpt2");
  ASSERT_TRUE(spec);
  EstimateInputs inputs;
  inputs.accelerator = *accelerator_named("A100 80GB");
  const auto result = estimate(*spec, inputs);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->parameters.unique_params, 124'439'808);
  EXPECT_TRUE(result->pass.forward_flops == 291'648'307'200);
  EXPECT_TRUE(result->step_flops == 874'944'921'600);
  EXPECT_EQ(result->tokens_per_pass, 1024);
  EXPECT_TRUE(result->per_token.exact_training == (Int128{874'944'921'600} + 1023) / 1024);
  EXPECT_TRUE(result->per_token.six_n == Int128{6} * 124'439'808);
  EXPECT_TRUE(result->per_token.palm == Int128{6} * 124'439'808 + 12 * 12 * 12 * 64 * 1024);
  EXPECT_EQ(result->num_tokens, 20LL * 124'439'808);
  ASSERT_TRUE(result->time);
  // FLOPs of a token times 20 tokens for each of 124,439,808 parameters, at 40 % of 312 TFLOP/s:
  // 0.197 days.
  EXPECT_NEAR(result->time->gpu_days,
              874'944'921'600.0 / 1024 * 20 * 124'439'808 / (0.4 * 312e12) / 86'400,
              1e-9 * result->time->gpu_days);
  EXPECT_NEAR(result->time->gpu_days, 0.197, 0.0005);
  ASSERT_TRUE(result->guide);
  EXPECT_DOUBLE_EQ(result->guide->gpu_days, 0.124439808);
  EXPECT_EQ(result->weights.size(), dtype_table().size());
}

// LLaMA-3 8B (Dubey et al. 2024): 2 x 32 layers x 8 heads x 128 numbers a token, of one byte in fp8
// whatever the weights are kept in.
TEST(Estimate, CacheHasADtypeOfItsOwn) {
  EstimateInputs inputs;
  inputs.training.shape.seq = 16;
  inputs.inference.cache = Dtype::kFp8;
  inputs.inference.weights = Dtype::kInt4;
  const auto result = estimate(*preset_spec("llama-3-8b"), inputs);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cache_bytes_per_token.value(), 2 * 32 * 8 * 128);
}

TEST(Estimate, TrainsOnAsManyTokensAsAsked) {
  EstimateInputs inputs;
  inputs.training.shape.seq = 16;
  for (const std::int64_t tokens : {1LL, 1000LL}) {
    inputs.num_tokens = tokens;
    EXPECT_EQ(estimate(*preset_spec("gpt2"), inputs)->num_tokens, tokens);
  }
}

}  // namespace
}  // namespace tally::formulas
