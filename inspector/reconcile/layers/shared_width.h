// Shared widths: the size that most of a module's matrices have, which layers read and write.
#pragma once

#include <inspector/reconcile/facts/weights.h>

#include <cstdint>
#include <vector>

namespace tally::inspector {

/// Of the weights below one module, each once.
struct SharedWidth {
  std::int64_t width = 0;  ///< the size that most elements of the matrices lie along; among equals
                           ///< the one that more vectors have; 0: none
  double share = 0;        ///< of the matrices' elements: in matrices that have this size
  std::int64_t matrices = 0;  ///< of two or three dimensions

  /// Whether these are a layer's as far as sizes tell.
  bool is_of_layer() const { return matrices >= 3 && width > 0 && share >= 0.75; }
};

/// Of every module. Time grows with the modules and the names of weights, however deep modules
/// nest.
std::vector<SharedWidth> shared_widths(const Weights& weights);

/// Of all `modules` together.
SharedWidth shared_width(const Weights& weights, const std::vector<ModuleId>& modules);

/// The weights that the modules below `module`, and it itself, hold; each once, in order of the
/// tree.
std::vector<WeightId> weights_below(const Weights& weights, ModuleId module);

}  // namespace tally::inspector
