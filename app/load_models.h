// Loading model files by other processes.
#pragma once

#include <base/result.h>
#include <inspector/reader/load_answer.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tally::app {

struct LoadOptions {
  std::vector<std::string> paths;
  int jobs = 1;
  double timeout_seconds = 60;
  std::int64_t memory_limit_bytes = std::int64_t{2} << 30;
  std::int64_t max_record_bytes = std::int64_t{1} << 30;
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

/// Takes one file's answer: `index` is that of LoadOptions::paths.
using OnModel = std::function<void(std::size_t index, Result<inspector::LoadAnswer> answer)>;

/// Loads every path and gives each answer to `on_model` as soon as it and all before it are there:
/// in the order of the paths, so that few are held at a time. Fails as a whole only where no
/// process that reads can be had; answers that were given before count.
Result<Unit> load_models(const LoadOptions& options, const LoadObserver& observer,
                         const OnModel& on_model);

/// Loads the only path of `options`.
Result<inspector::LoadAnswer> load_one(const LoadOptions& options,
                                       const LoadObserver& observer = {});

}  // namespace tally::app
