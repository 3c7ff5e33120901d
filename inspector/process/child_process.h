// ChildProcess: one running torchtally-reader or torchtally-worker and what connects it.
#pragma once

#include <base/result.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

/// How a child ended.
struct ChildEnd {
  enum class Why {
    kUnknown,
    kForbidden,    ///< its sandbox ended it; the last line that it printed tells the deed
    kOutOfMemory,  ///< it had no memory to go on with
    kFromOutside,  ///< by a signal that none sends itself: the system, or a person
  };
  std::string text;           ///< "it was ended by signal 11 (Segmentation fault)"
  std::optional<int> signal;  ///< that ended it; nothing: it exited, or was stopped
  Why why = Why::kUnknown;
};

/// What to start.
struct ChildProgram {
  std::string executable;
  std::int64_t memory_limit_bytes = 0;   ///< of its heap; 0: none
  std::vector<std::string> environment;  ///< "NAME=value" where the name is not set already
};

/// A child process in a group of its own, killed and reaped when the object goes.
class ChildProcess {
 public:
  static Result<ChildProcess> start(const ChildProgram& program);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess() { stop(); }

  int answers() const { return answers_; }  ///< to be polled; non-blocking
  int prints() const { return prints_; }    ///< its stdout and stderr; non-blocking

  /// Sends one request, with `descriptor` where that is none of -1; false where the child is gone
  /// or the request too long.
  bool send(std::string_view request, int descriptor = -1);

  /// After its answers have ended: reaps it and returns how it ended.
  ChildEnd reap();

  /// Kills the whole group and reaps it.
  void stop();

 private:
  ChildProcess() = default;
  void close_all();
  pid_t pid_ = -1;
  int requests_ = -1, answers_ = -1, prints_ = -1;
};

}  // namespace tally::inspector
