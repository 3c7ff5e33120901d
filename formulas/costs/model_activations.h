// Activations of a whole model: what one forward pass keeps for the backward pass, layers and what
// lies outside them together. Sources as for activations.h.
#pragma once

#include <formulas/costs/activations.h>

#include <vector>

namespace tally::formulas {

/// Bytes on one device for one micro-batch.
struct ModelActivations {
  Wide layers;          ///< kept by all layers, by the paper's constants
  Wide layers_derived;  ///< by the same rule, for what the paper's layer has not (activations.h)
  Wide recomputed;      ///< made again at once by the largest layer, where there is recomputation
  Wide embedding;       ///< dropout mask and norm input (section 4.3)
  Wide encoder_output;  ///< which every cross attention reads (derived)
  Wide head;            ///< inputs of the final norm and the head (section 4.3)
  Wide logits;          ///< scores over the vocabulary
  Wide loss;            ///< fp32 log-probabilities (section 4.3) and their gradient (derived)

  /// Kept when the forward pass ends, its output counted, no loss made yet.
  Wide after_forward() const {
    return layers + layers_derived + embedding + encoder_output + head + logits;
  }
};

/// `tokens` are those of `stack_tokens(spec, …)`, one a stack; `batch` sequences at once.
ModelActivations model_activations(const TransformerSpec& spec,
                                   const std::vector<StackTokens>& tokens, std::int64_t batch,
                                   const ActivationOptions& options);

}  // namespace tally::formulas
