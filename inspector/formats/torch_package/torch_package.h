// torch.package archives that hold TorchScript models. The package's own pickles are Python objects
// and are not read.
#pragma once

#include <base/result.h>
#include <inspector/archive/archive_reader.h>
#include <inspector/formats/read_limits.h>
#include <inspector/model/snapshot.h>

namespace tally::inspector::torch_package {

/// Whether the records are those of a package with at least one TorchScript model.
bool probe(ArchiveReader& archive, const ReadLimits& limits);

/// All its models, below one root. Errors: as read_archive_models().
Result<ModelSnapshot> read(ArchiveReader& archive, const ReadLimits& limits);

}  // namespace tally::inspector::torch_package
