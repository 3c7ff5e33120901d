// MappedFile: a file's bytes, read-only, without reading them.
#pragma once

#include <base/result.h>

#include <string>
#include <string_view>
#include <utility>

namespace tally::inspector {

/// A whole file, mapped read-only for random access: only pages that are looked at are read from
/// disk. The bytes stay valid for the object's life. If another process cuts the file short
/// meanwhile, a read ends this process by SIGBUS.
class MappedFile {
 public:
  /// Maps `path`. Errors: kNotFound (missing, a folder, no permission, not a regular file),
  /// kNotAModel (empty).
  static Result<MappedFile> open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

}  // namespace tally::inspector
