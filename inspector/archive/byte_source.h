// ByteSource: where the bytes of a model come from. A file now; ranges of an object store later.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace tally::inspector {

/// Bytes of a known number that are read in ranges. What is read is a copy: whoever changes the
/// source meanwhile changes nothing that was checked.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual std::int64_t size() const = 0;

  /// The `bytes` bytes at `offset`. kMalformed where they reach past the end, or where the source
  /// has become shorter.
  Result<std::string> read(std::int64_t offset, std::int64_t bytes) const;

  /// Says that the range will be read soon, so that a source that is far away can fetch many at
  /// once. Promises nothing, and takes any range.
  virtual void expect(std::int64_t /*offset*/, std::int64_t /*bytes*/) const {}

 protected:
  /// Fills `into`; the range is inside [0, size()). False where it cannot be had any more.
  virtual bool fill(std::int64_t offset, char* into, std::size_t bytes) const = 0;
};

/// Bytes that are in memory, and must outlive it: of tests, of a fuzzer, of a caller that has them.
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }

 protected:
  bool fill(std::int64_t offset, char* into, std::size_t bytes) const override;

 private:
  std::string_view bytes_;
};

/// An open regular file, read by ranges: only what is asked for leaves the disk, and a file that is
/// cut short meanwhile is an error, no signal. A small file is read whole, at once.
class FileSource : public ByteSource {
 public:
  /// Opens `path`. Errors as open_model_file()'s.
  static Result<FileSource> open(const std::string& path);

  /// Takes over `descriptor` of a regular file. kNotFound where it is none, kNotAModel where it is
  /// empty, kMalformed where a small one cannot be read.
  static Result<FileSource> take(int descriptor);

  FileSource(FileSource&& other) noexcept;
  FileSource& operator=(FileSource&& other) noexcept;
  ~FileSource() override;

  std::int64_t size() const override { return size_; }
  void expect(std::int64_t offset, std::int64_t bytes) const override;

 protected:
  bool fill(std::int64_t offset, char* into, std::size_t bytes) const override;

 private:
  FileSource(int descriptor, std::int64_t size) : descriptor_(descriptor), size_(size) {}
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  std::string whole_;  ///< a small file's bytes
};

/// A descriptor for `path`, close-on-exec, of a regular file that is not empty. Never waits: a
/// named pipe is refused. Errors: kNotFound (missing, a folder, no permission, not a regular file),
/// kNotAModel (empty).
Result<int> open_model_file(const std::string& path);

}  // namespace tally::inspector
