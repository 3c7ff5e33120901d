#include <inspector/process/child_processes.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>
#include <vector>

namespace tally::inspector {
namespace {

constexpr std::size_t kLongestLog =
    4096;  // kept of what a child prints, for the error that it may explain

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// One answer that is too large for this process costs no other.
template <class Deed>
bool there_is_memory_to(const Deed& deed) try {
  deed();
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace

Result<ChildProcesses::Id> ChildProcesses::start(const ChildProgram& program, ChildEvents events) {
  Result<ChildProcess> process = ChildProcess::start(program);
  if (!process) return process.error();
  children_.emplace(next_, Child{std::move(*process), std::move(events), {}, {}});
  return next_++;
}

void ChildProcesses::send(Id id, std::string_view request, int descriptor) {
  Child& child = children_.at(id);
  child.refuses = !child.process.send(request, descriptor);
}

void ChildProcesses::set_time_limit(Id id, double seconds) {
  children_.at(id).deadline = seconds <= 0
                                  ? Clock::time_point::max()
                                  : Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                       std::chrono::duration<double>(seconds));
}

int ChildProcesses::milliseconds_left() const {
  auto first = Clock::time_point::max();
  for (const auto& [id, child] : children_) {
    if (child.refuses) return 0;
    first = std::min(first, child.deadline);
  }
  if (first == Clock::time_point::max()) return -1;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(first - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 60'000));
}

void ChildProcesses::wait() {
  if (children_.empty()) return;
  std::vector<pollfd> polled;
  std::vector<Id> ids;
  for (const auto& [id, child] : children_) {
    polled.push_back({child.process.answers(), POLLIN, 0});
    polled.push_back({child.log_closed ? -1 : child.process.prints(), POLLIN, 0});
    ids.push_back(id);
  }
  if (::poll(polled.data(), polled.size(), milliseconds_left()) < 0) return;  // EINTR
  for (std::size_t i = 0; i < ids.size(); ++i) {
    // What is called back may stop any child.
    if (polled[2 * i + 1].revents != 0) read_log(ids[i]);
    if (polled[2 * i].revents != 0) read_answers(ids[i]);
    const auto found = children_.find(ids[i]);
    if (found == children_.end()) continue;
    if (Clock::now() >= found->second.deadline) {
      lose(ids[i], ChildLoss::Cause::kTimedOut);
    } else if (found->second.refuses && polled[2 * i].revents == 0) {
      lose(ids[i], ChildLoss::Cause::kBrokeProtocol);
    }
  }
}

void ChildProcesses::read_log(Id id) {
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  Child& child = found->second;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(child.process.prints(), buffer, sizeof buffer);
    if (n < 0) return;
    if (n == 0) {
      child.log_closed = true;
      return;
    }
    const std::string text(buffer, static_cast<std::size_t>(n));
    child.log += text;
    if (child.log.size() > kLongestLog) child.log.erase(0, child.log.size() - kLongestLog);
    if (child.events.on_log) child.events.on_log(text);
  }
}

void ChildProcesses::read_answers(Id id) {
  static char buffer[1 << 16];
  for (auto found = children_.find(id); found != children_.end(); found = children_.find(id)) {
    const ssize_t n = ::read(found->second.process.answers(), buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0)
      return lose(id,
                  found->second.ready ? ChildLoss::Cause::kDied : ChildLoss::Cause::kDidNotStart);
    if (!there_is_memory_to([&] {
          found->second.frames.add({buffer, static_cast<std::size_t>(n)});
        }))
      return lose(id, ChildLoss::Cause::kTooLarge);
    if (!take_frames(id)) return;
  }
}

bool ChildProcesses::take_frames(Id id) {
  for (auto found = children_.find(id); found != children_.end(); found = children_.find(id)) {
    Child& child = found->second;
    Result<std::optional<Frame>> next = std::optional<Frame>();
    if (!there_is_memory_to([&] { next = child.frames.next(); })) {
      lose(id, ChildLoss::Cause::kTooLarge);
      return false;
    }
    if (next && !*next) return true;
    const bool is_ready = next && (*next)->kind == Frame::Kind::kReady;
    if (!next || is_ready == child.ready) {
      lose(id, ChildLoss::Cause::kBrokeProtocol);
      return false;
    }
    if (!is_ready) {
      // A copy: what is called may end the child, and with it the function.
      const auto on_frame = child.events.on_frame;
      if (on_frame) on_frame(std::move(**next));
    } else if ((*next)->id == kProtocol) {
      child.ready = true;
    } else {
      lose(id, ChildLoss::Cause::kOtherVersion);
      return false;
    }
  }
  return false;
}

void ChildProcesses::lose(Id id, ChildLoss::Cause cause) {
  read_log(id);
  auto node = children_.extract(id);
  if (node.empty()) return;
  Child& child = node.mapped();
  ChildLoss loss;
  loss.cause = cause;
  loss.said = last_line(child.log);
  if (cause == ChildLoss::Cause::kDied || cause == ChildLoss::Cause::kDidNotStart)
    loss.end = child.process.reap();
  else
    child.process.stop();
  if (loss.end.why == ChildEnd::Why::kForbidden && !loss.said.empty())
    loss.end.text += ": it " + loss.said;
  if (child.events.on_loss) child.events.on_loss(loss);
}

}  // namespace tally::inspector
