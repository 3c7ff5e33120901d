// Layer blocks: how the matrices of one layer fall into attention, cross-attention, MLP, experts
// and router.
#pragma once

#include <inspector/reconcile/layers/projections.h>

namespace tally::inspector {

struct LayerBlocks {
  std::vector<Block> attentions;  ///< self-attention first, then cross-attention
  std::vector<Block>
      mlps;  ///< one; or one an expert where experts are modules; shared experts last
  bool has_shared = false;  ///< the last of `mlps` is the shared experts
  std::int64_t experts = 0;
  std::optional<std::size_t> router;  ///< index of its matrix
  std::vector<std::size_t> unknown;   ///< matrices in no block
};

/// Finds the blocks of the layer at `module`. `matrices` are its matrices without tables;
/// `layer_path` its lower-case path. Nothing where no attention or no MLP can be found.
std::optional<LayerBlocks> find_blocks(const ModelSnapshot& snapshot, const Weights& weights,
                                       ModuleId module, const std::vector<Matrix>& matrices,
                                       std::int64_t hidden);

}  // namespace tally::inspector
