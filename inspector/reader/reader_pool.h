// Model files read by torchtally-reader processes.
#pragma once

#include <base/result.h>
#include <inspector/process/file_pool.h>
#include <inspector/reader/read_message.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tally::inspector {

struct ReaderOptions {
  std::string reader;                                       ///< path of the executable
  int jobs = 1;                                             ///< readers at a time
  std::int64_t memory_limit_bytes = std::int64_t{2} << 30;  ///< of a reader's heap; 0: none
  double seconds_per_file = 60;                             ///< 0: no limit
  std::int64_t max_record_bytes = 0;                        ///< 0: the reader's default
};

struct ReaderCallbacks {
  /// Once a file, in the order of completion.
  std::function<void(std::size_t index, Result<ReadAnswer> answer)> on_outcome;
  std::function<void(std::size_t index, const std::string& stage)> on_progress;  ///< may be empty
  std::function<void(const std::string& text)> on_log;                           ///< may be empty
};

/// A pool for files of `paths`, each of which is opened when its turn comes. `paths` must outlive
/// the pool.
std::unique_ptr<FilePool> reader_pool(ChildProcesses& children,
                                      const std::vector<std::string>& paths,
                                      const ReaderOptions& options, ReaderCallbacks callbacks);

}  // namespace tally::inspector
