// The guide's calculator held against a real model, component by component.
//
// Conservation: the real figures of all rows, "[not in the guide]" included, add up to the model's
// real total.
#pragma once

#include <base/result.h>
#include <formulas/guide/guide.h>
#include <inspector/reconcile/infer/infer.h>

#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

/// A size that the guide's calculator asks for, as the model proves it.
struct EvidentSize {
  std::optional<std::int64_t> value;  ///< none: not evident
  std::vector<TensorId> tensors;      ///< that prove it
  std::string reason;                 ///< why these do, or why nothing does
};

/// What of a model the guide speaks of.
struct GuideSubject {
  EvidentSize vocab_size, hidden_size, num_layers;
  std::vector<WeightId> token_tables;  ///< weights, by index
  std::vector<WeightId> position_tables;
  std::vector<WeightId> layer_matrices;  ///< of the layers: what the guide's 12 H H stands for
  std::vector<WeightId> layer_vectors;   ///< of the layers: what its 9 H stands for
  std::vector<WeightId> output_layer;    ///< empty where it is tied or the model has none
  std::vector<WeightId> others;          ///< what the guide has no component for
  TensorId tied_output;                  ///< the name by which the output layer is the token table
};

/// Of what `inference` found of the model.
GuideSubject find_guide_subject(const ModelSnapshot& snapshot, const Weights& weights,
                                const Inference& inference);

/// One row of the comparison.
struct GuideRow {
  std::string component;  ///< the guide's own name, "[not in the guide]" or "total"
  std::int64_t guide_params = 0;
  std::int64_t real_params = 0;
  std::int64_t difference_params = 0;  ///< real - guide: negative where the guide is too high
  std::vector<WeightId> weights;       ///< what is real
  std::string reason;  ///< where the difference comes from; empty where there is none
  int depth = 0;       ///< 1: a part of the row above, not added again
};

struct GuideComparison {
  formulas::GuideInputs inputs;
  GuideSubject subject;
  std::vector<GuideRow> rows;  ///< without the total
  GuideRow total;
};

/// Sizes that the user gives instead of what the model says.
struct GuideFlags {
  std::optional<std::int64_t> vocab_size, hidden_size, num_layers;
};

/// Compares. Errors (kUsage): a size that is neither evident nor given, by name; sizes that the
/// guide refuses.
Result<GuideComparison> compare_with_guide(const ModelSnapshot& snapshot, const Weights& weights,
                                           const GuideFlags& flags);

}  // namespace tally::inspector
