#include <cli/flags/load_flags.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

namespace tally::cli {

using app::LoadObserver;
using app::LoadOptions;

namespace {

constexpr const char* kGroup = "Reading";

}  // namespace

void add_jobs_flag(CLI::App& command, LoadOptions& options) {
  command.add_option("-j,--jobs", options.jobs, "Files read at a time (default: 1)")
      ->check(CLI::Range(1, 256).description(""))
      ->group(kGroup);
}

void add_load_flags(CLI::App& command, LoadOptions& options) {
  command
      .add_option("--timeout", options.timeout_seconds,
                  "Seconds that reading one file may take; 0: no limit (default: 60)")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->group(kGroup);
  command
      .add_option("--memory-limit", options.memory_limit_bytes,
                  "Memory for a process that reads, in bytes or with K, M or G; 0: no limit "
                  "(default: 2G)")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->type_name("SIZE")
      ->group(kGroup);
  command
      .add_option("--max-record", options.max_record_bytes,
                  "Largest pickle or source record that is read, in bytes or with K, M or G "
                  "(default: 1G)")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->type_name("SIZE")
      ->group(kGroup);
}

LoadObserver observer_of(const LoadOptions& options, Progress& progress) {
  LoadObserver observer;
  observer.on_stage = [&](std::size_t index, const std::string& stage) {
    progress.stage(options.paths[index], stage);
  };
  observer.on_done = [&](std::size_t index, std::int64_t microseconds) {
    const std::string& path = options.paths[index];
    if (microseconds >= 0)
      spdlog::info("{}: read in {:.1f} ms", path, static_cast<double>(microseconds) / 1000);
    progress.done(path);
  };
  observer.on_log = [](const std::string& line) { spdlog::info("worker: {}", line); };
  return observer;
}

Result<inspector::LoadAnswer> load_one_with_progress(const LoadOptions& options) {
  Progress progress(options.paths.size());
  return app::load_one(options, observer_of(options, progress));
}

}  // namespace tally::cli
