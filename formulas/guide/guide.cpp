#include <base/wide.h>
#include <formulas/guide/guide.h>

#include <initializer_list>
#include <optional>
#include <utility>

namespace tally::formulas {
namespace {

constexpr std::int64_t kGuidePositions = 2048;
constexpr std::int64_t kGuideBytesPerParameter = 4;
constexpr double kGuideTrainingFactor = 4;
constexpr double kGuideParamsPerGpuDay = 1e9;
constexpr double kGuideCostLow = 1000;
constexpr double kGuideCostHigh = 5000;

std::optional<Error> require_positive(const char* name, std::int64_t value) {
  if (value > 0) return std::nullopt;
  return Error{ErrorCode::kUsage,
               std::string(name) + " must be positive, and is " + std::to_string(value), ""};
}

}  // namespace

std::vector<GuideBreakdown::Component> GuideBreakdown::components() const {
  return {{"token_embeddings", token_embeddings_params},
          {"position_embeddings", position_embeddings_params},
          {"transformer_layers", transformer_layers_params},
          {"output_layer", output_layer_params}};
}

Result<GuideBreakdown> guide_parameters(const GuideInputs& inputs) {
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::int64_t>>{
           {"vocab_size", inputs.vocab_size},
           {"hidden_size", inputs.hidden_size},
           {"num_layers", inputs.num_layers},
           {"num_attention_heads", inputs.num_attention_heads}}) {
    if (auto error = require_positive(name, value)) return *error;
  }
  const Wide hidden = inputs.hidden_size;
  const Wide inner = hidden * 4;
  const Wide qkv = hidden * hidden * 3;
  const Wide attention_output = hidden * hidden;
  const Wide norm = hidden * 2;
  const Wide feed_forward = hidden * inner + inner + inner * hidden + hidden;
  const Wide layer = qkv + attention_output + norm + feed_forward + norm;
  const Wide token = hidden * inputs.vocab_size;
  const Wide position = hidden * kGuidePositions;
  const Wide layers = layer * inputs.num_layers;
  const Wide output = hidden * inputs.vocab_size;
  const Wide total = token + position + layers + output;
  if (!layer.to_int64()) {
    return Error{ErrorCode::kUsage,
                 "hidden_size " + std::to_string(inputs.hidden_size) +
                     " gives a layer of more than 2^63 - 1 parameters",
                 ""};
  }
  if (!token.to_int64()) {
    return Error{ErrorCode::kUsage,
                 "vocab_size " + std::to_string(inputs.vocab_size) + " and hidden_size " +
                     std::to_string(inputs.hidden_size) +
                     " give a table of more than 2^63 - 1 parameters",
                 ""};
  }
  if (!total.to_int64()) {
    return Error{ErrorCode::kUsage,
                 "num_layers " + std::to_string(inputs.num_layers) +
                     " gives a model of more than 2^63 - 1 parameters",
                 ""};
  }
  GuideBreakdown breakdown;
  breakdown.inputs = inputs;
  breakdown.head_size = inputs.hidden_size / inputs.num_attention_heads;
  breakdown.layer = {*qkv.to_int64(),  *attention_output.to_int64(),
                     *norm.to_int64(), *feed_forward.to_int64(),
                     *norm.to_int64(), *layer.to_int64()};
  breakdown.token_embeddings_params = *token.to_int64();
  breakdown.position_embeddings_params = *position.to_int64();
  breakdown.transformer_layers_params = *layers.to_int64();
  breakdown.output_layer_params = *output.to_int64();
  breakdown.total_params = *total.to_int64();
  return breakdown;
}

Result<GuideResources> guide_resources(std::int64_t num_params) {
  if (auto error = require_positive("params", num_params)) return *error;
  const auto bytes = (Wide(num_params) * kGuideBytesPerParameter).to_int64();
  if (!bytes) {
    return Error{
        ErrorCode::kUsage,
        "params " + std::to_string(num_params) + " at 4 bytes each is more than 2^63 - 1 bytes",
        ""};
  }
  GuideResources resources;
  resources.num_params = num_params;
  resources.model_size_bytes = *bytes;
  resources.model_size_mb = static_cast<double>(*bytes) / (1024.0 * 1024.0);
  resources.model_size_gb = static_cast<double>(*bytes) / (1024.0 * 1024.0 * 1024.0);
  resources.training_memory_gb = resources.model_size_gb * kGuideTrainingFactor;
  resources.gpu_days = static_cast<double>(num_params) / kGuideParamsPerGpuDay;
  resources.cost_low_usd = resources.gpu_days * kGuideCostLow;
  resources.cost_high_usd = resources.gpu_days * kGuideCostHigh;
  return resources;
}

const std::vector<GuideModel>& guide_models() {
  static const std::vector<GuideModel> kModels = {{"Small Model", 100'000'000},
                                                  {"Medium Model", 1'000'000'000},
                                                  {"Large Model", 10'000'000'000},
                                                  {"Very Large Model", 100'000'000'000},
                                                  {"Massive Model", 685'000'000'000}};
  return kModels;
}

}  // namespace tally::formulas
