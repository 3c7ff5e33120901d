#include <cli/flag_values.h>
#include <cli/load_models.h>
#include <cli/progress.h>
#include <inspector/archive/file_kind.h>
#include <inspector/archive/mapped_file.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

namespace tally::cli {
namespace {

using namespace inspector;

/// Why `path` needs no worker: it cannot be opened, or is another kind of file by its first bytes.
std::optional<Error> refuse_early(const std::string& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  return refuse_unless_zip(file->bytes());
}

}  // namespace

void add_load_flags(CLI::App& command, LoadOptions& options) {
  constexpr const char* kGroup = "Reading";
  command.add_option("-j,--jobs", options.jobs, "Workers at a time (default: 1)")
      ->check(CLI::Range(1, 256).description(""))
      ->group(kGroup);
  command
      .add_option("--timeout", options.timeout_seconds,
                  "Seconds that reading one file may take; 0: no limit (default: 60)")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->group(kGroup);
  command
      .add_option("--memory-limit", options.memory_limit_bytes,
                  "Memory for a worker, in bytes or with K, M or G; 0: no limit (default: 2G). "
                  "LibTorch itself takes 128M")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->type_name("SIZE")
      ->group(kGroup);
  command
      .add_option("--max-record", options.max_record_bytes,
                  "Largest pickle or source record that is read, in bytes or with K, M or G "
                  "(default: 256M)")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->type_name("SIZE")
      ->group(kGroup);
}

Result<std::vector<Result<LoadAnswer>>> load_models(const LoadOptions& options) {
  std::vector<Result<LoadAnswer>> answers(options.paths.size(),
                                          Error{ErrorCode::kInternal, "it was not read", ""});
  std::vector<std::string> paths;
  std::vector<std::size_t> index_of;
  for (std::size_t i = 0; i < options.paths.size(); ++i) {
    if (auto refusal = refuse_early(options.paths[i])) {
      answers[i] = *refusal;
    } else {
      paths.push_back(options.paths[i]);
      index_of.push_back(i);
    }
  }
  if (paths.empty()) return answers;
  const Result<std::string> worker = find_worker();
  if (!worker) return worker.error();
  PoolOptions pool;
  pool.worker = *worker;
  pool.jobs = options.jobs;
  pool.memory_limit_bytes = options.memory_limit_bytes;
  pool.seconds_per_file = options.timeout_seconds;
  pool.max_record_bytes = options.max_record_bytes;
  pool.verify = options.verify;
  for (const std::string& library : options.libraries)
    pool.libraries.push_back(std::filesystem::absolute(library).string());
  Progress progress(paths.size());
  PoolCallbacks callbacks;
  callbacks.on_outcome = [&](FileOutcome outcome) {
    const std::string& path = paths[outcome.index];
    if (outcome.answer) {
      spdlog::info("{}: read in {:.1f} ms", path,
                   static_cast<double>(outcome.answer->microseconds) / 1000);
    }
    progress.done(path);
    answers[index_of[outcome.index]] = std::move(outcome.answer);
  };
  callbacks.on_progress = [&](std::size_t index, const std::string& stage) {
    progress.stage(paths[index], stage);
  };
  callbacks.on_log = [](const std::string& line) { spdlog::info("worker: {}", line); };
  if (auto loaded = load_with_workers(paths, pool, callbacks); !loaded) return loaded.error();
  return answers;
}

}  // namespace tally::cli
