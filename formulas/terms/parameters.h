// Parameters: what the terms of a specification add up to, in every way people count.
#pragma once

#include <base/result.h>
#include <formulas/terms/terms.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tally::formulas {

/// Parameters of one layer as stored.
struct LayerParams {
  std::string stack;        ///< its name, "decoder"
  std::int64_t layer = 0;   ///< index in the stack, from 0
  std::int64_t params = 0;  ///< elements of its tensors, each once
};

/// Counts of parameters, in elements.
struct ParameterCounts {
  std::int64_t unique_params = 0;              ///< every tensor once
  std::int64_t tied_counted_again_params = 0;  ///< every name once: tied weights counted each time
  std::array<std::int64_t, kNumComponents> component_params{};  ///< of unique_params, by Component
  std::int64_t non_embedding_params =
      0;  ///< unique without Component::kEmbedding (Kaplan et al. 2020)
  /// Unique without the experts that a token does not pass through ("everything but the idle
  /// experts").
  std::int64_t active_params = 0;
  /// The same without the input token tables ("without input table": DeepSeek-V2-Lite's 2.4B,
  /// gpt-oss' 3.6B).
  std::int64_t active_without_input_table_params = 0;
  std::vector<LayerParams> layers;  ///< stack by stack, layer by layer
  std::vector<TermCount> terms;     ///< what the counts are the sums of
};

/// Counts of `spec`. Errors: those of terms().
Result<ParameterCounts> count_parameters(const TransformerSpec& spec);

}  // namespace tally::formulas
