// Model files loaded with LibTorch's own loader by torchtally-worker processes: `audit --load`.
#pragma once

#include <base/result.h>
#include <inspector/model/verification.h>
#include <inspector/process/file_pool.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tally::inspector {

struct VerifyOptions {
  std::string worker;                   ///< path of the executable
  int jobs = 1;                         ///< workers at a time
  std::int64_t memory_limit_bytes = 0;  ///< of a worker's heap; 0: none
  double seconds_per_file = 0;          ///< 0: no limit
  std::int64_t max_record_bytes = 0;    ///< 0: the reader's default
  std::vector<std::string> libraries;   ///< with custom operators
};

struct VerifyCallbacks {
  /// Once a file, in the order of completion.
  std::function<void(std::size_t index, Result<Verification> verification)> on_outcome;
  std::function<void(std::size_t index, const std::string& stage)> on_progress;  ///< may be empty
  std::function<void(const std::string& text)> on_log;                           ///< may be empty
};

/// A pool for files of `paths`, which must outlive it. RUNS their code.
std::unique_ptr<FilePool> verify_pool(ChildProcesses& children,
                                      const std::vector<std::string>& paths,
                                      const VerifyOptions& options, VerifyCallbacks callbacks);

}  // namespace tally::inspector
