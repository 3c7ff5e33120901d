// Frozen inference: the architecture of a frozen model, from the order in which its code takes its
// constants.
//
// Layers are what repeats: the longest run of units that comes again and again with the same
// operators and shapes. From them a tree of modules is made, with the classes that the operators
// prove and names that mean nothing, and read by the same engine as any model's (infer.h). Whether
// a norm stands before or behind its block is told by what reads it: a norm whose value is added to
// what follows stands behind.
#pragma once

#include <inspector/reconcile/infer/infer.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// A model of modules that stands for a frozen one.
struct FrozenTree {
  ModelSnapshot snapshot;
  std::vector<TensorId> tensor_of;  ///< per tensor of it: the constant that it is
  std::int64_t repeats = 0;         ///< layers; 0: no tree, for `reason`
  std::string reason;
};

/// Equal vectors of several layers, which freezing merged into one constant, are tensors of their
/// own again; a matrix that is taken twice stays one (a tied output layer). With `blocks`, what
/// stands between two norms of a layer is a module of its own.
FrozenTree frozen_tree(const ModelSnapshot& snapshot, const Weights& weights, bool blocks);

/// Infers as infer() does, for weights that are constants.
Inference infer_frozen(const ModelSnapshot& snapshot, const Weights& weights,
                       const InferenceFlags& flags);

}  // namespace tally::inspector
