// Loading model files by workers, with the flags and the progress that every command on models has.
#pragma once

#include <base/result.h>
#include <inspector/worker/worker_pool.h>

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tally::cli {

struct LoadOptions {
  std::vector<std::string> paths;
  int jobs = 1;
  double timeout_seconds = 60;
  std::int64_t memory_limit_bytes = std::int64_t{2} << 30;
  std::int64_t max_record_bytes = std::int64_t{256} << 20;
  bool verify = false;
  std::vector<std::string> libraries;  ///< for `verify`
};

/// Adds --jobs, --timeout, --memory-limit and --max-record to `command`.
void add_load_flags(CLI::App& command, LoadOptions& options);

/// Loads every path; one answer a path, in their order. Files that are no ZIP archive are refused
/// without a worker. Fails as a whole only where no worker can be had.
Result<std::vector<Result<inspector::LoadAnswer>>> load_models(const LoadOptions& options);

}  // namespace tally::cli
