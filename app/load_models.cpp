#include <app/load_models.h>
#include <app/parse_number.h>
#include <inspector/archive/mapped_file.h>
#include <inspector/formats/file_kind.h>

#include <filesystem>
#include <optional>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace inspector;

/// Why `path` needs no worker: it cannot be opened, or is another kind of file by its first bytes.
std::optional<Error> refuse_early(const std::string& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  return refuse_unless_zip(file->bytes());
}

}  // namespace

Result<std::vector<Result<LoadAnswer>>> load_models(const LoadOptions& options,
                                                    const LoadObserver& observer) {
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
  PoolCallbacks callbacks;
  callbacks.on_outcome = [&](FileOutcome outcome) {
    if (observer.on_done)
      observer.on_done(index_of[outcome.index], outcome.answer ? outcome.answer->microseconds : -1);
    answers[index_of[outcome.index]] = std::move(outcome.answer);
  };
  callbacks.on_progress = [&](std::size_t index, const std::string& stage) {
    if (observer.on_stage) observer.on_stage(index_of[index], stage);
  };
  callbacks.on_log = [&](const std::string& line) {
    if (observer.on_log) observer.on_log(line);
  };
  if (auto loaded = load_with_workers(paths, pool, callbacks); !loaded) return loaded.error();
  return answers;
}

}  // namespace tally::app
