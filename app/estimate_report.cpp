#include <app/estimate_json.h>
#include <app/estimate_report.h>
#include <report/numbers.h>
#include <report/quantities.h>

#include <memory>
#include <utility>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace formulas;

double share_of(double part, double whole) { return whole > 0 ? part / whole : -1; }

Row plain_row(std::vector<std::string> cells, double share = -1) {
  Row row;
  row.cells = std::move(cells);
  row.share = share;
  return row;
}

/// "2.3 times as much", "41 % of that".
std::string times(double factor) {
  return factor >= 1 ? fixed(factor, 1) + " times" : fixed(100 * factor, 0) + " %";
}

std::string shape_text(const PassShape& shape) {
  std::string text = "batch " + grouped(shape.batch);
  if (shape.seq > 0) text += " x " + grouped(shape.seq) + " tokens";
  return text;
}

std::string division_text(const ParallelPlan& p) {
  std::string text;
  if (p.tensor_parallel > 1) text += ", tensor parallel " + std::to_string(p.tensor_parallel);
  if (p.sequence_parallel) text += ", sequence parallel";
  if (p.pipeline_parallel > 1) text += ", pipeline parallel " + std::to_string(p.pipeline_parallel);
  if (p.expert_parallel > 1) text += ", expert parallel " + std::to_string(p.expert_parallel);
  return text;
}

Facts parameter_facts(const ParameterCounts& counts) {
  Facts facts;
  const auto add = [&](std::string label, std::int64_t value) {
    facts.facts.push_back({std::move(label), grouped(value), Tone::kNormal});
  };
  if (counts.tied_counted_again_params != counts.unique_params) {
    add("with tied weights counted again", counts.tied_counted_again_params);
  }
  add("without embeddings", counts.non_embedding_params);
  if (counts.active_params != counts.unique_params) {
    add("active for a token", counts.active_params);
    add("active, without the input table", counts.active_without_input_table_params);
  }
  return facts;
}

Table parameter_table(const ParameterCounts& counts) {
  Table table;
  table.title = "Parameters";
  table.columns = {{"component", Align::kLeft, false},
                   {"parameters", Align::kRight, false},
                   {"share", Align::kRight, false}};
  for (int i = 0; i < kNumComponents; ++i) {
    const std::int64_t params = counts.component_params[i];
    if (params == 0) continue;
    table.rows.push_back(plain_row(
        {std::string(component_name(static_cast<Component>(i))), grouped(params),
         percent(params, counts.unique_params)},
        share_of(static_cast<double>(params), static_cast<double>(counts.unique_params))));
  }
  table.footer.push_back(plain_row({"total", grouped(counts.unique_params),
                                    percent(counts.unique_params, counts.unique_params)}));
  return table;
}

Table weight_table(const std::vector<WeightBytes>& weights) {
  Table table;
  table.title = "Weights";
  table.columns = {{"dtype", Align::kLeft, false},
                   {"bytes", Align::kRight, false},
                   {"size", Align::kRight, false},
                   {"of which scales", Align::kRight, false},
                   {"scales", Align::kLeft, true}};
  for (const auto& w : weights) {
    table.rows.push_back(plain_row({std::string(dtype_info(w.dtype).name), grouped(w.total_bytes),
                                    bytes_text(w.total_bytes, Units::kIec),
                                    w.scale_bytes > 0 ? grouped(w.scale_bytes) : "",
                                    std::string(dtype_info(w.dtype).scales)}));
  }
  return table;
}

Table flop_table(const Estimate& e) {
  Table table;
  table.title = "FLOPs of one pass over " + grouped(e.tokens_per_pass) + " tokens";
  table.columns = {{"product", Align::kLeft, false},
                   {"forward", Align::kRight, false},
                   {"backward", Align::kRight, false},
                   {"share", Align::kRight, false}};
  const double whole = static_cast<double>(e.pass.forward_flops);
  for (const auto& part : e.pass.parts) {
    const double share = share_of(static_cast<double>(part.forward_flops), whole);
    table.rows.push_back(plain_row({part.id, grouped(part.forward_flops),
                                    grouped(part.backward_flops), fixed(100 * share, 2) + " %"},
                                   share));
  }
  table.footer.push_back(plain_row(
      {"total", grouped(e.pass.forward_flops), grouped(e.pass.backward_flops), "100.00 %"}));
  return table;
}

Table per_token_table(const Estimate& e) {
  Table table;
  table.title = "Training FLOPs a token";
  table.columns = {{"count", Align::kLeft, false},
                   {"FLOPs", Align::kRight, false},
                   {"of exact", Align::kRight, false},
                   {"source", Align::kLeft, true}};
  const double exact = static_cast<double>(e.per_token.exact_training);
  const auto add = [&](const char* name, Int128 flops, const char* source) {
    if (flops == 0) return;
    table.rows.push_back(plain_row(
        {name, grouped(flops), fixed(100 * static_cast<double>(flops) / exact, 2) + " %", source}));
  };
  add("exact matrix products", e.per_token.exact_training,
      "forward and backward, as PyTorch's counter");
  add("6 N", e.per_token.six_n, "Kaplan et al. 2020, arXiv:2001.08361; N active parameters");
  add("6 N + 12 L H Q T", e.per_token.palm, "Chowdhery et al. 2022, arXiv:2204.02311, appendix B");
  return table;
}

Facts training_facts(const EstimateReport& report) {
  const auto& e = report.estimate;
  Facts facts;
  const auto add = [&](std::string label, std::string value) {
    facts.facts.push_back({std::move(label), std::move(value), Tone::kNormal});
  };
  add("Compute-optimal tokens",
      grouped(e.optimal_tokens.value()) + " (20 a parameter, Hoffmann et al. 2022)");
  add("Tokens", grouped(e.num_tokens));
  if (e.time) {
    add("Training FLOPs", grouped(e.time->training_flops) + " (" +
                              scientific(static_cast<double>(e.time->training_flops)) + ")");
    add("Accelerator", std::to_string(report.inputs.training.parallel.num_devices()) + " x " +
                           std::string(report.inputs.accelerator->name) + ", MFU " +
                           fixed(100 * report.inputs.mfu, 1) + " % of " +
                           fixed(report.inputs.accelerator->peak_flops_per_second(
                                     report.inputs.training.precision) /
                                     1e12,
                                 1) +
                           " TFLOP/s");
    add("GPU-days", fixed(e.time->gpu_days, 2));
    add("Wall time", fixed(e.time->seconds / 86400, 2) + " days");
    if (report.inputs.price_per_gpu_hour > 0) {
      add("Cost", fixed(e.time->cost, 2) + " at " + fixed(report.inputs.price_per_gpu_hour, 2) +
                      " a GPU-hour");
    }
  }
  if (e.guide) {
    std::string rule = fixed(e.guide->gpu_days, 2) + " GPU-days";
    if (e.time) rule += ", " + times(e.guide->gpu_days / e.time->gpu_days) + " of the above";
    add("The guide's rule of thumb",
        rule + "; training memory " + fixed(e.guide->training_memory_gb, 1) + " GB");
  }
  return facts;
}

Document estimate_document(const EstimateReport& report) {
  const auto& e = report.estimate;
  const auto& plan = report.inputs.training;
  Document document;
  document.title = report.model.name + ": predicted";
  document.add(Heading{report.model.name + ": predicted", 1});
  Facts facts;
  facts.facts = {{"Family", report.model.spec.family, Tone::kNormal},
                 {"Class", report.model.spec.architecture, Tone::kNormal},
                 {"Parameters", grouped(e.parameters.unique_params), Tone::kStrong},
                 {"Training", plan_text(plan), Tone::kNormal}};
  document.add(std::move(facts));
  document.add(parameter_table(e.parameters));
  document.add(parameter_facts(e.parameters));
  document.add(weight_table(e.weights));
  const std::string device = plan.parallel.pipeline_parallel > 1
                                 ? " of the heaviest device, " + e.training.stage + " stage"
                                 : " of one device";
  document.add(memory_table("Training memory" + device, e.training));
  document.add(memory_table("Inference memory of one device, cache full", e.inference));
  if (e.cache_bytes_per_token.value() > 0) {
    Facts cache;
    cache.facts = {{"KV cache of one token", grouped(e.cache_bytes_per_token.value()) + " bytes",
                    Tone::kNormal}};
    document.add(std::move(cache));
  }
  document.add(flop_table(e));
  if (plan.recomputation != Recomputation::kNone) {
    Facts hardware;
    hardware.facts = {
        {"With recomputation, forward and backward", grouped(e.hardware_flops), Tone::kNormal}};
    document.add(std::move(hardware));
  }
  document.add(per_token_table(e));
  document.add(training_facts(report));
  std::string note = "All figures are predicted from the configuration; none is measured.";
  if (!report.model.defaults_taken.empty()) {
    note += " Fields that the configuration does not give, with the family's defaults:";
    for (const auto& taken : report.model.defaults_taken)
      note += " " + taken.field + "=" + taken.value;
  }
  document.add(Paragraph{note, Tone::kMuted});
  return document;
}

}  // namespace

std::string plan_text(const TrainingPlan& plan) {
  const auto& p = plan.parallel;
  std::string text = std::string(optimizer_info(plan.optimizer).name) + ", " +
                     std::string(precision_info(plan.precision).name) + ", " +
                     kernel_name(plan.kernel) + " attention, recomputation " +
                     recomputation_name(plan.recomputation) + ", " + shape_text(plan.shape);
  if (p.data_parallel > 1) {
    text += ", ZeRO " + std::to_string(static_cast<int>(p.zero)) + " over " +
            grouped(p.data_parallel) + " replicas";
  }
  return text + division_text(p);
}

std::string plan_text(const InferencePlan& plan) {
  return "weights " + std::string(dtype_info(plan.weights).name) + ", cache " +
         std::string(dtype_info(plan.cache).name) + ", " + shape_text(plan.shape) +
         division_text(plan.parallel);
}

Table memory_table(const std::string& title, const DeviceMemory& memory) {
  Table table;
  table.title = title;
  table.columns = {{"part", Align::kLeft, false},
                   {"bytes", Align::kRight, false},
                   {"size", Align::kRight, false},
                   {"share", Align::kRight, false},
                   {"what it is", Align::kLeft, true}};
  for (const auto& part : memory.parts) {
    table.rows.push_back(plain_row(
        {part.id, grouped(part.bytes), bytes_text(part.bytes, Units::kIec),
         percent(part.bytes, memory.total_bytes), part.meaning},
        share_of(static_cast<double>(part.bytes), static_cast<double>(memory.total_bytes))));
  }
  table.footer.push_back(
      plain_row({"total", grouped(memory.total_bytes), bytes_text(memory.total_bytes, Units::kIec),
                 percent(memory.total_bytes, memory.total_bytes), ""}));
  return table;
}

OldReport estimate_report(EstimateReport report) {
  const auto shared = std::make_shared<const EstimateReport>(std::move(report));
  return {[shared] { return estimate_document(*shared); },
          [shared] { return estimate_json(*shared); }};
}

}  // namespace tally::app
