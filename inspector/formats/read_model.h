// read_model: a model file of any format that is known, as a ModelSnapshot. Part of the public
// library.
//
// No weight is read, no LibTorch is needed, and nothing that the file holds is run. Safe on hostile
// files in the sense of docs/loading.md; a process that reads untrusted files should still be one
// with limits of its own, as torchtally-reader is.
#pragma once

#include <base/result.h>
#include <inspector/formats/read_limits.h>
#include <inspector/model/snapshot.h>

#include <string>

namespace tally::inspector {

/// Reads the model in the file `path`: TorchScript archives, and torch.package files that hold
/// some. Shapes are in elements, sizes of storages and of the file in bytes. Errors: kNotFound
/// where it cannot be opened, kNotAModel (names the kind of file), kMalformed (names the record,
/// the tensor and the reason), kLimitExceeded where the file claims more than `limits`.
Result<ModelSnapshot> read_model(const std::string& path, const ReadLimits& limits = {});

}  // namespace tally::inspector
