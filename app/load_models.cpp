#include <app/load_models.h>
#include <inspector/process/find_program.h>
#include <inspector/reader/reader_pool.h>
#include <inspector/worker/verify_pool.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace tally::app {
namespace {

using namespace inspector;

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

  std::size_t given() const { return next_; }

 private:
  const OnModel& on_model_;
  std::map<std::size_t, Result<LoadAnswer>> waiting_;
  std::size_t next_ = 0;
};

/// Reads all paths, has those that could be read verified where that is asked for, and gives each
/// its answer.
class Loading {
 public:
  Loading(const LoadOptions& options, const LoadObserver& observer, const OnModel& on_model)
      : options_(options), observer_(observer), in_order_(on_model) {}

  Result<Unit> run() {
    if (auto started = open_pools(); !started) return started;
    // So far ahead of the file that all wait for: its answer is small beside those behind it.
    const std::size_t ahead = 16 * static_cast<std::size_t>(std::max(1, options_.jobs));
    std::size_t next = 0;
    while (in_order_.given() < options_.paths.size()) {
      for (; next < options_.paths.size() && next < in_order_.given() + ahead; ++next)
        reading_->add(next);
      for (FilePool* pool : {reading_.get(), verifying_.get()}) {
        if (pool == nullptr) continue;
        if (auto given = pool->give_work(); !given) return given;
      }
      if (in_order_.given() < options_.paths.size()) children_.wait();
    }
    return Unit{};
  }

 private:
  Result<Unit> open_pools() {
    const Result<std::string> reader = find_reader();
    if (!reader) return reader.error();
    ReaderOptions reading;
    reading.reader = *reader;
    reading.jobs = jobs();
    reading.memory_limit_bytes = options_.memory_limit_bytes;
    reading.seconds_per_file = options_.timeout_seconds;
    reading.max_record_bytes = options_.max_record_bytes;
    reading_ = reader_pool(children_, options_.paths, reading,
                           ReaderCallbacks{[this](std::size_t index, Result<ReadAnswer> answer) {
                                             take_read(index, std::move(answer));
                                           },
                                           observer_.on_stage, observer_.on_log});
    return options_.verify ? open_verifying() : Result<Unit>(Unit{});
  }

  Result<Unit> open_verifying() {
    const Result<std::string> worker = find_worker();
    if (!worker) return worker.error();
    VerifyOptions verifying;
    verifying.worker = *worker;
    verifying.jobs = jobs();
    verifying.memory_limit_bytes = options_.memory_limit_bytes;
    verifying.seconds_per_file = options_.timeout_seconds;
    verifying.max_record_bytes = options_.max_record_bytes;
    for (const std::string& library : options_.libraries)
      verifying.libraries.push_back(std::filesystem::absolute(library).string());
    verifying_ =
        verify_pool(children_, options_.paths, verifying,
                    VerifyCallbacks{[this](std::size_t index, Result<Verification> verified) {
                                      take_verified(index, std::move(verified));
                                    },
                                    observer_.on_stage, observer_.on_log});
    return Unit{};
  }

  int jobs() const {
    const auto files = std::max<std::size_t>(1, options_.paths.size());
    return static_cast<int>(std::min(files, static_cast<std::size_t>(std::max(1, options_.jobs))));
  }

  void take_read(std::size_t index, Result<ReadAnswer> read) {
    if (!read) return finish(index, read.error());
    LoadAnswer answer{std::move(read->snapshot), std::nullopt, read->microseconds};
    if (!verifying_) return finish(index, std::move(answer));
    read_.emplace(index, std::move(answer));
    verifying_->add(index);
  }

  void take_verified(std::size_t index, Result<Verification> verified) {
    auto node = read_.extract(index);
    node.mapped().verification = std::move(verified);
    finish(index, std::move(node.mapped()));
  }

  void finish(std::size_t index, Result<LoadAnswer> answer) {
    if (observer_.on_done) observer_.on_done(index, answer ? answer->microseconds : -1);
    in_order_.add(index, std::move(answer));
  }

  const LoadOptions& options_;
  const LoadObserver& observer_;
  InOrder in_order_;
  std::map<std::size_t, LoadAnswer> read_;  ///< that are being verified
  ChildProcesses children_;
  std::unique_ptr<FilePool> reading_, verifying_;
};

}  // namespace

Result<Unit> load_models(const LoadOptions& options, const LoadObserver& observer,
                         const OnModel& on_model) {
  return Loading(options, observer, on_model).run();
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
