#include <app/estimate_json.h>
#include <app/table_report.h>
#include <report/json_text.h>
#include <report/numbers.h>
#include <report/quantities.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using nlohmann::ordered_json;

using Models = std::vector<EstimateReport>;

bool has_time(const Models& models) {
  return std::any_of(models.begin(), models.end(),
                     [](const auto& model) { return model.estimate.time.has_value(); });
}

std::int64_t bf16_bytes(const formulas::Estimate& estimate) {
  for (const auto& weights : estimate.weights) {
    if (weights.dtype == formulas::Dtype::kBf16) return weights.total_bytes;
  }
  return 0;
}

Document table_document(const Models& models) {
  Document document;
  document.title = "Models compared";
  document.add(Heading{"Models compared: predicted", 1});
  Table table;
  table.columns = {{"model", Align::kLeft, false},          {"parameters", Align::kRight, false},
                   {"active", Align::kRight, false},        {"bf16 weights", Align::kRight, false},
                   {"training", Align::kRight, false},      {"inference", Align::kRight, false},
                   {"KV a token", Align::kRight, false},    {"FLOPs a token", Align::kRight, false},
                   {"optimal tokens", Align::kRight, false}};
  const bool timed = has_time(models);
  if (timed) {
    table.columns.push_back({"GPU-days", Align::kRight, false});
    table.columns.push_back({"guide's", Align::kRight, false});
  }
  for (const auto& model : models) {
    const auto& e = model.estimate;
    Row row;
    row.cells = {model.model.name,
                 grouped(e.parameters.unique_params),
                 grouped(e.parameters.active_params),
                 bytes_text(bf16_bytes(e), Units::kIec),
                 bytes_text(e.training.total_bytes, Units::kIec),
                 bytes_text(e.inference.total_bytes, Units::kIec),
                 grouped(e.cache_bytes_per_token.value()) + " B",
                 grouped(e.per_token.exact_training),
                 grouped(e.num_tokens)};
    if (timed) {
      row.cells.push_back(e.time ? fixed(e.time->gpu_days, 2) : "");
      row.cells.push_back(e.guide ? fixed(e.guide->gpu_days, 2) : "");
    }
    table.rows.push_back(std::move(row));
  }
  document.add(std::move(table));
  for (const auto& model : models) {
    document.add(
        Paragraph{model.model.name + ": " + plan_text(model.inputs.training), Tone::kMuted});
  }
  return document;
}

std::string table_json(const Models& models) {
  ordered_json rows = ordered_json::array();
  for (const auto& model : models) {
    const auto& e = model.estimate;
    ordered_json row = {{"name", model.model.name},
                        {"family", model.model.spec.family},
                        {"architecture", model.model.spec.architecture},
                        {"parameters", e.parameters.unique_params},
                        {"active_parameters", e.parameters.active_params},
                        {"bf16_weight_bytes", bf16_bytes(e)},
                        {"training_memory_bytes", e.training.total_bytes},
                        {"inference_memory_bytes", e.inference.total_bytes},
                        {"cache_bytes_per_token", digits(e.cache_bytes_per_token.value())},
                        {"training_flops_per_token", digits(e.per_token.exact_training)},
                        {"tokens", e.num_tokens},
                        {"plan", plan_json(model.inputs.training)}};
    if (e.time) {
      row["training_flops"] = digits(e.time->training_flops);
      row["gpu_days"] = e.time->gpu_days;
    }
    if (e.guide) row["guide_gpu_days"] = e.guide->gpu_days;
    rows.push_back(std::move(row));
  }
  return json_text({{"schema_version", 1}, {"kind", "predicted"}, {"models", rows}});
}

}  // namespace

OldReport table_report(std::vector<EstimateReport> models) {
  const auto shared = std::make_shared<const Models>(std::move(models));
  return {[shared] { return table_document(*shared); }, [shared] { return table_json(*shared); }};
}

}  // namespace tally::app
