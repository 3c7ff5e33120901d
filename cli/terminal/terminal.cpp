#include <cli/terminal/terminal.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace tally::cli {
using namespace report;
namespace {

/// The variable's value; empty where it is not set.
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

int terminal_width(int descriptor) {
  const int columns = std::atoi(std::string(environment("COLUMNS")).c_str());
  if (columns > 0) return columns;
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void raise_limit(decltype(RLIMIT_STACK) resource, rlim_t wanted) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  static_cast<void>(setrlimit(resource, &limit));
}

}  // namespace

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  constexpr rlim_t kEnoughStack = 8 << 20;  // what a shell gives; none of ours goes deep
  raise_limit(RLIMIT_STACK, kEnoughStack);
  constexpr rlim_t kEnoughDescriptors = 4096;  // for 256 children
  raise_limit(RLIMIT_NOFILE, kEnoughDescriptors);
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) {
      // open() takes the lowest number that is free: this one. The wrong way round, so that its use
      // is an error as it would be on a closed one.
      if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) == -1) return;
    }
  }
}

bool locale_is_utf8() {
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    locale = environment(name);
    if (!locale.empty()) break;
  }
  std::string letters;
  for (const char c : locale) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return letters.find("utf8") != std::string::npos;
}

TextStyle stdout_style(const std::string& color) {
  TextStyle style;
  style.unicode = locale_is_utf8();
  const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  if (color == "auto") {
    style.color = is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  } else {
    style.color = color == "always";
  }
  if (is_terminal) {
    style.bars = true;
    style.width = terminal_width(STDOUT_FILENO);
  }
  return style;
}

int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

Result<Unit> write_to_stdout(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0 || error == EPIPE) return Unit{};
  if (error == EBADF) {
    return Error{ErrorCode::kUnavailable, "cannot write to stdout: it is closed",
                 "where only the files of -o matter, redirect it to /dev/null"};
  }
  return Error{ErrorCode::kUnavailable,
               std::string("cannot write to stdout: ") + std::strerror(error),
               "check where stdout is redirected to, or write to a file with -o"};
}

}  // namespace tally::cli
