#include <app/read_text.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tally::app {
namespace {

Error not_read(const std::string& path, const std::string& what, int error, const char* hint) {
  return {ErrorCode::kNotFound, path + ": cannot be " + what + ": " + std::strerror(error), hint};
}

constexpr int kWriterSeconds = 5, kSilentSeconds = 60;

/// Waits for bytes, or for the end, of a pipe; false where neither comes in time.
bool wait_for_bytes(int descriptor, int seconds) {
  pollfd waited{descriptor, POLLIN, 0};
  int ready = 0;
  do ready = poll(&waited, 1, seconds * 1000);
  while (ready < 0 && errno == EINTR);
  return ready != 0;
}

Result<std::string> read_all(int descriptor, const std::string& path, const TextKind& kind) {
  // A pipe has no size to ask for: read until there is no more.
  std::string text;
  char block[1 << 16];
  bool has_waited = false;
  while (true) {
    const ssize_t n = read(descriptor, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (wait_for_bytes(descriptor, kSilentSeconds)) continue;
      return Error{
          ErrorCode::kNotFound,
          path + ": nothing came through this pipe for " + std::to_string(kSilentSeconds) + " s",
          kind.hint};
    }
    if (n < 0) return not_read(path, "read", errno, kind.hint);
    if (n == 0 && text.empty() && !std::exchange(has_waited, true)) {
      // A named pipe that nobody has opened for writing reads as empty.
      if (wait_for_bytes(descriptor, kWriterSeconds)) continue;
      return Error{ErrorCode::kNotFound, path + ": is a pipe that nobody writes to", kind.hint};
    }
    if (n == 0) return text;
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > kind.most_bytes)
      return Error{ErrorCode::kLimitExceeded, path + ": " + kind.too_large, kind.hint};
  }
}

}  // namespace

Result<std::string> read_text(const std::string& path, const TextKind& kind) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor < 0) return not_read(path, "opened", errno, kind.hint);
  Result<std::string> text = read_all(descriptor, path, kind);
  close(descriptor);
  return text;
}

Result<std::string> read_stdin(const TextKind& kind) {
  return read_all(STDIN_FILENO, "stdin", kind);
}

}  // namespace tally::app
