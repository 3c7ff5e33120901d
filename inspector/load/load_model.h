// load_model: a TorchScript archive, or a torch.package that holds some, as a ModelSnapshot.
//
// Reads the ZIP directory, the pickles and the code's declarations; no weight is read, no method
// compiled, no operator called, and nothing that the file contains is run. Safe on hostile files in
// the sense of docs/loading.md; a process that reads untrusted files should still be a worker with
// limits of its own (inspector/worker).
#pragma once

#include <base/result.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <string>

namespace tally::inspector {

/// Caps on what one file may claim; all far above any real export.
struct LoadLimits {
  std::int64_t max_record_bytes = std::int64_t{256}
                                  << 20;  ///< of a pickle or a source file, decompressed
  std::int64_t max_values = 8'000'000;    ///< in one pickle
  std::int64_t max_visits =
      20'000'000;  ///< values met on all paths: shared containers can make 2^n paths of n values
  std::int64_t max_tensors = 1'000'000;  ///< names: some 700 MB of records
  int max_depth = 1000;                  ///< of nested modules and containers
};

/// Reads `path`. Errors: kNotFound, kNotAModel (names the kind of file), kMalformed (names the
/// record, the tensor and the reason), kLimitExceeded.
Result<ModelSnapshot> load_model(const std::string& path, const LoadLimits& limits = {});

}  // namespace tally::inspector
