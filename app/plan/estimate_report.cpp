#include <app/plan/cost_tables.h>
#include <app/plan/estimate_report.h>
#include <report/quantities.h>

#include <utility>

namespace tally::app {
namespace {

using formulas::Estimate;
using formulas::ParameterCounts;
using namespace report;

constexpr double kSecondsPerDay = 86400;

Column for_programs(const char* key) { return {key, "", Align::kLeft, false, true}; }

/// A value with its key, alone in its sentence.
Phrase only(const char* key, Value value) { return {{key, std::move(value)}}; }

void add_parameters(Section& body, const ParameterCounts& counts) {
  Table table;
  table.key = "parameters.components";
  table.title = "Parameters";
  table.columns = {{"component", "component"},
                   {"parameters", "parameters", Align::kRight},
                   {"", "share", Align::kRight}};
  for (int i = 0; i < formulas::kNumComponents; ++i) {
    const std::int64_t params = counts.component_params[static_cast<std::size_t>(i)];
    if (params == 0) continue;
    Row row{{formulas::component_name(static_cast<formulas::Component>(i)), Count{params},
             Share{params, counts.unique_params}}};
    row.share = bar(static_cast<double>(params), static_cast<double>(counts.unique_params));
    table.rows.push_back(std::move(row));
  }
  table.footer.push_back(
      {{"total", Count{counts.unique_params}, Share{counts.unique_params, counts.unique_params}}});
  body.add(std::move(table));

  // For people only what differs from the total; programs have each.
  const bool tied = counts.tied_counted_again_params != counts.unique_params;
  const bool mixture = counts.active_params != counts.unique_params;
  body.add(Facts{
      {{tied ? "with tied weights counted again" : "",
        only("parameters.tied_counted_again", Count{counts.tied_counted_again_params})},
       {"without embeddings", only("parameters.non_embedding", Count{counts.non_embedding_params})},
       {mixture ? "active for a token" : "",
        only("parameters.active", Count{counts.active_params})},
       {mixture ? "active, without the input table" : "",
        only("parameters.active_without_input_table",
             Count{counts.active_without_input_table_params})}}});
}

void add_weights(Section& body, const std::vector<formulas::WeightBytes>& weights) {
  Table table;
  table.key = "weights";
  table.title = "Weights";
  table.columns = {{"dtype", "dtype"},
                   {"total_bytes", "bytes", Align::kRight},
                   {"", "size", Align::kRight},
                   {"scale_bytes", "of which scales", Align::kRight},
                   {"scales", "scales", Align::kLeft, true},
                   for_programs("quantized_params"),
                   for_programs("quantized_bytes"),
                   for_programs("num_scales"),
                   for_programs("kept_params"),
                   for_programs("kept_bytes"),
                   for_programs("source")};
  for (const auto& w : weights) {
    const auto& dtype = formulas::dtype_info(w.dtype);
    table.rows.push_back(
        {{dtype.name, Bytes{w.total_bytes}, Bytes{w.total_bytes, true}, Bytes{w.scale_bytes},
          dtype.scales, Count{w.quantized_params}, Bytes{w.quantized_bytes}, Count{w.num_scales},
          Count{w.kept_params}, Bytes{w.kept_bytes}, dtype.source}});
  }
  body.add(std::move(table));
}

void add_flops(Section& body, const Estimate& e, bool recomputes) {
  body.add(Data{"flops.convention",
                "2 FLOPs a multiply-add; matrix products and convolutions; attention in full"});
  body.add(Heading{{{"", "FLOPs of one pass over "},
                    {"flops.tokens", Count{e.tokens_per_pass}},
                    {"", " tokens"}},
                   2});
  Table table;
  table.key = "flops.parts";
  table.columns = {{"id", "product"},
                   {"forward_flops", "forward", Align::kRight},
                   {"backward_flops", "backward", Align::kRight},
                   {"", "share", Align::kRight}};
  const auto& pass = e.pass;
  for (const auto& part : pass.parts) {
    Row row{{part.id, Flops{part.forward_flops}, Flops{part.backward_flops},
             Share{part.forward_flops, pass.forward_flops}}};
    row.share =
        bar(static_cast<double>(part.forward_flops), static_cast<double>(pass.forward_flops));
    table.rows.push_back(std::move(row));
  }
  table.footer.push_back({{"total", Flops{pass.forward_flops}, Flops{pass.backward_flops},
                           Share{pass.forward_flops, pass.forward_flops}}});
  body.add(std::move(table));
  body.add(Facts{{{"", only("flops.forward_flops", Flops{pass.forward_flops})},
                  {"", only("flops.backward_flops", Flops{pass.backward_flops})},
                  {"forward and backward", only("flops.model_flops", Flops{e.step_flops})},
                  {recomputes ? "with recomputation" : "",
                   only("flops.hardware_flops", Flops{e.hardware_flops})}}});
}

/// The ways to count a training's FLOPs a token, beside the exact one.
void add_flops_per_token(Section& body, const formulas::FlopsPerToken& flops) {
  const struct {
    const char* name;
    const char* key;
    Int128 flops;
    const char* source;
  } counts[] = {{"exact matrix products", "exact_training_flops", flops.exact_training,
                 "forward and backward, as PyTorch's counter"},
                {"6 N", "six_n_flops", flops.six_n,
                 "Kaplan et al. 2020, arXiv:2001.08361; N active parameters"},
                {"6 N + 12 L H Q T", "palm_flops", flops.palm,
                 "Chowdhery et al. 2022, arXiv:2204.02311, appendix B"}};
  Table table;
  table.title = "Training FLOPs a token";
  table.columns = {{"", "count"},
                   {"", "FLOPs", Align::kRight},
                   {"", "of exact", Align::kRight},
                   {"", "source", Align::kLeft, true}};
  body.add(Data{"flops.per_token.exact_forward_flops", Flops{flops.exact_forward}});
  for (const auto& count : counts) {
    const bool applies = count.flops != 0;
    const Value value = applies ? Value(Flops{count.flops}) : Value();
    body.add(Data{std::string("flops.per_token.") + count.key, value});
    if (applies)
      table.rows.push_back(
          {{count.name, value, Share{count.flops, flops.exact_training}, count.source}});
  }
  body.add(std::move(table));
}

/// "2.3 times", "41 %".
Value times(double factor) {
  return factor >= 1 ? Value(Real{factor, 1, "times"}) : Value(Ratio{factor, 0});
}

Fact guide_fact(const Estimate& e) {
  const auto& guide = *e.guide;
  Phrase text = {{"training.guide.gpu_days", Real{guide.gpu_days, 2, "GPU-days"}}};
  if (e.time) {
    text.push_back({"", ", "});
    text.push_back({"", times(guide.gpu_days / e.time->gpu_days)});
    text.push_back({"", " of the above"});
  }
  text.push_back({"", "; training memory "});
  text.push_back({"training.guide.training_memory_gb", Real{guide.training_memory_gb, 1, "GB"}});
  return {"The guide's rule of thumb", std::move(text)};
}

void add_training(Section& body, const EstimateAnswer& answer) {
  const Estimate& e = answer.estimate;
  const auto& inputs = answer.inputs;
  Facts facts;
  const auto add = [&](const char* label, Phrase text) {
    facts.facts.push_back({label, std::move(text)});
  };
  add("Compute-optimal tokens", {{"training.optimal_tokens", Count{e.optimal_tokens.value()}},
                                 {"", " (20 a parameter, Hoffmann et al. 2022)"}});
  add("Tokens", only("training.tokens", Count{e.num_tokens}));
  if (e.time) {
    const auto& accelerator = *inputs.accelerator;
    const double peak = accelerator.peak_flops_per_second(inputs.training.precision);
    add("Training FLOPs", {{"training.training_flops", Flops{e.time->training_flops}},
                           {"", " ("},
                           {"", report::scientific(static_cast<double>(e.time->training_flops))},
                           {"", ")"}});
    add("Accelerator", {{"", Count{inputs.training.parallel.num_devices()}},
                        {"", " x "},
                        {"", accelerator.name},
                        {"", ", MFU "},
                        {"training.mfu", Ratio{inputs.mfu}},
                        {"", " of "},
                        {"training.peak_tflops", Real{peak / 1e12, 1, "TFLOP/s"}}});
    add("", only("training.accelerator", accelerator_value(accelerator)));
    add("GPU-days", only("training.gpu_days", Real{e.time->gpu_days}));
    add("", only("training.seconds", Real{e.time->seconds}));
    add("Wall time", only("", Real{e.time->seconds / kSecondsPerDay, 2, "days"}));
    if (inputs.price_per_gpu_hour > 0) {
      add("Cost", {{"training.cost", Real{e.time->cost}},
                   {"", " at "},
                   {"training.price_per_gpu_hour", Real{inputs.price_per_gpu_hour}},
                   {"", " a GPU-hour"}});
    }
  }
  if (e.guide) {
    facts.facts.push_back(guide_fact(e));
    add("", only("training.guide.cost_low_usd", Real{e.guide->cost_low_usd}));
    add("", only("training.guide.cost_high_usd", Real{e.guide->cost_high_usd}));
  }
  body.add(std::move(facts));
}

void add_note(Section& body, const std::vector<formulas::ConfigDefault>& defaults) {
  std::string text = "All figures are predicted from the configuration; none is measured.";
  if (!defaults.empty())
    text += " Fields that the configuration does not give, with the family's defaults:";
  for (const auto& taken : defaults) text += " " + taken.field + "=" + taken.value;
  body.add(Note{{{"", text}}, Tone::kMuted});
}

}  // namespace

report::Report estimate_report(const EstimateAnswer& answer) {
  const Estimate& e = answer.estimate;
  const auto& plan = answer.inputs.training;
  report::Report report;
  report.command = "estimate";
  report.title = answer.model.name + ": predicted";
  Section& body = report.body;
  body.add(Data{"kind", "predicted"});
  body.add(Heading{{{"model", answer.model.name}, {"", ": predicted"}}, 1});
  List defaults;
  for (const auto& taken : answer.model.defaults_taken)
    defaults.emplace_back(Object{{"field", taken.field}, {"value", Literal{taken.value}}});
  body.add(Facts{
      {{"Family", only("family", answer.model.spec.family)},
       {"Class", only("architecture", answer.model.spec.architecture)},
       {"", only("defaults_taken", std::move(defaults))},
       {"Parameters", only("parameters.unique", Count{e.parameters.unique_params}), Tone::kStrong},
       {"Training", only("", plan_text(plan))}}});
  add_parameters(body, e.parameters);
  add_weights(body, e.weights);
  const std::string device = plan.parallel.pipeline_parallel > 1
                                 ? " of the heaviest device, " + e.training.stage + " stage"
                                 : " of one device";
  add_memory(body, "training_memory", "Training memory" + device, e.training);
  body.add(Data{"training_memory.plan", plan_value(plan)});
  add_memory(body, "inference_memory", "Inference memory of one device, cache full", e.inference);
  body.add(Data{"inference_memory.plan", plan_value(answer.inputs.inference)});
  body.add(Facts{
      {{e.cache_bytes_per_token.value() > 0 ? "KV cache of one token" : "",
        only("inference_memory.cache_bytes_per_token", Bytes{e.cache_bytes_per_token.value()})}}});
  add_flops(body, e, plan.recomputation != formulas::Recomputation::kNone);
  add_flops_per_token(body, e.per_token);
  add_training(body, answer);
  add_note(body, answer.model.defaults_taken);
  return report;
}

}  // namespace tally::app
