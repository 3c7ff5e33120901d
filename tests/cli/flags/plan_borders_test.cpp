// The flags of a plan at their borders: the last value that is taken and the first that is not.
// What each may be is the flag's own help and docs/costs.md; what fits is arithmetic.
#include <app/plan/estimate.h>
#include <app/plan/fit_report.h>
#include <app/plan/table.h>
#include <cli/flags/plan_flags.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tally::cli {
namespace {

Result<app::PlanRequest> plan_with(const std::string& field, const std::string& value) {
  PlanFlags flags;
  flags.values[field] = value;
  if (field == "mfu" || field == "price") flags.values["gpu"] = "H100 80GB";
  if (field == "zero") flags.values["devices"] = "2";  // with one replica it does nothing
  return plan_request(flags);
}

TEST(PlanBorders, AreTakenAndWhatIsBeyondIsRefused) {
  const struct {
    const char *field, *taken, *refused;
  } borders[] = {{"batch", "1", "0"},
                 {"seq", "1", "0"},
                 {"encoder_seq", "1", "0"},
                 {"zero", "0", "-1"},
                 {"zero", "3", "4"},
                 {"devices", "1", "0"},
                 {"devices", "1048576", "1048577"},
                 {"tensor_parallel", "1048576", "1048577"},
                 {"pipeline_parallel", "1048576", "1048577"},
                 {"expert_parallel", "1048576", "1048577"},
                 {"chunks", "1048576", "1048577"},
                 {"group_size", "0", "-1"},
                 {"reserve", "0", "-0.001"},
                 {"reserve", "1000000", "1000000.5"},
                 {"mfu", "1", "1.01"},
                 {"mfu", "0.000001", "0"},
                 {"tokens", "1", "0"},
                 {"price", "0", "-0.01"}};
  for (const auto& border : borders) {
    const auto taken = plan_with(border.field, border.taken);
    EXPECT_TRUE(taken) << border.field << " " << border.taken
                       << (taken ? "" : ": " + taken.error().message);
    const auto refused = plan_with(border.field, border.refused);
    ASSERT_FALSE(refused) << border.field << " " << border.refused;
    EXPECT_EQ(refused.error().message.rfind(border.field, 0), 0u) << refused.error().message;
  }
}

TEST(PlanBorders, HoldForAProductOfDevicesAsWell) {
  PlanFlags flags;
  flags.values = {{"tensor_parallel", "1048576"}, {"pipeline_parallel", "1048576"}};
  const auto plan = plan_request(flags);  // 2^40 of them, one replica
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->costs.training.parallel.data_parallel, 1);
}

TEST(PlanBorders, DividesDevicesAmongReplicas) {
  PlanFlags flags;
  flags.values = {{"devices", "24"}, {"tensor_parallel", "2"}, {"pipeline_parallel", "3"}};
  const auto plan = plan_request(flags);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->costs.training.parallel.data_parallel, 24 / (2 * 3));
  EXPECT_EQ(plan->costs.training.parallel.num_devices(), 24);
  flags.values["devices"] = "25";
  EXPECT_EQ(plan_request(flags).error().message,
            "devices must be a multiple of tensor_parallel x pipeline_parallel = 6, and is 25");
}

TEST(PlanFlags, SwitchesAloneAreAPlan) {
  PlanFlags dropout, sequence;
  dropout.dropout = true;
  sequence.sequence_parallel = true;
  EXPECT_TRUE(dropout.any());
  EXPECT_TRUE(sequence.any());
  EXPECT_TRUE(plan_request(dropout)->costs.training.dropout);
}

app::ModelChoice preset(const std::string& name) {
  app::ModelChoice choice;
  choice.preset = name;
  return choice;
}

TEST(PlanText, TellsZeroFromTheSecondReplicaOn) {
  formulas::TrainingPlan plan;
  plan.parallel.zero = formulas::ZeroStage::kGradients;
  EXPECT_EQ(app::plan_text(plan).find("ZeRO"), std::string::npos);
  plan.parallel.data_parallel = 2;
  EXPECT_NE(app::plan_text(plan).find("ZeRO 2 over 2 replicas"), std::string::npos)
      << app::plan_text(plan);
}

// GPT-2's longest sequence is 1,024; of Mixtral's 131,072 the default takes 4,096.
TEST(PlanFor, TakesTheModelsLongestSequenceUpToFourThousand) {
  for (const auto& [name, seq] : {std::pair("gpt2", 1024), std::pair("mixtral-8x7b", 4096)}) {
    const auto model = chosen_model(preset(name));
    ASSERT_TRUE(model) << name;
    EXPECT_EQ(app::plan_for({}, model->spec)->training.shape.seq, seq) << name;
  }
}

// Llama 2 7B: 6,738,415,616 parameters, 2 bytes each in bf16.
TEST(TableReport, HasBf16WeightsAndNoDaysWithoutAccelerators) {
  const auto models = app::estimate_each({{"llama-2-7b"}, {}});
  ASSERT_TRUE(models) << models.error().message;
  const report::Report report = app::table_report(*models);
  const auto row = nlohmann::json::parse(to_json(report)).at("models").at(0);
  EXPECT_EQ(row.at("bf16_weight_bytes"), 2 * 6'738'415'616);
  EXPECT_TRUE(row.at("gpu_days").is_null());
  EXPECT_EQ(report::render_text(to_document(report), {}).find("GPU-days"), std::string::npos);
}

/// The report of a fit that is made by hand: a device of 80 GB, of which `used` are taken.
std::string fit_text(std::int64_t used, const formulas::FitLimits& limits) {
  app::FitAnswer answer;
  answer.model = "m";
  answer.accelerator = *formulas::accelerator_named("H100 80GB");
  answer.training.emplace();
  answer.training->memory.total_bytes = used;
  answer.training->fits = used <= 80'000'000'000;
  answer.training->limits = limits;
  return report::render_text(to_document(app::fit_report(answer)), {});
}

TEST(FitReport, SaysWhatIsLeftOrTooMuch) {
  const std::string fits = fit_text(80'000'000'000 - 1024, {1, 1, false});
  EXPECT_NE(fits.find("yes, 1.0 KiB left"), std::string::npos) << fits;
  const std::string full = fit_text(80'000'000'000, {1, 1, false});
  EXPECT_NE(full.find("yes, 0 B left"), std::string::npos) << full;
  const std::string over = fit_text(80'000'000'000 + 2048, {1, 1, false});
  EXPECT_NE(over.find("no, 2.0 KiB too much"), std::string::npos) << over;
}

TEST(FitReport, SaysWhereASearchEnded) {
  const std::string text = fit_text(1, {formulas::kMostBatch, 0, false});
  EXPECT_NE(text.find("Largest batch at this length    16,777,216 or more"), std::string::npos)
      << text;
  EXPECT_NE(text.find("Longest sequence at this batch  none\n"), std::string::npos) << text;
  const std::string below = fit_text(1, {formulas::kMostBatch - 1, 7, true});
  EXPECT_EQ(below.find("or more"), std::string::npos) << below;
  EXPECT_NE(below.find("7 (all the positions that the model has)"), std::string::npos) << below;
}

}  // namespace
}  // namespace tally::cli
