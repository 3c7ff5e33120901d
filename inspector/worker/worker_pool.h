// WorkerPool: model files loaded by worker processes, whatever the files do to them.
//
// Links no LibTorch. Each worker serves many files; one that dies (a signal, a limit) costs the
// file that it was at and is replaced. Single-threaded: one loop waits for all of them.
#pragma once

#include <base/result.h>
#include <inspector/worker/messages.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tally::inspector {

/// The worker that belongs to this program: TORCHTALLY_WORKER from the environment, else beside the
/// program's own file, else in libexec/torchtally beside its bin folder. kUnavailable, naming the
/// places, where there is none.
Result<std::string> find_worker();

struct PoolOptions {
  std::string worker;                                       ///< path of the executable
  int jobs = 1;                                             ///< workers at a time
  std::int64_t memory_limit_bytes = std::int64_t{2} << 30;  ///< of a worker's heap; 0: none
  double seconds_per_file = 60;                             ///< 0: no limit
  std::int64_t max_record_bytes = 0;                        ///< 0: the loader's default
  bool verify = false;
  std::vector<std::string> libraries;  ///< with custom operators, for `verify`
};

/// What became of one file.
struct FileOutcome {
  std::size_t index = 0;  ///< into the paths asked for
  Result<LoadAnswer> answer;
};

struct PoolCallbacks {
  std::function<void(FileOutcome)> on_outcome;  ///< once a file, in the order of completion
  std::function<void(std::size_t index, const std::string& stage)> on_progress;  ///< may be empty
  std::function<void(const std::string& line)> on_log;  ///< what a worker prints; may be empty
};

/// Loads every path. Fails as a whole (kUnavailable) only where no worker can be started at all.
Result<Unit> load_with_workers(const std::vector<std::string>& paths, const PoolOptions& options,
                               const PoolCallbacks& callbacks);

}  // namespace tally::inspector
