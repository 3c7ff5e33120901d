// Units: weights as layers hold them: a matrix with its bias, or a vector with its bias.
#pragma once

#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/facts/weights.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// A weight of two dimensions, or of three (one matrix for each expert), with the bias that belongs
/// to it.
struct Matrix {
  WeightId weight;
  WeightId bias;
  ModuleId module;
  std::string
      name;  ///< lower-case: the module's path, and the tensor's name where that is not "weight"
  Hint hint = Hint::kNone;   ///< what the name says
  std::int64_t experts = 0;  ///< first of three dimensions; 0: a plain matrix
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  bool table = false;        ///< held by an embedding
  bool projects = false;     ///< held by a linear layer or a convolution, by its class
  bool input_first = false;  ///< stored as [in, out]: its bias or its class says so
  bool sure = false;  ///< `input_first` is proved: by a bias as long as one side only, or by a
                      ///< square matrix

  std::int64_t out() const { return input_first ? columns : rows; }
  std::int64_t in() const { return input_first ? rows : columns; }
};

/// A weight of one dimension that is no matrix's bias: a norm, a scale, a token. Or of a shape that
/// is neither.
struct Vector {
  WeightId weight;
  WeightId bias;
  ModuleId module;
  std::string name;       ///< as for Matrix
  std::int64_t size = 0;  ///< elements
  std::vector<std::int64_t> shape;
  std::string type;   ///< lower-case short type of the module
  bool row = false;   ///< stored as [1, n] by a linear layer
  bool bare = false;  ///< a tensor of another name than "weight": no module of its own
};

struct Units {
  std::vector<Matrix> matrices;  ///< in the order of the modules asked for
  std::vector<Vector> vectors;
};

/// The units of `modules`. Each weight is in one unit, once: under the name where it counts.
Units find_units(const ModelSnapshot& snapshot, const Weights& weights,
                 const std::vector<ModuleId>& modules);

/// `module` and all below it, in the tree's order.
std::vector<ModuleId> subtree(const Weights& weights, ModuleId module);

}  // namespace tally::inspector
