// Tensors as pickles describe them, checked against the storages that they claim.
#pragma once

#include <base/result.h>
#include <base/wide.h>
#include <inspector/archive/pickle.h>
#include <inspector/archive/zip_directory.h>
#include <inspector/model/snapshot.h>

#include <map>
#include <string>
#include <unordered_map>

namespace tally::inspector {

/// The storages of one archive, each entered into the snapshot when a tensor first names it.
class StorageTable {
 public:
  StorageTable(const std::map<std::string, ZipEntry>& records, ModelSnapshot& snapshot)
      : records_(records), snapshot_(snapshot) {}

  /// The storage in `record`, which claims `claimed_bytes`. kMalformed where the
  /// record is missing or shorter than that.
  Result<StorageId> find(const std::string& record, Int128 claimed_bytes, std::string_view device);

  /// Bytes of storage `index`, as its record has them.
  std::int64_t bytes(StorageId index) const { return snapshot_.storages[index].bytes; }

 private:
  const std::map<std::string, ZipEntry>& records_;
  ModelSnapshot& snapshot_;
  std::unordered_map<std::string, StorageId> indices_;
};

/// Whether `node` is a call that builds a tensor: one of PyTorch's rebuild functions, known or not.
bool is_tensor(const pickle::Pickle& pickle, const pickle::Node& node);

/// The list or dict that a call of `torch.jit._pickle` only tags with its type; any other value is
/// itself.
const pickle::Node& untagged(const pickle::Pickle& pickle, const pickle::Node& node);

/// Reads a tensor; `folder` is where the archive keeps its storages ("data/"). Fills everything but
/// module, name, kind. kMalformed where sizes, strides, offset or type do not fit the storage:
/// LibTorch's unpickler lets such tensors pass.
Result<TensorRecord> read_tensor(const pickle::Pickle& pickle, const pickle::Node& call,
                                 const std::string& folder, StorageTable& storages);

}  // namespace tally::inspector
