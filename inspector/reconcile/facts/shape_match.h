// Shape match: weights without names or modules (frozen models) laid to the terms of a given
// specification by size alone.
#pragma once

#include <inspector/reconcile/infer/infer.h>

#include <optional>

namespace tally::inspector {

struct ShapeMatch {
  std::vector<Placement> placements;
  std::vector<WeightId> unexplained;
};

/// Lays each weight to a term that still wants a tensor of as many elements; terms of equal size
/// take them in the file's order, which may not be theirs, so that only sums are told, never which
/// of two equal tensors is which. Nothing where the specification has no terms.
std::optional<ShapeMatch> match_by_shape(const Weights& weights,
                                         const formulas::TransformerSpec& spec);

}  // namespace tally::inspector
