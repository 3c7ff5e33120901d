#include <cli/terminal/progress.h>
#include <cli/terminal/terminal.h>
#include <report/printable.h>
#include <unistd.h>

#include <cstdio>

namespace tally::cli {
using namespace report;

Progress::Progress(std::size_t files)
    : start_(std::chrono::steady_clock::now()),
      files_(files),
      enabled_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_) static_cast<void>(write_all(STDERR_FILENO, "\r\x1b[K"));
}

void Progress::stage(const std::string& path, const std::string& stage) {
  show(stage + " " + path);
}

void Progress::done(const std::string& path) {
  ++done_;
  show(path);
}

void Progress::show(const std::string& what) {
  if (!enabled_) return;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (seconds < 0.5) return;
  char rate[96] = "";
  if (done_ > 0) {
    const double per_second = static_cast<double>(done_) / seconds;
    std::snprintf(rate, sizeof rate, ", %.1f/s, %.1f s left", per_second,
                  static_cast<double>(files_ - done_) / per_second);
  }
  const std::string line = std::to_string(done_) + "/" + std::to_string(files_) + " files" + rate +
                           ": " + printable(what);
  static_cast<void>(write_all(STDERR_FILENO, "\r\x1b[K" + line.substr(0, 200)));
  shown_ = true;
}

}  // namespace tally::cli
