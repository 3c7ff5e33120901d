// What an archive that torch.jit.save or torch.package wrote says about its models.
//
// Reads the pickles and the code's declarations; no weight is read, no method compiled, no operator
// called, and nothing that the file contains is run.
#pragma once

#include <base/result.h>
#include <inspector/archive/archive_reader.h>
#include <inspector/formats/read_limits.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector {

/// Where an archive of one format keeps things.
struct ArchiveLayout {
  std::string format;
  std::string code_folder;
  /// One model of the archive: a plain TorchScript archive has one, a torch.package may have
  /// several.
  struct Model {
    std::string folder;  ///< of data.pkl and constants.pkl
    std::string data_storages, constant_storages;
    std::string module_path;
  };
  std::vector<Model> models;
  bool is_package = false;
};

/// Reads the models that `layout` names. Errors: kMalformed (names the record, the tensor and the
/// reason), kLimitExceeded.
Result<ModelSnapshot> read_archive_models(ArchiveReader& archive, const ArchiveLayout& layout,
                                          const ReadLimits& limits);

/// Whether the archive has a record in `folder`, which ends in a slash.
bool has_folder(const ZipRecords& records, const std::string& folder);

/// Whether the archive has a version record, as every archive that PyTorch wrote.
bool has_version(const ArchiveReader& archive);

/// The number in the version record: digits and a line feed. kMalformed where it holds anything
/// else or a version that PyTorch has never written (1 to 10).
Result<std::int64_t> format_version(ArchiveReader& archive);

}  // namespace tally::inspector
