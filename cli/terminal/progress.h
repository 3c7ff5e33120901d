// Progress on stderr, for a person who waits: only on a terminal, only after half a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace tally::cli {

/// One line that is rewritten in place and removed at the end: "12/40 files, 31.0/s, 0.9 s left:
/// reading model.pt".
class Progress {
 public:
  explicit Progress(std::size_t files);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void stage(const std::string& path, const std::string& stage);
  void done(const std::string& path);

 private:
  void show(const std::string& what);

  std::chrono::steady_clock::time_point start_;
  std::size_t files_, done_ = 0;
  bool enabled_, shown_ = false;
};

}  // namespace tally::cli
