// Loading model files by workers.
#pragma once

#include <base/result.h>
#include <inspector/worker/worker_pool.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

struct LoadOptions {
  std::vector<std::string> paths;
  int jobs = 1;
  double timeout_seconds = 60;
  std::int64_t memory_limit_bytes = std::int64_t{2} << 30;
  std::int64_t max_record_bytes = std::int64_t{256} << 20;
  bool verify = false;
  std::vector<std::string> libraries;  ///< for `verify`
};

/// What a caller may hear of while files are read. Every function may be empty; `index` is that of
/// LoadOptions::paths.
struct LoadObserver {
  std::function<void(std::size_t index, const std::string& stage)> on_stage;
  std::function<void(std::size_t index, std::int64_t microseconds)> on_done;
  std::function<void(const std::string& line)> on_log;
};

/// Loads every path; one answer a path, in their order. Files that are no ZIP archive are refused
/// without a worker. Fails as a whole only where no worker can be had.
Result<std::vector<Result<inspector::LoadAnswer>>> load_models(const LoadOptions& options,
                                                               const LoadObserver& observer = {});

}  // namespace tally::app
