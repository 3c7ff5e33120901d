#include <app/plan/cost_tables.h>
#include <app/plan/table.h>

#include <algorithm>
#include <utility>

namespace tally::app {
namespace {

using namespace report;

std::int64_t bf16_bytes(const formulas::Estimate& estimate) {
  for (const auto& weights : estimate.weights) {
    if (weights.dtype == formulas::Dtype::kBf16) return weights.total_bytes;
  }
  return 0;
}

Column right(const char* key, const char* title, bool programs = false) {
  return {key, title, Align::kRight, false, programs};
}

}  // namespace

Result<std::vector<EstimateAnswer>> estimate_each(const TableRequest& request) {
  std::vector<EstimateAnswer> answers;
  for (const std::string& word : request.models) {
    auto model = model_named(word);
    if (!model) return model.error();
    auto answer = estimate(std::move(*model), request.plan);
    if (!answer) {
      const Error& error = answer.error();
      return Error{error.code, word + ": " + error.message, error.hint};
    }
    answers.push_back(std::move(*answer));
  }
  return answers;
}

report::Report table_report(const std::vector<EstimateAnswer>& models) {
  report::Report report;
  report.command = "table";
  report.title = "Models compared";
  report.body.add(Data{"kind", "predicted"});
  report.body.add(Heading{{{"", "Models compared: predicted"}}, 1});
  const bool timed = std::any_of(models.begin(), models.end(),
                                 [](const auto& model) { return model.estimate.time.has_value(); });
  Table table;
  table.key = "models";
  table.main = true;
  table.columns = {{"name", "model"},
                   {"family", "", Align::kLeft, false, true},
                   {"architecture", "", Align::kLeft, false, true},
                   right("parameters", "parameters"),
                   right("active_parameters", "active"),
                   right("bf16_weight_bytes", "bf16 weights"),
                   right("training_memory_bytes", "training"),
                   right("inference_memory_bytes", "inference"),
                   right("cache_bytes_per_token", "KV a token"),
                   right("training_flops_per_token", "FLOPs a token"),
                   right("tokens", "tokens"),
                   right("gpu_days", "GPU-days", !timed),
                   right("guide_gpu_days", "guide's", !timed),
                   right("training_flops", "", true),
                   {"plan", "", Align::kLeft, false, true}};
  for (const auto& model : models) {
    const auto& e = model.estimate;
    table.rows.push_back(
        {{model.model.name, model.model.spec.family, model.model.spec.architecture,
          Count{e.parameters.unique_params}, Count{e.parameters.active_params},
          Bytes{bf16_bytes(e), true}, Bytes{e.training.total_bytes, true},
          Bytes{e.inference.total_bytes, true}, Bytes{e.cache_bytes_per_token.value()},
          Flops{e.per_token.exact_training}, Count{e.num_tokens},
          e.time ? Value(Real{e.time->gpu_days}) : Value(),
          e.guide ? Value(Real{e.guide->gpu_days}) : Value(),
          e.time ? Value(Flops{e.time->training_flops}) : Value(),
          plan_value(model.inputs.training)}});
  }
  report.body.add(std::move(table));
  for (const auto& model : models) {
    report.body.add(
        Note{{{"", model.model.name + ": " + plan_text(model.inputs.training)}}, Tone::kMuted});
  }
  return report;
}

}  // namespace tally::app
