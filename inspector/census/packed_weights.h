// Weights that libraries pack into integers of their own layouts, which PyTorch knows only as
// buffers of integers: what they stand for beside what is stored.
#pragma once

#include <inspector/census/census.h>

#include <vector>

namespace tally::inspector {

/// The layers of `snapshot` whose tensors have the names, types and sizes of a known layout, all of
/// them fitting each other; what only looks like one is left out. Each tensor once: `counts` tells
/// aliases. Constants of frozen models have no names and are not found.
std::vector<PackedWeights> find_packed_weights(const ModelSnapshot& snapshot,
                                               const std::vector<TensorCount>& counts);

}  // namespace tally::inspector
