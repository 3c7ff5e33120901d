// ChildProcesses: several children and the one loop that talks with them all.
#pragma once

#include <base/result.h>
#include <inspector/process/child_process.h>
#include <inspector/process/frames.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tally::inspector {

/// Why there is no more to come from a child.
struct ChildLoss {
  enum class Cause { kDidNotStart, kOtherVersion, kDied, kTimedOut, kBrokeProtocol, kTooLarge };
  Cause cause = Cause::kDied;
  ChildEnd end;      ///< kDidNotStart, kDied: how
  std::string said;  ///< the last line that it printed
};

/// What a child's owner hears of it. Functions may be empty; any may start, stop and send to
/// children.
struct ChildEvents {
  std::function<void(Frame frame)> on_frame;            ///< progress, answers and errors
  std::function<void(const ChildLoss& loss)> on_loss;   ///< the last that is heard
  std::function<void(const std::string& text)> on_log;  ///< what it prints, as it comes
};

class ChildProcesses {
 public:
  using Id = std::size_t;

  /// Starts a child; its events come from wait().
  Result<Id> start(const ChildProgram& program, ChildEvents events);

  /// Sends a request. A child that cannot take it is lost: wait() tells.
  void send(Id child, std::string_view request, int descriptor = -1);

  /// Has the child end kTimedOut unless this is called again within `seconds`; 0: never.
  void set_time_limit(Id child, double seconds);

  /// Ends a child without further events.
  void stop(Id child) { children_.erase(child); }

  /// Waits until a child says something, ends or takes too long, and calls back. Returns at once
  /// where there is none.
  void wait();

 private:
  using Clock = std::chrono::steady_clock;
  struct Child {
    ChildProcess process;
    ChildEvents events;
    FrameReader frames;
    std::string log;  ///< the last of what it printed
    bool ready = false, log_closed = false, refuses = false;
    Clock::time_point deadline = Clock::time_point::max();
  };

  int milliseconds_left() const;
  void read_log(Id id);
  void read_answers(Id id);
  /// False where the child is gone.
  bool take_frames(Id id);
  void lose(Id id, ChildLoss::Cause cause);

  std::map<Id, Child> children_;
  Id next_ = 0;
};

}  // namespace tally::inspector
