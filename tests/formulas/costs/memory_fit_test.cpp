// What fits a device: the largest batch and length, and the cheapest recipe.
#include <formulas/costs/memory_fit.h>
#include <gtest/gtest.h>
#include <tests/formulas/costs/memory_plans.h>

#include <algorithm>

namespace tally::formulas {
namespace {

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

// A device that holds the plan to the byte, and one that lacks a byte.
TEST(Fit, MayFillTheDeviceToTheByte) {
  const auto spec = preset("gpt2");
  const auto terms = terms_of(spec);
  TrainingPlan plan = plan_of(1, 128);
  plan.kernel = AttentionKernel::kEager;
  const std::int64_t asked = trained(spec, plan).total_bytes;
  EXPECT_TRUE(fit_training(spec, terms, plan, asked)->fits);
  const auto fit = fit_training(spec, terms, plan, asked - 1);
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->fits);
  // The first recipe, flash attention, on a device of just as many bytes as it takes.
  TrainingPlan flash = plan;
  flash.kernel = AttentionKernel::kFlash;
  const std::int64_t least = trained(spec, flash).total_bytes;
  ASSERT_LT(least, asked);
  const auto exact = fit_training(spec, terms, plan, least);
  ASSERT_EQ(exact->rungs.size(), 1U);
  EXPECT_TRUE(exact->rungs[0].fits);
  EXPECT_EQ(exact->rungs[0].total_bytes, least);
}

// Memory ends the sequence before GPT-2's 1,024 positions do.
TEST(Fit, IsNotBoundedByPositionsWhereMemoryEndsTheSequence) {
  const auto spec = preset("gpt2");
  const auto terms = terms_of(spec);
  const std::int64_t device = trained(spec, plan_of(8, 512)).total_bytes;
  const auto fit = fit_training(spec, terms, plan_of(8, 128), device);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->limits.longest_seq, 512);
  EXPECT_FALSE(fit->limits.seq_is_bounded_by_positions);
}

// 8-bit Adam is for Adam: momentum's one value a parameter would become two.
TEST(Fit, MakesNoAdamOfAnotherOptimizer) {
  const auto spec = preset("gpt2");
  TrainingPlan plan = plan_of(1, 128);
  plan.optimizer = Optimizer::kMomentum;
  const auto fit = fit_training(spec, terms_of(spec), plan, 1);
  ASSERT_TRUE(fit);
  for (const FitRung& rung : fit->rungs) EXPECT_NE(rung.name, "8-bit Adam");
  plan.optimizer = Optimizer::kAdam;
  const auto adam = fit_training(spec, terms_of(spec), plan, 1);
  EXPECT_TRUE(std::any_of(adam->rungs.begin(), adam->rungs.end(),
                          [](const FitRung& rung) { return rung.name == "8-bit Adam"; }));
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
