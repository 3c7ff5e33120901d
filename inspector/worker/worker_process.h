// WorkerProcess: one running torchtally-worker and its pipes.
#pragma once

#include <base/result.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tally::inspector {

/// How a worker ended.
struct WorkerEnd {
  std::string text;           ///< "it was ended by signal 11 (Segmentation fault)"
  std::optional<int> signal;  ///< that ended it; nothing: it exited, or was stopped
};

/// A child process in a group of its own, killed and reaped when the object goes.
class WorkerProcess {
 public:
  static Result<WorkerProcess> start(const std::string& executable,
                                     std::int64_t memory_limit_bytes);

  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess() { stop(); }

  int answers() const { return answers_; }  ///< to be polled; non-blocking
  int prints() const { return prints_; }    ///< its stdout and stderr; non-blocking

  /// Writes a whole line; false where the worker is gone.
  bool send(const std::string& line);

  /// After its answers have ended: reaps it and returns how it ended.
  WorkerEnd reap();

  /// Kills the whole group and reaps it.
  void stop();

 private:
  WorkerProcess() = default;
  void close_pipes();
  pid_t pid_ = -1;
  int requests_ = -1, answers_ = -1, prints_ = -1;
};

}  // namespace tally::inspector
