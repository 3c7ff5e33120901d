#include <inspector/worker/ignore_sigpipe.h>
#include <inspector/worker/messages.h>
#include <inspector/worker/probe_client.h>
#include <inspector/worker/worker_process.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <variant>

namespace tally::inspector {
namespace {

using Clock = std::chrono::steady_clock;

/// How a conversation ended: with the worker's answer, or with its end, told in words.
using Outcome = std::variant<WorkerMessage, Error, std::string>;

class Conversation {
 public:
  Conversation(WorkerProcess process, const ProbeClientOptions& options)
      : process_(std::move(process)), options_(options) {
    if (options.timeout_seconds > 0) {
      deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(options.timeout_seconds));
    }
  }

  Outcome ask(const std::string& request) {
    process_.send(request);  // a failure shows as the end of its answers
    while (!outcome_) {
      pollfd polled[] = {{process_.answers(), POLLIN, 0},
                         {log_open_ ? process_.prints() : -1, POLLIN, 0}};
      if (::poll(polled, 2, milliseconds_left()) < 0) continue;  // EINTR
      if (polled[1].revents != 0) read_log();
      if (polled[0].revents != 0) read_answers();
      if (!outcome_ && deadline_ && Clock::now() >= *deadline_) {
        process_.stop();
        return "it took longer than --timeout allows";
      }
    }
    return std::move(*outcome_);
  }

  const std::string& phase() const { return phase_; }
  std::optional<int> signal() const { return signal_; }
  const std::optional<ProbeResult>& so_far() const { return so_far_; }

 private:
  int milliseconds_left() const {
    if (!deadline_) return -1;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(*deadline_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 60'000));
  }

  void read_log() {
    char buffer[4096];
    for (;;) {
      const ssize_t n = ::read(process_.prints(), buffer, sizeof buffer);
      if (n < 0) return;
      if (n == 0) {
        log_open_ = false;
        return;
      }
      if (options_.on_log) options_.on_log(std::string(buffer, static_cast<std::size_t>(n)));
    }
  }

  void read_answers() {
    char buffer[1 << 16];
    for (;;) {
      const ssize_t n = ::read(process_.answers(), buffer, sizeof buffer);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (n <= 0) {
        const WorkerEnd end = process_.reap();
        signal_ = end.signal;
        outcome_ = ended(end.text);
        return;
      }
      // A snapshot is one line of megabytes: each byte is looked at once.
      std::size_t from = pending_.size();
      pending_.append(buffer, static_cast<std::size_t>(n));
      for (std::size_t end; !outcome_ && (end = pending_.find('\n', from)) != std::string::npos;
           from = 0) {
        take(pending_.substr(0, end));
        pending_.erase(0, end + 1);
      }
      if (outcome_) return;
    }
  }

  void take(const std::string& line) {
    Result<WorkerMessage> message = decode_message(line);
    if (!message) {
      outcome_ = message.error();
    } else if (message->kind == WorkerMessage::Kind::kReady) {
      ready_ = true;
      if (message->protocol != kProtocol) {
        outcome_ = Error{ErrorCode::kUnavailable,
                         options_.worker + " is of another version than this program",
                         "build or install both together"};
      }
    } else if (message->kind == WorkerMessage::Kind::kProgress) {
      phase_ = message->text;
      if (message->probe) so_far_ = std::move(message->probe);
      if (options_.on_phase) options_.on_phase(phase_);
    } else if (message->answer && !*message->answer) {
      outcome_ = message->answer->error();
    } else {
      outcome_ = std::move(*message);
    }
  }

  Outcome ended(const std::string& how) const {
    if (ready_) return how;
    return Error{ErrorCode::kUnavailable, options_.worker + " did not start: " + how,
                 "check that LibTorch is where it was when this was built"};
  }

  WorkerProcess process_;
  const ProbeClientOptions& options_;
  std::optional<Clock::time_point> deadline_;
  std::string pending_, phase_;
  std::optional<ProbeResult> so_far_;
  std::optional<int> signal_;  ///< that ended the worker
  bool ready_ = false, log_open_ = true;
  std::optional<Outcome> outcome_;
};

ProbeResult killed(const ProbeRequest& request, const Conversation& conversation,
                   const std::string& how) {
  ProbeResult result = conversation.so_far().value_or(ProbeResult{});
  if (!conversation.so_far()) result.used_device = request.device;
  if (result.kind.empty()) result.kind = "not measured";
  const std::string& phase = conversation.phase();
  result.failure = ProbeFailure{
      ProbeFailure::Kind::kKilled, phase.empty() ? "starting" : phase, how, {}, {}, {}};
  result.failure->signal = conversation.signal();
  return result;
}

Error wrong_answer() {
  return {ErrorCode::kInternal, "the worker answered a request that it was not given",
          "please report it"};
}

}  // namespace

Result<ProbeResult> probe_in_worker(const ProbeRequest& request,
                                    const ProbeClientOptions& options) {
  const IgnoreSigpipe guard;
  Result<WorkerProcess> process = WorkerProcess::start(options.worker, options.memory_limit_bytes);
  if (!process) return process.error();
  Conversation conversation(std::move(*process), options);
  Outcome outcome = conversation.ask(encode(ProbeCall{0, request}));
  if (const auto* error = std::get_if<Error>(&outcome)) return *error;
  if (const auto* how = std::get_if<std::string>(&outcome))
    return killed(request, conversation, *how);
  auto& message = std::get<WorkerMessage>(outcome);
  if (!message.probe) return wrong_answer();
  return std::move(*message.probe);
}

Result<DeviceReport> list_devices_in_worker(bool largest_block, const ProbeClientOptions& options) {
  const IgnoreSigpipe guard;
  Result<WorkerProcess> process = WorkerProcess::start(options.worker, 0);
  if (!process) return process.error();
  Outcome outcome =
      Conversation(std::move(*process), options).ask(encode(DevicesCall{0, largest_block}));
  if (const auto* error = std::get_if<Error>(&outcome)) return *error;
  if (const auto* how = std::get_if<std::string>(&outcome)) {
    return Error{ErrorCode::kUnavailable, "the worker died while it looked at the devices: " + *how,
                 "please report it"};
  }
  auto& message = std::get<WorkerMessage>(outcome);
  if (!message.devices) return wrong_answer();
  return std::move(*message.devices);
}

}  // namespace tally::inspector
