// Layer runs: the repeated layers of a model, found by the tree and by shapes, not by names.
#pragma once

#include <inspector/reconcile/facts/weights.h>

#include <functional>

namespace tally::inspector {

/// Numbered siblings that all are layers: "transformer.h.0" to "transformer.h.11".
struct LayerRun {
  ModuleId parent;               ///< the module that holds them
  std::vector<ModuleId> layers;  ///< modules, by number
};

/// The outermost runs of numbered siblings for which `is_layer` holds, in the file's order.
/// Siblings are numbered where their names end in digits behind equal letters: "0", "1"; "block_0",
/// "block_1". Whatever is beside them in the same container (an embedding in front, a head behind)
/// is left out of the run.
std::vector<LayerRun> find_layer_runs(const ModelSnapshot& snapshot, const Weights& weights,
                                      const std::function<bool(ModuleId module)>& is_layer);

/// Whether the matrices below `module` are those of a layer as far as sizes tell: three or more,
/// most of which share one size, the width that layers pass on.
bool looks_like_layer(const Weights& weights, const ModelSnapshot& snapshot, ModuleId module);

/// The size that most matrices below the modules of `run` share: hidden_size. 0 where there is
/// none.
std::int64_t common_width(const Weights& weights, const std::vector<ModuleId>& modules);

/// The weights (indices) that the modules below `module`, and it itself, hold; each once, in order
/// of the tree.
std::vector<WeightId> weights_below(const Weights& weights, ModuleId module);

}  // namespace tally::inspector
