#include <app/read_config.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tally::app {
namespace {

constexpr const char* kHint = "give the config.json of a Hugging Face model";

Error not_read(const std::string& path, const std::string& what, int error) {
  return {ErrorCode::kNotFound, path + ": cannot be " + what + ": " + std::strerror(error), kHint};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::string> read_config(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) return not_read(path, "opened", errno);
  // A pipe has no size to ask for: read until there is no more.
  std::string text;
  char block[1 << 16];
  while (true) {
    const ssize_t n = read(file.get(), block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return not_read(path, "read", errno);
    if (n == 0) return text;
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > kMostConfigBytes) {
      return Error{ErrorCode::kLimitExceeded,
                   path + ": more than 16 MiB, too large for a config.json", kHint};
    }
  }
}

}  // namespace tally::app
