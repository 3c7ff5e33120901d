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

}  // namespace tally::inspector
