#include <cli/terminal/terminal.h>
#include <fcntl.h>
#include <sys/ioctl.h>
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

}  // namespace

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) {
      // open() takes the lowest number that is free: this one.
      if (open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY) == -1) return;
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
  return Error{ErrorCode::kUnavailable,
               std::string("cannot write to stdout: ") + std::strerror(error),
               "check where stdout is redirected to, or write to a file with -o"};
}

}  // namespace tally::cli
