// Reports of estimate, fit and table: text and JSON agree, and every split adds up.
#include <app/estimate_report.h>
#include <app/fit_report.h>
#include <app/table_report.h>
#include <cli/flags/model_flags.h>
#include <cli/flags/plan_flags.h>
#include <gtest/gtest.h>
#include <report/numbers.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tally::report::layout {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

using nlohmann::json;

ModelChoice preset_flags(const std::string& name) {
  ModelChoice flags;
  flags.preset = name;
  return flags;
}

EstimateReport estimated(const ModelChoice& model_flags, const PlanFlags& plan_flags = {}) {
  auto model = chosen_model(model_flags);
  EXPECT_TRUE(model) << model.error().message;
  auto inputs = plan_of(plan_flags, model->spec);
  EXPECT_TRUE(inputs) << inputs.error().message;
  auto estimate = formulas::estimate(model->spec, *inputs);
  EXPECT_TRUE(estimate) << estimate.error().message;
  return {std::move(*model), std::move(*inputs), std::move(*estimate)};
}

void expect_parts_add_up(const json& memory) {
  std::int64_t sum = 0;
  for (const auto& part : memory.at("parts")) sum += part.at("bytes").get<std::int64_t>();
  EXPECT_EQ(sum, memory.at("total_bytes").get<std::int64_t>());
}

class EstimateOfPreset : public testing::TestWithParam<const char*> {};

TEST_P(EstimateOfPreset, SplitsAddUpAndTextAgreesWithJson) {
  const OldReport report = estimate_report(estimated(preset_flags(GetParam())));
  const json value = json::parse(report.json());
  const std::string text = render_text(report.document(), {});
  EXPECT_EQ(value.at("schema_version"), 1);
  EXPECT_EQ(value.at("kind"), "predicted");
  EXPECT_NE(text.find("predicted"), std::string::npos);

  expect_parts_add_up(value.at("training_memory"));
  expect_parts_add_up(value.at("inference_memory"));
  std::int64_t components = 0;
  for (const auto& [name, params] : value.at("parameters").at("components").items())
    components += params.get<std::int64_t>();
  EXPECT_EQ(components, value.at("parameters").at("unique").get<std::int64_t>());
  std::int64_t forward = 0;
  for (const auto& part : value.at("flops").at("parts"))
    forward += std::stoll(part.at("forward_flops").get<std::string>());
  EXPECT_EQ(std::to_string(forward), value.at("flops").at("forward_flops").get<std::string>());
  for (const auto& weights : value.at("weights")) {
    EXPECT_EQ(weights.at("quantized_bytes").get<std::int64_t>() +
                  weights.at("scale_bytes").get<std::int64_t>() +
                  weights.at("kept_bytes").get<std::int64_t>(),
              weights.at("total_bytes").get<std::int64_t>());
  }
  // The text shows the figures that the JSON holds.
  for (const std::int64_t figure :
       {value.at("parameters").at("unique").get<std::int64_t>(),
        value.at("training_memory").at("total_bytes").get<std::int64_t>(),
        value.at("inference_memory").at("total_bytes").get<std::int64_t>(), forward}) {
    EXPECT_NE(text.find(grouped(figure)), std::string::npos) << figure;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, EstimateOfPreset,
                         testing::Values("gpt2", "bert-base-uncased", "llama-3-8b", "mixtral-8x7b",
                                         "t5-small", "whisper-tiny", "deepseek-v3",
                                         "vit-base-patch16-224", "clip-vit-b32"),
                         [](const auto& row) {
                           std::string name = row.param;
                           for (char& c : name) {
                             if (c == '-') c = '_';
                           }
                           return name;
                         });

TEST(EstimateReport, FlopsPastTwoToTheSixtyThreeAreExactInJson) {
  PlanFlags plan;
  plan.values["gpu"] = "H100 80GB";
  plan.values["tokens"] = "15T";
  plan.values["seq"] = "2048";
  const json value =
      json::parse(estimate_report(estimated(preset_flags("llama-3-8b"), plan)).json());
  // 3 x 32,938,104,193,024 / 2048 x 15e12: the step's FLOPs divide by its tokens (48,249,176,064).
  EXPECT_EQ(value.at("training").at("training_flops"), "723737640960000000000000");
  EXPECT_EQ(value.at("flops").at("model_flops"), "98814312579072");
}

TEST(ModelChoice, HyperParametersReplaceFieldsUnderTheFamilysNames) {
  ModelChoice flags = preset_flags("gpt2");
  flags.sizes["num_layers"] = "6";
  EXPECT_EQ(estimated(flags).estimate.parameters.unique_params, 81'912'576);  // DistilGPT-2
  flags = preset_flags("t5-small");
  const auto before = estimated(flags).estimate.parameters.unique_params;
  flags.sizes["num_layers"] =
      "7";  // of both stacks: one encoder layer 3,145,728 + 2 x 512, one decoder layer with cross
  EXPECT_EQ(estimated(flags).estimate.parameters.unique_params - before,
            4 * 512 * 512 + 2 * 512 * 2048 + 2 * 512 + 8 * 512 * 512 + 2 * 512 * 2048 + 3 * 512);
  flags = preset_flags("llama-3-8b");
  flags.tie_embeddings = true;
  EXPECT_EQ(estimated(flags).estimate.parameters.unique_params, 8'030'261'248 - 128'256LL * 4096);
  flags = preset_flags("llama-3-8b");
  flags.settings = {"attention_bias=true"};
  EXPECT_EQ(estimated(flags).estimate.parameters.unique_params,
            8'030'261'248 + 32LL * (4096 + 1024 + 1024 + 4096));
}

TEST(ModelChoice, EverySizeChangesAModelThatHasIt) {
  const struct {
    const char *preset, *field, *value;
  } rows[] = {
      {"llama-3-8b", "vocab_size", "1000"},        {"llama-3-8b", "hidden_size", "2048"},
      {"llama-3-8b", "num_layers", "3"},           {"llama-3-8b", "num_attention_heads", "64"},
      {"llama-3-8b", "num_key_value_heads", "4"},  {"llama-3-8b", "head_dim", "64"},
      {"llama-3-8b", "intermediate_size", "1000"}, {"gpt2", "max_positions", "100"},
      {"mixtral-8x7b", "num_experts", "4"}};
  for (const auto& row : rows) {
    ModelChoice flags = preset_flags(row.preset);
    const auto before = estimated(flags).estimate.parameters.unique_params;
    flags.sizes[row.field] = row.value;
    PlanFlags plan;
    plan.values["seq"] = "64";
    EXPECT_NE(estimated(flags, plan).estimate.parameters.unique_params, before) << row.field;
  }
  ModelChoice flags = preset_flags("mixtral-8x7b");
  const auto before = estimated(flags).estimate.parameters.active_params;
  flags.sizes["num_experts_per_token"] = "3";
  EXPECT_NE(estimated(flags).estimate.parameters.active_params, before);
}

TEST(ModelChoice, RefusesWhatNamesNoModel) {
  const auto refused = [](const ModelChoice& flags, const std::string& words) {
    const auto model = chosen_model(flags);
    ASSERT_FALSE(model) << words;
    EXPECT_NE((model.error().message + model.error().hint).find(words), std::string::npos)
        << model.error().message;
  };
  ModelChoice flags;
  refused(flags, "no model is named");
  flags.preset = "gpt2";
  flags.config_path = "config.json";
  refused(flags, "two models");
  refused(preset_flags("gpt-2"), "did you mean gpt2?");
  flags = preset_flags("gpt2");
  flags.sizes["num_experts"] = "4";
  refused(flags, "num_experts");
  flags = preset_flags("gpt2");
  flags.sizes["num_layers"] = "-1";
  refused(flags, "num_layers");
  flags = preset_flags("gpt2");
  flags.settings = {"n_layer"};
  refused(flags, "FIELD=VALUE");
  flags = {};
  flags.family = "frobnicator";
  refused(flags, "frobnicator");
  flags.sizes["hidden_size"] = "8";
  refused(flags, "frobnicator");
}

TEST(PlanFlags, EveryFieldReachesThePlanOrIsRefusedByName) {
  const auto model = chosen_model(preset_flags("mixtral-8x7b"));
  ASSERT_TRUE(model);
  const auto base = plan_of({}, model->spec);
  ASSERT_TRUE(base);
  EXPECT_EQ(base->training.shape.seq, 4096);  // the longest is 131,072
  for (const char* field : {"batch",
                            "seq",
                            "encoder_seq",
                            "optimizer",
                            "precision",
                            "attention",
                            "recompute",
                            "zero",
                            "devices",
                            "tensor_parallel",
                            "pipeline_parallel",
                            "expert_parallel",
                            "chunks",
                            "weights",
                            "group_size",
                            "cache",
                            "reserve",
                            "mfu",
                            "tokens",
                            "price",
                            "gpu"}) {
    for (const char* wrong : {"-7", "x", "99999999999999999999"}) {
      PlanFlags flags;
      flags.values[field] = wrong;
      const auto plan = plan_of(flags, model->spec);
      ASSERT_FALSE(plan) << field << " " << wrong;
      EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
      EXPECT_EQ(plan.error().message.rfind(field, 0), 0u) << plan.error().message;
    }
  }
  PlanFlags flags;
  flags.values = {{"devices", "8"},
                  {"tensor_parallel", "2"},
                  {"zero", "2"},
                  {"reserve", "0.5"},
                  {"weights", "int4"}};
  const auto plan = plan_of(flags, model->spec);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->training.parallel.data_parallel, 4);
  EXPECT_EQ(plan->training.parallel.zero, formulas::ZeroStage::kGradients);
  EXPECT_EQ(plan->training.other_bytes, 500'000'000);
  EXPECT_EQ(plan->inference.weights, formulas::Dtype::kInt4);
  EXPECT_TRUE(flags.any());
  EXPECT_FALSE(PlanFlags{}.any());
}

TEST(TableReport, HasARowForEveryModel) {
  std::vector<EstimateReport> models;
  models.push_back(estimated(preset_flags("gpt2")));
  models.push_back(estimated(preset_flags("llama-3-8b")));
  const OldReport report = table_report(std::move(models));
  const json value = json::parse(report.json());
  ASSERT_EQ(value.at("models").size(), 2u);
  EXPECT_EQ(value.at("models")[0].at("parameters"), 124'439'808);
  EXPECT_EQ(value.at("models")[1].at("cache_bytes_per_token"), "131072");
  const std::string text = render_text(report.document(), {});
  EXPECT_NE(text.find("8,030,261,248"), std::string::npos);
}

}  // namespace
}  // namespace tally::cli
