#include <app/load_models.h>
#include <app/parse_number.h>
#include <inspector/archive/mapped_file.h>
#include <inspector/formats/file_kind.h>

#include <filesystem>
#include <map>
#include <optional>

namespace tally::app {
namespace {

using namespace inspector;

/// Why `path` needs no worker: it cannot be opened, or is another kind of file by its first bytes.
std::optional<Error> refuse_early(const std::string& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  return refuse_unless_zip(file->bytes());
}

/// Answers that came before one of an earlier path, until their turn.
class InOrder {
 public:
  explicit InOrder(const OnModel& on_model) : on_model_(on_model) {}

  void add(std::size_t index, Result<LoadAnswer> answer) {
    waiting_.emplace(index, std::move(answer));
    for (auto next = waiting_.find(next_); next != waiting_.end(); next = waiting_.find(next_)) {
      on_model_(next_++, std::move(next->second));
      waiting_.erase(next);
    }
  }

 private:
  const OnModel& on_model_;
  std::map<std::size_t, Result<LoadAnswer>> waiting_;
  std::size_t next_ = 0;
};

}  // namespace

Result<Unit> load_models(const LoadOptions& options, const LoadObserver& observer,
                         const OnModel& on_model) {
  InOrder in_order(on_model);
  std::vector<std::string> paths;
  std::vector<std::size_t> index_of;
  for (std::size_t i = 0; i < options.paths.size(); ++i) {
    if (auto refusal = refuse_early(options.paths[i])) {
      in_order.add(i, *refusal);
    } else {
      paths.push_back(options.paths[i]);
      index_of.push_back(i);
    }
  }
  if (paths.empty()) return Unit{};
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
    in_order.add(index_of[outcome.index], std::move(outcome.answer));
  };
  callbacks.on_progress = [&](std::size_t index, const std::string& stage) {
    if (observer.on_stage) observer.on_stage(index_of[index], stage);
  };
  callbacks.on_log = [&](const std::string& line) {
    if (observer.on_log) observer.on_log(line);
  };
  return load_with_workers(paths, pool, callbacks);
}

Result<LoadAnswer> load_one(const LoadOptions& options, const LoadObserver& observer) {
  Result<LoadAnswer> only = Error{ErrorCode::kInternal, "it was not read", ""};
  const auto done = load_models(options, observer, [&only](std::size_t, Result<LoadAnswer> answer) {
    only = std::move(answer);
  });
  if (!done) return done.error();
  return only;
}

}  // namespace tally::app
