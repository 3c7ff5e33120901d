#include <app/guide_report.h>
#include <report/json_text.h>
#include <report/numbers.h>
#include <report/quantities.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using nlohmann::ordered_json;

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

ordered_json resources_json(const formulas::GuideResources& resources) {
  return {{"parameters", resources.num_params},
          {"model_size_bytes", resources.model_size_bytes},
          {"model_size_mb", resources.model_size_mb},
          {"model_size_gb", resources.model_size_gb},
          {"training_memory_gb", resources.training_memory_gb},
          {"estimated_gpu_days", resources.gpu_days},
          {"estimated_cost_range", cost_range(resources)},
          {"estimated_cost_low_usd", resources.cost_low_usd},
          {"estimated_cost_high_usd", resources.cost_high_usd}};
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

OldReport guide_breakdown_report(const formulas::GuideBreakdown& breakdown) {
  OldReport report;
  report.document = [breakdown] {
    Document document;
    document.title = "Transformer model parameter breakdown";
    document.add(Verbatim{guide_breakdown_text(breakdown)});
    return document;
  };
  report.json = [breakdown] {
    ordered_json components = ordered_json::object();
    for (const auto& component : breakdown.components()) {
      components[component.name] = component.params;
    }
    const auto& layer = breakdown.layer;
    const ordered_json json = {{"schema_version", 1},
                               {"profile", "guide"},
                               {"kind", "predicted"},
                               {"source", std::string(kSource) + ", part 4"},
                               {"inputs",
                                {{"vocab_size", breakdown.inputs.vocab_size},
                                 {"hidden_size", breakdown.inputs.hidden_size},
                                 {"num_layers", breakdown.inputs.num_layers},
                                 {"num_attention_heads", breakdown.inputs.num_attention_heads}}},
                               {"head_size", breakdown.head_size},
                               {"components", components},
                               {"single_layer",
                                {{"attention_qkv", layer.attention_qkv_params},
                                 {"attention_output", layer.attention_output_params},
                                 {"attention_norm", layer.attention_norm_params},
                                 {"feed_forward", layer.feed_forward_params},
                                 {"feed_forward_norm", layer.feed_forward_norm_params},
                                 {"total", layer.total_params}}},
                               {"total_parameters", breakdown.total_params}};
    return json_text(json);
  };
  return report;
}

OldReport guide_resources_report(const formulas::GuideResources& resources) {
  OldReport report;
  report.document = [resources] {
    Document document;
    document.title = "Model resource estimate";
    document.add(Heading{"Model resource estimate", 1});
    Facts facts;
    facts.facts = {
        {"Parameters", grouped(resources.num_params), Tone::kNormal},
        {"Size", grouped(resources.model_size_bytes) + " bytes (float32)", Tone::kNormal},
        {"Size (MB)", fixed(resources.model_size_mb, 1), Tone::kNormal},
        {"Size (GB)", fixed(resources.model_size_gb, 1), Tone::kNormal},
        {"Training RAM (GB)", fixed(resources.training_memory_gb, 1), Tone::kNormal},
        {"GPU-Days", fixed(resources.gpu_days, 1), Tone::kNormal},
        {"Cost Est.", cost_range(resources), Tone::kNormal}};
    document.add(std::move(facts));
    document.add(Paragraph{
        "Predicted by the guide's rules of thumb: 4 bytes a parameter, training memory 4 times the "
        "size, one GPU-day and $1000 to $5000 for every billion parameters. MB and GB are 1024^2 "
        "and "
        "1024^3 bytes. For what a given model needs, name it with --config or --preset.",
        Tone::kMuted});
    return document;
  };
  report.json = [resources] {
    ordered_json json = {{"schema_version", 1},
                         {"profile", "guide"},
                         {"kind", "predicted"},
                         {"source", std::string(kSource) + ", part 1"}};
    json.update(resources_json(resources));
    return json_text(json);
  };
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

OldReport guide_comparison_report() {
  OldReport report;
  report.document = [] {
    Document document;
    document.title = "Model resource requirements comparison";
    document.add(Verbatim{guide_comparison_text()});
    return document;
  };
  report.json = [] {
    ordered_json models = ordered_json::array();
    for (const auto& model : formulas::guide_models()) {
      const auto resources = formulas::guide_resources(model.num_params);
      if (!resources) continue;  // cannot be: the guide's five counts are in range
      ordered_json row = {{"name", model.name}};
      row.update(resources_json(*resources));
      models.push_back(row);
    }
    const ordered_json json = {{"schema_version", 1},
                               {"profile", "guide"},
                               {"kind", "predicted"},
                               {"source", std::string(kSource) + ", part 1"},
                               {"models", models}};
    return json_text(json);
  };
  return report;
}

}  // namespace tally::app
