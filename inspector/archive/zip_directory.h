// ZipDirectory: what the central directory of a ZIP archive states about its records, checked
// against itself.
//
// LibTorch's reader trusts the directory and tells neither CRC-32 nor positions; both are needed to
// account for every byte of the file and to refuse archives whose records overlap. No local header
// is read: for an archive of 141 GB these checks touch a hundred kilobytes.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

struct ZipEntry {
  std::string name;                ///< full name, the archive's root folder included
  std::int64_t stored_bytes = 0;   ///< in the file, after compression
  std::int64_t bytes = 0;          ///< after decompression, as stated
  std::int64_t header_offset = 0;  ///< of its local header
  std::uint32_t crc32 = 0;         ///< of the decompressed bytes, as stated
  std::uint16_t method = 0;        ///< 0: stored, 8: deflated
};

struct ZipDirectory {
  std::vector<ZipEntry> entries;      ///< in the directory's order
  std::int64_t directory_offset = 0;  ///< where the central directory starts
};

/// Reads the directory of a whole ZIP file (ZIP64 included). Refused as kMalformed, by name and
/// reason: no directory (a file cut short), a directory outside the file, entries that overlap each
/// other or the directory, two entries of one name, encrypted entries, stored entries whose two
/// sizes differ.
Result<ZipDirectory> read_zip_directory(std::string_view file);

/// Bytes of a local header, its name included; extra fields come on top and count as padding.
constexpr std::int64_t kLocalHeaderBytes = 30;

}  // namespace tally::inspector
