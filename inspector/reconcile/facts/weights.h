// Weights: the tensors of a model that formulas speak of, each once, with the module that holds it.
//
// The other parts of reconcile/ read a model only through this: names, shapes, who is inside whom.
// Everything here refers to the snapshot by index, so the snapshot must outlive it.
#pragma once

#include <inspector/census/census.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

/// One tensor that counts: an alias group under the name where the census counts it.
struct Weight {
  TensorId tensor;
  ModuleId module;  ///< who holds it
  std::vector<std::int64_t> shape;
  std::int64_t elements = 0;
  std::vector<TensorId> aliases;  ///< tensors that are this one under another name
};

/// What a model's weights are stored as.
enum class Storing {
  kParameters,  ///< parameters of modules
  kQuantized,   ///< partly or wholly packed weights of quantized modules
  kFrozen,      ///< constants of the code, their names and modules gone
};

struct Weights {
  std::vector<Weight> all;           ///< in the file's order
  std::vector<WeightId> of_tensor;   ///< per tensor of the snapshot: its weight, or none
  std::vector<std::string> name_of;  ///< per tensor that is a weight: its name within `module_of`
  /// Per tensor: who holds it. Name and holder see through packed objects:
  /// fc._packed_params._packed_params[0] is the weight of fc.
  std::vector<ModuleId> module_of;
  std::vector<std::vector<ModuleId>> children;  ///< per module: its submodules, in the file's order
  std::vector<std::vector<TensorId>>
      names_in;                    ///< per module: tensors (names, aliases too) that are weights
  std::vector<std::int32_t> end;   ///< per module: one past the last module of its subtree, by rank
  std::vector<std::int32_t> rank;  ///< per module: position in a walk, parents before children
  std::int64_t total = 0;          ///< elements of all
  Storing storing = Storing::kParameters;

  /// Whether `module` is `ancestor` or below it.
  bool inside(ModuleId module, ModuleId ancestor) const {
    return rank[module] >= rank[ancestor] && rank[module] < end[ancestor];
  }
  const Weight& operator[](WeightId i) const { return all[i]; }
};

/// The weights of `snapshot`, whose census this is.
Weights find_weights(const ModelSnapshot& snapshot, const Census& census);

/// The last part of a module's path: "c_attn" of "transformer.h.0.attn.c_attn".
std::string_view last_part(std::string_view path);

/// "transformer.wte.weight [50257, 768]": a tensor as evidence.
std::string shown(const ModelSnapshot& snapshot, TensorId tensor);

/// `shape` without sizes of one in front: [1, 197, 768] as [197, 768].
std::vector<std::int64_t> squeezed(std::vector<std::int64_t> shape);

}  // namespace tally::inspector
