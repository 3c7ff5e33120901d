// The census: every tensor of a snapshot counted once, per module and in total.
//
// Names that share (storage, offset, sizes, strides) are one tensor: an alias group. It counts
// once, under the highest of its names' kinds (inspector/model/snapshot.h) and at the first name of
// that kind; its other names count as "again". Views that differ in any of the four are tensors of
// their own, though they share bytes.
#pragma once

#include <base/result.h>
#include <inspector/model/snapshot.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tally::inspector {

/// Numbers of a set of tensors.
struct Count {
  std::int64_t tensors = 0;   ///< how many there are
  std::int64_t elements = 0;  ///< their elements together
  std::int64_t bytes = 0;  ///< elements × size of the type; for sparse tensors that of their parts

  bool operator==(const Count& o) const {
    return tensors == o.tensors && elements == o.elements && bytes == o.bytes;
  }
};

/// The tensors of one module, or of a module and all below it, by kind.
struct Tally {
  std::array<Count, kTensorKinds> unique;  ///< counted once, where they count
  std::array<Count, kTensorKinds> again;   ///< further names of tensors that count elsewhere
  Count trainable;                         ///< unique parameters with requires_grad
  Count fixed;  ///< unique parameters without: trainable + fixed = parameters

  /// The unique tensors of that kind.
  const Count& of(TensorKind kind) const { return unique[static_cast<std::size_t>(kind)]; }
  /// The unique parameters.
  const Count& parameters() const { return of(TensorKind::kParameter); }
};

/// How a tensor counts.
struct TensorCount {
  TensorId alias_of;  ///< the tensor that counts for this one's group; none where that is this one
  TensorKind kind = TensorKind::kAttribute;  ///< of the group: the highest of its names'
};

/// A storage and the tensors that see it.
struct StorageUse {
  std::int64_t tensors = 0;  ///< distinct tensors (alias groups) that view it
  std::int64_t covered_bytes =
      0;  ///< bytes between the first and last element of at least one of them
};

/// A layer whose weights a library has packed into integers, several to one or one to each.
struct PackedWeights {
  ModuleId module;            ///< who holds the tensor
  TensorId tensor;            ///< that holds the weights
  std::string layout;         ///< "GPTQ", "AWQ" …: whose layout it is
  std::int64_t bits = 0;      ///< of one weight
  std::int64_t elements = 0;  ///< weights that the tensor stands for
};

/// What take_census() counts. Elements are those of the shapes, bytes those of the stored type.
struct Census {
  std::vector<TensorCount> tensors;  ///< one for each of the snapshot's
  std::vector<Tally> own;            ///< one a module: its own tensors
  std::vector<Tally> total;          ///< one a module: its own and all below it
  std::vector<StorageUse> storages;  ///< one for each of the snapshot's

  Tally all;     ///< the whole model
  Count unique;  ///< all kinds together, each tensor once
  /// Every name counted, and constants once for each use, by what the name itself is declared as:
  /// of parameters, what summing named_parameters(remove_duplicate=False) gives.
  std::array<Count, kTensorKinds> naive_by_kind;
  Count naive;  ///< all kinds together: every name counted, constants once for each use: what
                ///< careless tools report
  std::map<std::string, Count> by_dtype;  ///< unique, by PyTorch's name of the type
  std::map<std::string, Count>
      by_module_type;        ///< unique, by the qualified type of the module that holds it
  Count quantization_parts;  ///< scales and zero points of per-channel quantized tensors; not in
                             ///< `unique`
  Count settings;            ///< of quantized convolutions: stride, padding …; not in `unique`
  std::int64_t storage_bytes = 0;             ///< of all storages that a tensor sees
  std::vector<PackedWeights> packed_weights;  ///< in the order of their modules; counted once
  std::vector<Finding> findings;  ///< frozen and quantized models, large storages kept by small
                                  ///< views, equal storages
};

/// Counts `snapshot`. With `only`, one flag a tensor, tensors whose flag is false count nowhere,
/// while aliases are still told among all of them: a filtered census says of each tensor what the
/// whole one says. Errors: kMalformed where a total passes 2^63 - 1, which no real model's does.
Result<Census> take_census(const ModelSnapshot& snapshot, const std::vector<bool>* only = nullptr);

/// The sum of `counts`.
Count sum(const std::array<Count, kTensorKinds>& counts);

}  // namespace tally::inspector
