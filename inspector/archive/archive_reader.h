// ArchiveReader: the records of a ZIP archive as PyTorch writes them, below one root folder.
#pragma once

#include <base/result.h>
#include <inspector/archive/byte_source.h>
#include <inspector/archive/zip_directory.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>

namespace tally::inspector {

using ZipRecords = std::map<std::string, ZipEntry>;

/// An open archive. Opening reads the ZIP directory and nothing else; `read` reads one record.
class ArchiveReader {
 public:
  /// `source` must outlive the reader. kMalformed, by name and reason, where the directory is
  /// damaged or could be read in two ways: PyTorch finds records without regard to case, and names
  /// of 512 bytes and more not at all.
  static Result<ArchiveReader> open(const ByteSource& source);

  /// Every record by its name below the archive's root folder; by its whole name where the archive
  /// has no such folder.
  const ZipRecords& records() const { return records_; }
  /// Whether PyTorch would find `record`: in whatever case. `read` takes the very name only.
  bool has(const std::string& record) const;
  /// PyTorch puts every record below one folder, named after the file that it was saved to.
  bool has_root_folder() const { return has_root_folder_; }

  /// The bytes of `record`, decompressed. Its local header must say what the directory says, its
  /// payload must end before the next record, and its CRC-32 must match. A record that states more
  /// than `max_bytes` is refused before anything is allocated. The bytes live as long as the
  /// reader, which reads each record once.
  Result<std::string_view> read(const std::string& record, std::int64_t max_bytes);

  /// Up to `most` bytes of `record` from `offset` on, held against no CRC-32: to tell by its
  /// beginning what a payload is. kMalformed where the record is missing, compressed or shorter.
  Result<std::string> peek(const std::string& record, std::int64_t offset, std::int64_t most) const;

  const ByteSource& source() const { return *source_; }
  std::int64_t file_bytes() const { return source_->size(); }
  std::int64_t directory_offset() const { return directory_offset_; }

 private:
  ArchiveReader(const ByteSource& source, ZipDirectory directory);
  /// Where the payload of `entry` begins, by its local header.
  Result<std::int64_t> payload_offset(const ZipEntry& entry) const;

  const ByteSource* source_;
  std::int64_t directory_offset_ = 0;
  bool has_root_folder_ = false;
  bool has_checksums_ = false;  ///< PyTorch can be told to store 0 for every CRC-32
  ZipRecords records_;
  std::unordered_set<std::string> lower_names_;
  std::map<std::string, std::string> kept_;  ///< what was read, by record
};

}  // namespace tally::inspector
