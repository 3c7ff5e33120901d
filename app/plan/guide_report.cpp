#include <app/plan/guide_report.h>
#include <report/numbers.h>
#include <report/quantities.h>

#include <utility>

namespace tally::app {
namespace {

using namespace report;

constexpr const char* kSource =
    "AI Model Parameters Guide, \"What Are AI Model Parameters? - Conceptual Process\"";

/// `text` with spaces up to `width`; longer text is left as it is, as the guide does.
std::string left(const std::string& text, std::size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

std::string right(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string cost_range(const formulas::GuideResources& resources) {
  return "$" + fixed(resources.cost_low_usd, 0) + " - $" + fixed(resources.cost_high_usd, 0);
}

/// A report of the guide's, but for what it says.
report::Report guides(const char* command, const char* title, const char* part) {
  report::Report report;
  report.command = command;
  report.title = title;
  report.body.add(Data{"profile", "guide"});
  report.body.add(Data{"kind", "predicted"});
  report.body.add(Data{"source", std::string(kSource) + ", " + part});
  return report;
}

}  // namespace

std::string guide_breakdown_text(const formulas::GuideBreakdown& breakdown) {
  const std::string rule(50, '=');
  std::string text = "Transformer Model Parameter Breakdown:\nArchitecture: " +
                     std::to_string(breakdown.inputs.num_layers) + " layers, " +
                     std::to_string(breakdown.inputs.hidden_size) + " hidden size\n" + rule + "\n";
  for (const auto& component : breakdown.components()) {
    const double percent =
        static_cast<double>(component.params) / static_cast<double>(breakdown.total_params) * 100;
    text += left(component.name, 20) + ": " + right(grouped(component.params), 12) + " (" +
            right(fixed(percent, 1), 5) + "%)\n";
  }
  text += rule + "\n" + left("Total Parameters", 20) + ": " +
          right(grouped(breakdown.total_params), 12) + "\n";
  return text;
}

report::Report guide_breakdown_report(const formulas::GuideBreakdown& breakdown) {
  report::Report report = guides("estimate", "Transformer model parameter breakdown", "part 4");
  report.body.add(Verbatim{guide_breakdown_text(breakdown)});
  const auto& inputs = breakdown.inputs;
  report.body.add(
      Data{"inputs", Object{{"vocab_size", Count{inputs.vocab_size}},
                            {"hidden_size", Count{inputs.hidden_size}},
                            {"num_layers", Count{inputs.num_layers}},
                            {"num_attention_heads", Count{inputs.num_attention_heads}}}});
  report.body.add(Data{"head_size", Count{breakdown.head_size}});
  Object components;
  for (const auto& component : breakdown.components())
    components.emplace_back(component.name, Count{component.params});
  report.body.add(Data{"components", std::move(components)});
  const auto& layer = breakdown.layer;
  report.body.add(
      Data{"single_layer", Object{{"attention_qkv", Count{layer.attention_qkv_params}},
                                  {"attention_output", Count{layer.attention_output_params}},
                                  {"attention_norm", Count{layer.attention_norm_params}},
                                  {"feed_forward", Count{layer.feed_forward_params}},
                                  {"feed_forward_norm", Count{layer.feed_forward_norm_params}},
                                  {"total", Count{layer.total_params}}}});
  report.body.add(Data{"total_parameters", Count{breakdown.total_params}});
  return report;
}

report::Report guide_resources_report(const formulas::GuideResources& r) {
  report::Report report = guides("estimate", "Model resource estimate", "part 1");
  report.body.add(Heading{{{"", "Model resource estimate"}}, 1});
  report.body.add(
      Facts{{{"Parameters", {{"parameters", Count{r.num_params}}}},
             {"Size", {{"model_size_bytes", Bytes{r.model_size_bytes}}, {"", " (float32)"}}},
             {"Size (MB)", {{"model_size_mb", Real{r.model_size_mb, 1}}}},
             {"Size (GB)", {{"model_size_gb", Real{r.model_size_gb, 1}}}},
             {"Training RAM (GB)", {{"training_memory_gb", Real{r.training_memory_gb, 1}}}},
             {"GPU-Days", {{"gpu_days", Real{r.gpu_days, 1}}}},
             {"Cost Est.", {{"cost_range", cost_range(r)}}},
             {"", {{"cost_low_usd", Real{r.cost_low_usd}}}},
             {"", {{"cost_high_usd", Real{r.cost_high_usd}}}}}});
  report.body.add(Note{
      {{"",
        "Predicted by the guide's rules of thumb: 4 bytes a parameter, training memory 4 times the "
        "size, one GPU-day and $1000 to $5000 for every billion parameters. MB and GB are 1024^2 "
        "and 1024^3 bytes. For what a given model needs, name it with --config or --preset."}},
      Tone::kMuted});
  return report;
}

std::string guide_comparison_text() {
  std::string text = "Model Resource Requirements Comparison:\n" + std::string(80, '=') + "\n";
  text += left("Model", 15) + " " + left("Size (GB)", 12) + " " + left("Training RAM", 15) + " " +
          left("GPU-Days", 12) + " Cost Est.\n" + std::string(80, '-') + "\n";
  for (const auto& model : formulas::guide_models()) {
    const auto resources = formulas::guide_resources(model.num_params);
    if (!resources) continue;  // cannot be: the guide's five counts are in range
    text += left(model.name, 15) + " " + left(fixed(resources->model_size_gb, 1), 12) + " " +
            left(fixed(resources->training_memory_gb, 1), 15) + " " +
            left(fixed(resources->gpu_days, 1), 12) + " " + cost_range(*resources) + "\n";
  }
  return text;
}

report::Report guide_comparison_report() {
  report::Report report = guides("table", "Model resource requirements comparison", "part 1");
  report.body.add(Verbatim{guide_comparison_text()});
  Table table;
  table.key = "models";
  table.main = true;
  table.programs = true;
  for (const char* key :
       {"name", "parameters", "model_size_bytes", "model_size_mb", "model_size_gb",
        "training_memory_gb", "gpu_days", "cost_range", "cost_low_usd", "cost_high_usd"}) {
    table.columns.push_back({key, "", Align::kLeft, false, true});
  }
  for (const auto& model : formulas::guide_models()) {
    const auto r = formulas::guide_resources(model.num_params);
    if (!r) continue;  // cannot be: the guide's five counts are in range
    table.rows.push_back(
        {{model.name, Count{r->num_params}, Bytes{r->model_size_bytes}, Real{r->model_size_mb},
          Real{r->model_size_gb}, Real{r->training_memory_gb}, Real{r->gpu_days}, cost_range(*r),
          Real{r->cost_low_usd}, Real{r->cost_high_usd}}});
  }
  report.body.add(std::move(table));
  return report;
}

}  // namespace tally::app
