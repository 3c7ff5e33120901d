// TorchScript archives: what torch.jit.save and the lite interpreter's saving write.
#pragma once

#include <base/result.h>
#include <inspector/archive/archive_reader.h>
#include <inspector/formats/read_limits.h>
#include <inspector/model/snapshot.h>

namespace tally::inspector::torchscript {

/// Whether the records are those of a TorchScript archive, even of one whose saving was interrupted
/// before its code was written. Reads data.pkl where the names do not tell.
bool probe(ArchiveReader& archive, const ReadLimits& limits);

/// The model. Errors: as read_archive_models().
Result<ModelSnapshot> read(ArchiveReader& archive, const ReadLimits& limits);

}  // namespace tally::inspector::torchscript
