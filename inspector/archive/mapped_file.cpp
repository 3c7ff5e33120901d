#include <fcntl.h>
#include <inspector/archive/mapped_file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tally::inspector {

Result<MappedFile> MappedFile::open(const std::string& path) {
  const auto refuse = [](std::string what, std::string hint) {
    return Error{ErrorCode::kNotFound, std::move(what), std::move(hint)};
  };
  // Non-blocking: opening a named pipe must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const int cause = errno;
    return refuse(
        cause == ENOENT ? "no such file" : std::string("cannot be opened: ") + std::strerror(cause),
        cause == ENOENT ? "check the path" : "check the file's permissions");
  }
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  void* address = MAP_FAILED;
  if (known && S_ISREG(status.st_mode) && status.st_size > 0) {
    address =
        ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  }
  const int cause = errno;
  ::close(fd);
  if (!known) return refuse(std::string("cannot be examined: ") + std::strerror(cause), "");
  if (S_ISDIR(status.st_mode)) {
    return refuse("is a folder; a model file was expected",
                  "name the files in it, for example FOLDER/*.pt");
  }
  if (!S_ISREG(status.st_mode)) {
    return refuse("is not a regular file (a pipe or a device)", "save it to a file first");
  }
  if (status.st_size == 0) {
    return Error{ErrorCode::kNotAModel, "the file is empty", "export or copy the model again"};
  }
  if (address == MAP_FAILED)
    return refuse(std::string("cannot be mapped: ") + std::strerror(cause), "");
  ::madvise(address, static_cast<std::size_t>(status.st_size), MADV_RANDOM);
  return MappedFile({static_cast<const char*>(address), static_cast<std::size_t>(status.st_size)});
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace tally::inspector
