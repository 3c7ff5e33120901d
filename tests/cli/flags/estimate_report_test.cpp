// Reports of estimate, fit and table: text and JSON agree, and every split adds up.
#include <app/plan/estimate_report.h>
#include <app/plan/fit_report.h>
#include <app/plan/table.h>
#include <cli/flags/model_flags.h>
#include <cli/flags/plan_flags.h>
#include <gtest/gtest.h>
#include <report/numbers.h>
#include <report/render.h>
#include <report/views.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tally::cli {
namespace {

using app::chosen_model;
using app::EstimateAnswer;
using app::ModelChoice;
using nlohmann::json;
using report::grouped;
using report::Report;

ModelChoice preset_flags(const std::string& name) {
  ModelChoice flags;
  flags.preset = name;
  return flags;
}

EstimateAnswer estimated(const ModelChoice& model, const PlanFlags& plan_flags = {}) {
  const auto plan = plan_request(plan_flags);
  EXPECT_TRUE(plan) << plan.error().message;
  auto answer = app::estimate({model, *plan});
  EXPECT_TRUE(answer) << answer.error().message;
  return std::move(*answer);
}

json json_of(const Report& report) { return json::parse(to_json(report)); }

std::string text_of(const Report& report) { return report::render_text(to_document(report), {}); }

void expect_parts_add_up(const json& memory) {
  std::int64_t sum = 0;
  for (const auto& part : memory.at("parts")) sum += part.at("bytes").get<std::int64_t>();
  EXPECT_EQ(sum, memory.at("total_bytes").get<std::int64_t>());
}

class EstimateOfPreset : public testing::TestWithParam<const char*> {};

TEST_P(EstimateOfPreset, SplitsAddUpAndTextAgreesWithJson) {
  const Report report = app::estimate_report(estimated(preset_flags(GetParam())));
  const json value = json_of(report);
  const std::string text = text_of(report);
  EXPECT_EQ(value.at("schema_version"), 2);
  EXPECT_EQ(value.at("kind"), "predicted");
  EXPECT_NE(text.find("predicted"), std::string::npos);

  expect_parts_add_up(value.at("training_memory"));
  expect_parts_add_up(value.at("inference_memory"));
  std::int64_t components = 0;
  for (const auto& component : value.at("parameters").at("components"))
    components += component.at("parameters").get<std::int64_t>();
  EXPECT_EQ(components, value.at("parameters").at("unique").get<std::int64_t>());
  std::int64_t forward = 0;
  for (const auto& part : value.at("flops").at("parts"))
    forward += part.at("forward_flops").get<std::int64_t>();
  EXPECT_EQ(value.at("flops").at("forward_flops"), forward);
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
  const Report report = app::estimate_report(estimated(preset_flags("llama-3-8b"), plan));
  // 3 x 32,938,104,193,024 / 2048 x 15e12: the step's FLOPs divide by its tokens (48,249,176,064).
  const std::string text = to_json(report);
  EXPECT_NE(text.find("\"training_flops\": 723737640960000000000000,"), std::string::npos) << text;
  EXPECT_EQ(json_of(report).at("flops").at("model_flops"), 98'814'312'579'072);
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

constexpr const char* kPlanFields[] = {"batch",
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
                                       "chunks",
                                       "weights",
                                       "expert_parallel",
                                       "group_size",
                                       "cache",
                                       "reserve",
                                       "mfu",
                                       "tokens",
                                       "price",
                                       "gpu"};

TEST(PlanFlags, AreRefusedByNameWhereTheyMakeNoSense) {
  for (const char* field : kPlanFields) {
    for (const char* wrong : {"-7", "x", "99999999999999999999"}) {
      PlanFlags flags;
      flags.values[field] = wrong;
      const auto plan = plan_request(flags);
      ASSERT_FALSE(plan) << field << " " << wrong;
      EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
      EXPECT_EQ(plan.error().message.rfind(field, 0), 0u) << plan.error().message;
    }
  }
}

TEST(PlanFlags, ReachThePlan) {
  const auto model = chosen_model(preset_flags("mixtral-8x7b"));
  ASSERT_TRUE(model);
  const auto base = plan_request({});
  ASSERT_TRUE(base);
  EXPECT_EQ(plan_for(*base, model->spec)->training.shape.seq, 4096);  // the longest is 131,072
  PlanFlags flags;
  flags.values = {{"devices", "8"},
                  {"tensor_parallel", "2"},
                  {"zero", "2"},
                  {"reserve", "0.5"},
                  {"weights", "int4"}};
  const auto request = plan_request(flags);
  ASSERT_TRUE(request);
  const auto plan = plan_for(*request, model->spec);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->training.parallel.data_parallel, 4);
  EXPECT_EQ(plan->training.parallel.zero, formulas::ZeroStage::kGradients);
  EXPECT_EQ(plan->training.other_bytes, 500'000'000);
  EXPECT_EQ(plan->inference.weights, formulas::Dtype::kInt4);
  EXPECT_TRUE(flags.any());
  EXPECT_FALSE(PlanFlags{}.any());
}

TEST(PlanFlags, AreRefusedWhereTheyWouldDoNothing) {
  for (const char* field : {"mfu", "price"}) {
    PlanFlags flags;
    flags.values[field] = "0.5";
    const auto refused = plan_request(flags);
    ASSERT_FALSE(refused) << field;
    EXPECT_EQ(refused.error().message, std::string("--") + field + " does nothing without --gpu");
    flags.values["gpu"] = "H100 80GB";
    EXPECT_TRUE(plan_request(flags)) << field;
  }
  PlanFlags flags;
  flags.dropout = true;
  const auto refused = refuse_plan_flags(flags, PlanUse::kTraining, "with --for inference");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "--dropout does nothing with --for inference");
  EXPECT_TRUE(refuse_plan_flags(flags, PlanUse::kInference, "with --for training"));
  flags = {};
  flags.values["cache"] = "fp8";
  EXPECT_FALSE(refuse_plan_flags(flags, PlanUse::kInference, "with --for training"));
}

// An encoder of its own length: T5's beside its decoder, Whisper's of audio. GPT-2 has none, BERT
// no decoder.
TEST(PlanFlags, TakeAnEncodersLengthOnlyWhereThereIsOne) {
  PlanFlags flags;
  flags.values["encoder_seq"] = "64";
  const auto request = plan_request(flags);
  ASSERT_TRUE(request);
  for (const auto& [preset, has] :
       {std::pair("t5-small", true), std::pair("whisper-tiny", true), std::pair("gpt2", false),
        std::pair("bert-base-uncased", false)}) {
    const auto model = chosen_model(preset_flags(preset));
    ASSERT_TRUE(model);
    const auto plan = plan_for(*request, model->spec);
    EXPECT_EQ(plan.ok(), has) << preset;
    if (!plan) {
      EXPECT_EQ(plan.error().message.rfind("encoder_seq: ", 0), 0u) << plan.error().message;
    }
  }
}

TEST(TableReport, HasARowForEveryModel) {
  const auto models = app::estimate_each({{"gpt2", "llama-3-8b"}, {}});
  ASSERT_TRUE(models) << models.error().message;
  const Report report = app::table_report(*models);
  const json value = json_of(report);
  ASSERT_EQ(value.at("models").size(), 2u);
  EXPECT_EQ(value.at("models")[0].at("parameters"), 124'439'808);
  EXPECT_EQ(value.at("models")[1].at("cache_bytes_per_token"), 131072);
  EXPECT_NE(text_of(report).find("8,030,261,248"), std::string::npos);
}

TEST(TableReport, NamesTheModelThatIsWrong) {
  app::PlanRequest plan;
  plan.seq = 2000;  // past GPT-2's 1,024 positions
  const auto refused = app::estimate_each({{"llama-3-8b", "gpt2"}, plan});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.rfind("gpt2: seq", 0), 0u) << refused.error().message;
}

app::FitRequest fit_request(const char* preset, const char* gpu) {
  PlanFlags flags;
  flags.values = {{"gpu", gpu}, {"seq", "512"}};
  return {preset_flags(preset), *plan_request(flags)};
}

// Llama 3 8B in bf16 takes 16.1 GB to run and, with mixed-precision Adam, 128.5 GB to train (16
// bytes a parameter) before any activation: an H100 of 80 GB holds the one, not the other.
TEST(Fit, AnswersOnlyWhatWasAsked) {
  app::FitRequest request = fit_request("llama-3-8b", "H100 80GB");
  const auto both = app::fit(request);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_FALSE(both->training->fits);
  EXPECT_TRUE(both->inference->fits);
  EXPECT_FALSE(both->fits());
  request.training = false;
  const auto inference = app::fit(request);
  ASSERT_TRUE(inference);
  EXPECT_FALSE(inference->training);
  EXPECT_TRUE(inference->fits());
  request.training = true;
  request.inference = false;
  const auto training = app::fit(request);
  ASSERT_TRUE(training);
  EXPECT_FALSE(training->inference);
  EXPECT_FALSE(training->fits());
  request.plan.costs.accelerator.reset();
  ASSERT_FALSE(app::fit(request));
  EXPECT_EQ(app::fit(request).error().message, "no accelerator is named");
}

TEST(FitReport, PartsAddUpAndTextAgreesWithJson) {
  const auto answer = app::fit(fit_request("gpt2", "H100 80GB"));
  ASSERT_TRUE(answer);
  const Report report = app::fit_report(*answer);
  const json value = json_of(report);
  const std::string text = text_of(report);
  EXPECT_EQ(value.at("accelerator").at("memory_bytes"), 80'000'000'000);
  for (const char* half : {"training", "inference"}) {
    expect_parts_add_up(value.at(half).at("memory"));
    EXPECT_EQ(value.at(half).at("fits"), true);
    EXPECT_TRUE(value.at(half).at("recipe").is_null());
    for (const auto& part : value.at(half).at("memory").at("parts")) {
      EXPECT_NE(text.find(grouped(part.at("bytes").get<std::int64_t>()) + " B"), std::string::npos)
          << part;
    }
    const auto batch = value.at(half).at("limits").at("largest_batch").get<std::int64_t>();
    EXPECT_NE(text.find("Largest batch at this length    " + grouped(batch) + "\n"),
              std::string::npos)
        << text;
  }
  EXPECT_NE(text.find("(all the positions that the model has)"), std::string::npos);  // 1,024
  EXPECT_NE(text.find("yes, "), std::string::npos);
}

}  // namespace
}  // namespace tally::cli
