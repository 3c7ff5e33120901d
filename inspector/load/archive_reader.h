// ArchiveReader: the records of a TorchScript archive, through LibTorch's PyTorchStreamReader over
// a read-only mapping.
#pragma once

#include <base/result.h>
#include <inspector/archive/mapped_file.h>
#include <inspector/archive/zip_directory.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tally::inspector {

/// An open archive. Opening reads the ZIP directory and the version record, nothing else; `read`
/// reads one record.
class ArchiveReader {
 public:
  /// Opens `path`. Errors say what kind of file it is where it is no ZIP archive, and how its
  /// directory is damaged.
  static Result<ArchiveReader> open(const std::string& path);

  ArchiveReader(ArchiveReader&&) noexcept;
  ArchiveReader& operator=(ArchiveReader&&) noexcept;
  ~ArchiveReader();

  /// Every record by its name below the archive's root folder.
  const std::map<std::string, ZipEntry>& records() const;
  bool has(const std::string& record) const { return records().count(record) != 0; }

  /// The bytes of `record`, decompressed, with their CRC-32 checked. A record that states more than
  /// `max_bytes` is refused before anything is allocated. The bytes live as long as the reader.
  Result<std::string_view> read(const std::string& record, std::int64_t max_bytes);

  std::int64_t file_bytes() const;
  std::int64_t directory_offset() const;
  std::int64_t format_version() const;  ///< the archive's own version number

 private:
  struct State;
  explicit ArchiveReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tally::inspector
