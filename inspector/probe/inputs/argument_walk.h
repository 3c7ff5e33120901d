// What the code does with one argument of forward(): the first layer that it reaches, and what is
// asked of its sizes. For infer_inputs.cpp.
#pragma once

#include <inspector/probe/inputs/graph_flow.h>
#include <inspector/probe/inputs/layer_rules.h>

#include <map>
#include <vector>

namespace tally::inspector {

/// A change of dimensions between the argument and the layer.
struct Reordering {
  enum class Kind { kTranspose, kPermute, kUnsqueeze, kSqueeze, kReshape } kind = Kind::kReshape;
  std::vector<std::int64_t> dims;
};

/// The layer that an argument reaches by the fewest reorderings.
struct FirstLayer {
  const LayerRule* rule = nullptr;
  at::Tensor weight;
  std::string weight_path;
  std::vector<Reordering> reorderings;  ///< from the argument to the layer
  std::int64_t groups = 1;
  bool transposed = false;
  bool batch_first = true;
};

struct ArgumentFindings {
  std::optional<FirstLayer> layer;
  std::int64_t least_rank = 0;                    ///< dimensions that the code takes for granted
  std::map<std::int64_t, std::int64_t> demanded;  ///< size by dimension, where another one raises
  std::optional<std::int64_t> longest;            ///< the second size, by a table of positions
};

ArgumentFindings walk_argument(GraphFlow& flow, std::size_t argument);

}  // namespace tally::inspector
