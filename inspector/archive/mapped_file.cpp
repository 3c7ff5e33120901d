#include <inspector/archive/byte_source.h>
#include <inspector/archive/mapped_file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tally::inspector {

Result<MappedFile> MappedFile::open(const std::string& path) {
  const Result<int> descriptor = open_model_file(path);
  if (!descriptor) return descriptor.error();
  struct stat status {};
  void* address = MAP_FAILED;
  if (::fstat(*descriptor, &status) == 0) {
    address = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE,
                     *descriptor, 0);
  }
  const int cause = errno;
  ::close(*descriptor);
  if (address == MAP_FAILED) {
    return Error{ErrorCode::kNotFound, std::string("cannot be mapped: ") + std::strerror(cause),
                 ""};
  }
  ::madvise(address, static_cast<std::size_t>(status.st_size), MADV_RANDOM);
  return MappedFile({static_cast<const char*>(address), static_cast<std::size_t>(status.st_size)});
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace tally::inspector
