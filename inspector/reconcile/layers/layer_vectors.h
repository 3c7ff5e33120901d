// Layer vectors: norms, scales, sinks and latent norms of a layer, told by their sizes and by what
// they stand beside.
#pragma once

#include <inspector/reconcile/layers/layer_blocks.h>
#include <inspector/reconcile/layers/layer_parser.h>

namespace tally::inspector {

/// Gives each of `vectors` its term in `layer`, whose blocks are known; what fits none is unknown.
void read_layer_vectors(const ModelSnapshot& snapshot, const Weights& weights,
                        const std::vector<Vector>& vectors, const LayerBlocks& blocks,
                        ParsedLayer& layer);

/// The kind of norm: a bias proves a LayerNorm, else the class's name tells (`sure`), else RMSNorm
/// is taken.
formulas::NormKind norm_kind_of(const Vector& norm, bool& sure);

}  // namespace tally::inspector
