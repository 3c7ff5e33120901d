#include <fcntl.h>
#include <inspector/archive/byte_source.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace tally::inspector {
namespace {

/// Files up to this size are read whole: that takes less than the forty ranges that are read of an
/// archive.
constexpr std::int64_t kSmallBytes = 1 << 16;

Error refuse(std::string what, std::string hint) {
  return {ErrorCode::kNotFound, std::move(what), std::move(hint)};
}

/// The size of a regular file that holds something.
Result<std::int64_t> size_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    return refuse(std::string("cannot be examined: ") + std::strerror(errno), "");
  if (S_ISDIR(status.st_mode)) {
    return refuse("is a folder; a model file was expected",
                  "name the files in it, for example FOLDER/*.pt");
  }
  if (!S_ISREG(status.st_mode))
    return refuse("is not a regular file (a pipe or a device)", "save it to a file first");
  if (status.st_size == 0)
    return Error{ErrorCode::kNotAModel, "the file is empty", "export or copy the model again"};
  return static_cast<std::int64_t>(status.st_size);
}

Error unreadable(std::int64_t offset) {
  return {ErrorCode::kMalformed,
          "byte " + std::to_string(offset) +
              " and those behind it cannot be read: the file changed, or its disk failed",
          "read it again when nothing writes to it"};
}

}  // namespace

Result<std::string> ByteSource::read(std::int64_t offset, std::int64_t bytes) const {
  if (offset < 0 || bytes < 0 || offset > size() || bytes > size() - offset) {
    return Error{ErrorCode::kMalformed, "the file ends before byte " + std::to_string(offset),
                 "the file is damaged; export or copy the model again"};
  }
  std::string data(static_cast<std::size_t>(bytes), '\0');
  if (!fill(offset, data.data(), data.size())) return unreadable(offset);
  return data;
}

bool MemorySource::fill(std::int64_t offset, char* into, std::size_t bytes) const {
  std::memcpy(into, bytes_.data() + offset, bytes);
  return true;
}

Result<FileSource> FileSource::open(const std::string& path) {
  const Result<int> descriptor = open_model_file(path);
  if (!descriptor) return descriptor.error();
  return take(*descriptor);
}

Result<FileSource> FileSource::take(int descriptor) {
  const Result<std::int64_t> size = size_of(descriptor);
  if (!size) {
    ::close(descriptor);
    return size.error();
  }
  FileSource source(descriptor, *size);
  if (*size <= kSmallBytes) {
    std::string whole(static_cast<std::size_t>(*size), '\0');
    if (!source.fill(0, whole.data(), whole.size())) return unreadable(0);
    source.whole_ = std::move(whole);
  } else {
    // No reading ahead: what is needed of a file of gigabytes is a few kilobytes here and there.
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM);
  }
  return source;
}

FileSource::FileSource(FileSource&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      whole_(std::move(other.whole_)) {}

FileSource& FileSource::operator=(FileSource&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(whole_, other.whole_);
  return *this;
}

FileSource::~FileSource() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FileSource::expect(std::int64_t offset, std::int64_t bytes) const {
  if (whole_.empty()) ::posix_fadvise(descriptor_, offset, bytes, POSIX_FADV_WILLNEED);
}

bool FileSource::fill(std::int64_t offset, char* into, std::size_t bytes) const {
  if (!whole_.empty()) {
    std::memcpy(into, whole_.data() + offset, bytes);
    return true;
  }
  while (bytes > 0) {
    const ssize_t n = ::pread(descriptor_, into, bytes, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    into += n;
    offset += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}

Result<int> open_model_file(const std::string& path) {
  // Non-blocking: opening a named pipe must not wait for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    const int cause = errno;
    return refuse(
        cause == ENOENT ? "no such file" : std::string("cannot be opened: ") + std::strerror(cause),
        cause == ENOENT ? "check the path" : "check the file's permissions");
  }
  const Result<std::int64_t> size = size_of(descriptor);
  if (size) return descriptor;
  ::close(descriptor);
  return size.error();
}

}  // namespace tally::inspector
