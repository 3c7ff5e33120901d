// The profile `guide`. Source: the two calculators of the "AI Model Parameters Guide" ("What Are AI
// Model Parameters? - Conceptual Process", parts 1 and 4), exactly as the guide gives them.
//
// People plan with these, so they are kept as they are, mistakes included: an output layer counted
// though tied, 2048 positions whatever the model, no attention biases, no final norm, one GPU-day
// for every billion parameters. The rest of formulas/ is where the real figures come from.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::formulas {

/// What the guide's transformer calculator asks for. The defaults are the guide's.
struct GuideInputs {
  std::int64_t vocab_size = 0;            ///< V, rows of the token table
  std::int64_t hidden_size = 0;           ///< H, width of the residual stream
  std::int64_t num_layers = 12;           ///< L
  std::int64_t num_attention_heads = 12;  ///< changes no count
};

/// One layer, part by part, in parameters (guide, part 4).
struct GuideLayer {
  std::int64_t attention_qkv_params = 0;      ///< 3 H H, without biases
  std::int64_t attention_output_params = 0;   ///< H H, without bias
  std::int64_t attention_norm_params = 0;     ///< 2 H
  std::int64_t feed_forward_params = 0;       ///< H 4H + 4H + 4H H + H
  std::int64_t feed_forward_norm_params = 0;  ///< 2 H
  std::int64_t total_params = 0;              ///< their sum: 12 H H + 9 H
};

/// The guide's components, in parameters, in its order.
struct GuideBreakdown {
  GuideInputs inputs;                           ///< what it was computed from
  std::int64_t head_size = 0;                   ///< H // heads, in no term
  GuideLayer layer;                             ///< one of the L layers
  std::int64_t token_embeddings_params = 0;     ///< V H
  std::int64_t position_embeddings_params = 0;  ///< 2048 H
  std::int64_t transformer_layers_params = 0;   ///< L x layer
  std::int64_t output_layer_params = 0;         ///< H V
  std::int64_t total_params = 0;                ///< their sum

  /// One line of the guide's table.
  struct Component {
    std::string name;         ///< the guide's own, such as `token_embeddings`
    std::int64_t params = 0;  ///< its parameters
  };
  /// Every component but the total.
  std::vector<Component> components() const;
};

/// The guide's transformer calculator (part 4). Errors: kUsage for an input that is not positive,
/// or counts past 2^63 - 1; the message names the input.
Result<GuideBreakdown> guide_parameters(const GuideInputs& inputs);

/// The guide's resource calculator for one parameter count (part 1). MB and GB are divided by
/// 1024^2 and 1024^3.
struct GuideResources {
  std::int64_t num_params = 0;        ///< what it was computed from
  std::int64_t model_size_bytes = 0;  ///< 4 bytes a parameter
  double model_size_mb = 0;           ///< bytes / 1024^2
  double model_size_gb = 0;           ///< bytes / 1024^3
  double training_memory_gb = 0;      ///< size in GB x 4
  double gpu_days = 0;                ///< parameters / 1e9
  double cost_low_usd = 0;            ///< GPU-days x 1000
  double cost_high_usd = 0;           ///< GPU-days x 5000
};

/// The guide's resource calculator (part 1). Errors: kUsage for a count that is not positive, or
/// whose bytes pass 2^63 - 1.
Result<GuideResources> guide_resources(std::int64_t num_params);

/// One row of the guide's comparison (part 1).
struct GuideModel {
  std::string name;             ///< as the guide writes it
  std::int64_t num_params = 0;  ///< rounded, as the guide gives it
};

/// The five models that the guide compares, in its order.
const std::vector<GuideModel>& guide_models();

}  // namespace tally::formulas
