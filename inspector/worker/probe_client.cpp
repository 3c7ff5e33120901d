#include <inspector/process/child_processes.h>
#include <inspector/worker/messages.h>
#include <inspector/worker/probe_client.h>
#include <inspector/worker/worker_program.h>

#include <optional>
#include <variant>

namespace tally::inspector {
namespace {

/// How a conversation ended: with the body of the worker's answer, why there is none, or with the
/// worker's end.
using Outcome = std::variant<std::string, Error, ChildLoss>;

/// The one request of a worker's life.
class Conversation {
 public:
  explicit Conversation(const ProbeClientOptions& options) : options_(options) {}

  Outcome ask(const std::string& request, std::int64_t memory_limit_bytes) {
    ChildProcesses children;
    ChildEvents events;
    std::optional<ChildProcesses::Id> child;
    events.on_frame = [&](Frame frame) {
      children.set_time_limit(*child, options_.seconds_per_phase);
      take(std::move(frame));
    };
    events.on_loss = [this](const ChildLoss& loss) { outcome_ = judged(loss); };
    events.on_log = options_.on_log;
    const auto started =
        children.start(worker_program(options_.worker, memory_limit_bytes), std::move(events));
    if (!started) return started.error();
    child = *started;
    children.set_time_limit(*child, options_.seconds_per_phase);
    children.send(*child, request);
    while (!outcome_) children.wait();
    return std::move(*outcome_);
  }

  const std::string& phase() const { return phase_; }
  const std::optional<ProbeResult>& so_far() const { return so_far_; }

 private:
  void take(Frame frame) {
    if (outcome_) return;
    if (frame.kind == Frame::Kind::kError) {
      outcome_ = error_of(frame);
    } else if (frame.kind == Frame::Kind::kAnswer) {
      outcome_ = std::move(frame.body);
    } else if (Result<ProbeProgress> progress = decode_probe_progress(frame.body); !progress) {
      outcome_ = progress.error();
    } else {
      phase_ = progress->phase;
      so_far_ = std::move(progress->so_far);
      if (options_.on_phase) options_.on_phase(phase_);
    }
  }

  Outcome judged(const ChildLoss& loss) const {
    switch (loss.cause) {
      case ChildLoss::Cause::kDidNotStart:
        return Error{ErrorCode::kUnavailable,
                     options_.worker + " did not start: " + loss.end.text +
                         (loss.said.empty() ? "" : ": " + loss.said),
                     kWorkerStartHint};
      case ChildLoss::Cause::kOtherVersion:
        return Error{ErrorCode::kUnavailable,
                     options_.worker + " is of another version than this program",
                     "build or install both together"};
      case ChildLoss::Cause::kBrokeProtocol:
        return Error{ErrorCode::kInternal,
                     "the worker does not keep to the protocol of this program",
                     "both must come from the same build"};
      case ChildLoss::Cause::kTooLarge:
        return Error{ErrorCode::kLimitExceeded,
                     "there is no memory to take what the worker measured", "free some memory"};
      case ChildLoss::Cause::kTimedOut:
      case ChildLoss::Cause::kDied:
        break;
    }
    return loss;
  }

  const ProbeClientOptions& options_;
  std::string phase_;
  std::optional<ProbeResult> so_far_;
  std::optional<Outcome> outcome_;
};

std::string told(const ChildLoss& loss) {
  return loss.cause == ChildLoss::Cause::kTimedOut ? "it took longer than --timeout allows"
                                                   : loss.end.text;
}

ProbeResult killed(const ProbeRequest& request, const Conversation& conversation,
                   const ChildLoss& loss) {
  ProbeResult result = conversation.so_far().value_or(ProbeResult{});
  if (!conversation.so_far()) result.used_device = request.device;
  if (result.kind.empty()) result.kind = "not measured";
  const std::string& phase = conversation.phase();
  result.failure = ProbeFailure{
      ProbeFailure::Kind::kKilled, phase.empty() ? "starting" : phase, told(loss), {}, {}, {}};
  result.failure->signal = loss.end.signal;
  return result;
}

}  // namespace

Result<ProbeResult> probe_in_worker(const ProbeRequest& request,
                                    const ProbeClientOptions& options) {
  Conversation conversation(options);
  const Outcome outcome =
      conversation.ask(encode(ProbeCall{0, request}), options.memory_limit_bytes);
  if (const auto* error = std::get_if<Error>(&outcome)) return *error;
  if (const auto* loss = std::get_if<ChildLoss>(&outcome))
    return killed(request, conversation, *loss);
  return decode_probe_result(std::get<std::string>(outcome));
}

Result<DeviceReport> list_devices_in_worker(bool largest_block, const ProbeClientOptions& options) {
  const Outcome outcome = Conversation(options).ask(encode(DevicesCall{0, largest_block}), 0);
  if (const auto* error = std::get_if<Error>(&outcome)) return *error;
  if (const auto* loss = std::get_if<ChildLoss>(&outcome)) {
    return Error{ErrorCode::kUnavailable,
                 "the worker died while it looked at the devices: " + told(*loss),
                 "please report it"};
  }
  return decode_devices(std::get<std::string>(outcome));
}

}  // namespace tally::inspector
