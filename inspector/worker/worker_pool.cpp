#include <inspector/worker/ignore_sigpipe.h>
#include <inspector/worker/worker_pool.h>
#include <inspector/worker/worker_process.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

namespace tally::inspector {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestLog =
    4096;  // kept of what a worker prints, for the error that it may explain

struct Slot {
  std::optional<WorkerProcess> process;
  bool ready = false;
  bool log_closed = false;
  std::string answers;              ///< the incomplete line at the end of what came
  std::string log;                  ///< the last of what it printed
  std::optional<std::size_t> file;  ///< that it is at
  bool began = false;               ///< it has said something of that file
  std::size_t answered = 0;         ///< files before that one
  Clock::time_point deadline = Clock::time_point::max();
};

class Pool {
 public:
  Pool(const std::vector<std::string>& paths, const PoolOptions& options,
       const PoolCallbacks& callbacks)
      : paths_(paths), options_(options), callbacks_(callbacks) {}

  Result<Unit> run() {
    const IgnoreSigpipe guard;
    slots_.resize(std::min(paths_.size(), static_cast<std::size_t>(std::max(1, options_.jobs))));
    while (done_ < paths_.size()) {
      for (Slot& slot : slots_) {
        if (auto started = give_work(slot); !started) return started;
      }
      wait();
      if (fatal_) return *fatal_;
    }
    return Unit{};
  }

 private:
  /// Starts a worker where one is missing and files wait, and gives it the next file.
  Result<Unit> give_work(Slot& slot) {
    if (slot.file || (again_.empty() && next_ >= paths_.size())) return Unit{};
    if (!slot.process) {
      Result<WorkerProcess> started =
          WorkerProcess::start(options_.worker, options_.memory_limit_bytes);
      if (!started) return started.error();
      slot = Slot{};
      slot.process = std::move(*started);
    }
    slot.began = false;
    if (again_.empty()) {
      slot.file = next_++;
    } else {
      slot.file = again_.back();
      again_.pop_back();
    }
    if (options_.seconds_per_file > 0) {
      slot.deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                         std::chrono::duration<double>(options_.seconds_per_file));
    }
    LoadRequest request;
    request.id = static_cast<std::int64_t>(*slot.file);
    request.path = paths_[*slot.file];
    request.verify = options_.verify;
    request.libraries = options_.libraries;
    request.max_record_bytes = options_.max_record_bytes;
    slot.process->send(encode(request));  // a failure shows as the end of its answers
    return Unit{};
  }

  void wait() {
    std::vector<pollfd> polled;
    std::vector<std::pair<Slot*, bool>> sources;  // the slot, and whether it is its answers
    auto deadline = Clock::time_point::max();
    for (Slot& slot : slots_) {
      if (!slot.process) continue;
      polled.push_back({slot.process->answers(), POLLIN, 0});
      sources.emplace_back(&slot, true);
      if (slot.process->prints() >= 0 && !slot.log_closed) {
        polled.push_back({slot.process->prints(), POLLIN, 0});
        sources.emplace_back(&slot, false);
      }
      if (slot.file) deadline = std::min(deadline, slot.deadline);
    }
    int timeout = -1;
    if (deadline != Clock::time_point::max()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 60'000));
    }
    if (::poll(polled.data(), polled.size(), timeout) < 0) return;  // EINTR: once more
    // What a worker printed may explain its end: read that first.
    for (const bool answers : {false, true}) {
      for (std::size_t i = 0; i < polled.size(); ++i) {
        if (polled[i].revents == 0 || sources[i].second != answers || !sources[i].first->process)
          continue;
        answers ? read_answers(*sources[i].first) : read_log(*sources[i].first);
      }
    }
    for (Slot& slot : slots_) {
      if (slot.process && slot.file && Clock::now() >= slot.deadline) time_out(slot);
    }
  }

  void read_log(Slot& slot) {
    char buffer[4096];
    for (;;) {
      const ssize_t n = ::read(slot.process->prints(), buffer, sizeof buffer);
      if (n < 0) return;
      if (n == 0) {
        slot.log_closed = true;
        return;
      }
      slot.log.append(buffer, static_cast<std::size_t>(n));
      if (slot.log.size() > kLongestLog) slot.log.erase(0, slot.log.size() - kLongestLog);
      if (callbacks_.on_log) callbacks_.on_log(std::string(buffer, static_cast<std::size_t>(n)));
    }
  }

  void read_answers(Slot& slot) {
    char buffer[1 << 16];
    for (;;) {
      const ssize_t n = ::read(slot.process->answers(), buffer, sizeof buffer);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (n <= 0) return worker_ended(slot);
      const std::size_t searched = slot.answers.size();
      slot.answers.append(buffer, static_cast<std::size_t>(n));
      std::size_t from = 0;
      for (std::size_t end;
           (end = slot.answers.find('\n', std::max(from, searched))) != std::string::npos;
           from = end + 1) {
        take_message(slot, slot.answers.substr(from, end - from));
        if (!slot.process || fatal_) return;
      }
      slot.answers.erase(0, from);
    }
  }

  void take_message(Slot& slot, const std::string& line) {
    Result<WorkerMessage> message = decode_message(line);
    if (!message) return distrust(slot, message.error());
    switch (message->kind) {
      case WorkerMessage::Kind::kReady:
        slot.ready = true;
        if (message->protocol != kProtocol) {
          fatal_ = Error{ErrorCode::kUnavailable,
                         options_.worker + " is of another version than this program",
                         "build or install both together"};
        }
        return;
      case WorkerMessage::Kind::kProgress:
        slot.began = true;
        if (callbacks_.on_progress && slot.file) callbacks_.on_progress(*slot.file, message->text);
        return;
      case WorkerMessage::Kind::kAnswer:
        if (!slot.file || message->id != static_cast<std::int64_t>(*slot.file) ||
            !message->answer) {
          return distrust(slot, answered_wrongly(*message));
        }
        return finish(slot, std::move(*message->answer));
    }
  }

  /// What to say of an answer that is for another file than the worker was given. One that could
  /// not read its request says why under the id -1.
  static Error answered_wrongly(const WorkerMessage& message) {
    if (message.id == -1 && message.answer && !*message.answer) return message.answer->error();
    return {ErrorCode::kInternal, "the worker answered a request that it was not given",
            "please report it"};
  }

  /// Ends a worker that does not keep to the protocol: its next answer could be meant for any file.
  void distrust(Slot& slot, Error why) {
    slot.process->stop();
    slot.process.reset();
    finish(slot, std::move(why));
  }

  void finish(Slot& slot, Result<LoadAnswer> answer) {
    if (!slot.file) return;
    const std::size_t index = *slot.file;
    slot.file.reset();
    ++slot.answered;
    slot.deadline = Clock::time_point::max();
    ++done_;
    callbacks_.on_outcome({index, std::move(answer)});
  }

  void worker_ended(Slot& slot) {
    const std::string how = slot.process->reap();
    const bool was_ready = slot.ready;
    slot.process.reset();
    if (!was_ready) {
      fatal_ = Error{ErrorCode::kUnavailable,
                     options_.worker + " did not start: " + how +
                         (slot.log.empty() ? "" : ": " + last_line(slot.log)),
                     "check that LibTorch is where it was when this was built, and that "
                     "--memory-limit leaves it 128 MiB"};
      return;
    }
    if (slot.file && !slot.began &&
        slot.answered > 0) {  // what ended it came before this file: a fresh worker may read it
      again_.push_back(*std::exchange(slot.file, std::nullopt));
      return;
    }
    finish(slot, Error{ErrorCode::kMalformed, "the worker died while reading it: " + how,
                       "the file is damaged or hostile; please report it if it loads in PyTorch"});
  }

  void time_out(Slot& slot) {
    slot.process->stop();
    slot.process.reset();
    finish(slot, Error{ErrorCode::kLimitExceeded, "reading it took longer than the limit allows",
                       "raise --timeout if the file is trusted"});
  }

  static std::string last_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  }

  const std::vector<std::string>& paths_;
  const PoolOptions& options_;
  const PoolCallbacks& callbacks_;
  std::vector<Slot> slots_;
  std::size_t next_ = 0, done_ = 0;
  std::vector<std::size_t>
      again_;  ///< files given to a worker that ended before it began with them
  std::optional<Error> fatal_;
};

}  // namespace

Result<Unit> load_with_workers(const std::vector<std::string>& paths, const PoolOptions& options,
                               const PoolCallbacks& callbacks) {
  return Pool(paths, options, callbacks).run();
}

}  // namespace tally::inspector
