// The formats that are read: one table. A further one is a folder beside torchscript/ and a line in
// registry.cpp.
//
// Safe on hostile files in the sense of docs/loading.md; a process that reads untrusted files
// should still be a reader with limits of its own (inspector/reader).
#pragma once

#include <base/result.h>
#include <inspector/archive/archive_reader.h>
#include <inspector/archive/byte_source.h>
#include <inspector/formats/read_limits.h>
#include <inspector/formats/read_model.h>
#include <inspector/model/snapshot.h>

#include <optional>
#include <string>
#include <string_view>

namespace tally::inspector {

/// A file as the formats see it.
struct ModelFile {
  const ByteSource& source;
  std::string_view head;                 ///< its first bytes, kHeadBytes at most
  std::optional<ArchiveReader> archive;  ///< where it is a ZIP archive

  static constexpr std::int64_t kHeadBytes = 512;
};

/// One row of the table.
struct FileFormat {
  std::string_view name;
  /// Whether the file is of this format. Files of two formats at once are refused.
  bool (*probe)(ModelFile& file, const ReadLimits& limits);
  Result<ModelSnapshot> (*read)(ModelFile& file, const ReadLimits& limits);
};

/// Reads a model of whichever format; the snapshot's path stays empty. Errors: kNotAModel (names
/// the kind of file), kMalformed (names the record, the tensor and the reason), kLimitExceeded.
Result<ModelSnapshot> read_model(const ByteSource& source, const ReadLimits& limits = {});

/// kNotAModel, naming its kind, for a file that cannot be read by its first bytes alone: what is
/// cheap to know before a process is started for it.
Result<Unit> refuse_other_kinds(const ByteSource& source);

}  // namespace tally::inspector
