// ZipDirectory: what the central directory of a ZIP archive states about its records, checked
// against itself.
//
// Positions and CRC-32 account for every byte of the file, and archives whose records overlap are
// refused. No local header is read: for an archive of 141 GB these checks touch a hundred
// kilobytes.
#pragma once

#include <base/result.h>
#include <inspector/archive/byte_source.h>

#include <cstddef>
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
  std::int64_t next_offset = 0;    ///< of the next record's header, or of the directory
  std::uint32_t crc32 = 0;         ///< of the decompressed bytes, as stated
  std::uint16_t method = 0;        ///< kStored or kDeflated
};
constexpr std::uint16_t kStored = 0, kDeflated = 8;

struct ZipDirectory {
  std::vector<ZipEntry> entries;      ///< in the directory's order
  std::int64_t directory_offset = 0;  ///< where the central directory starts
};

/// Reads the directory of a whole ZIP file (ZIP64 included). Refused as kMalformed, by name and
/// reason: no directory (a file cut short), a directory outside the file, entries that overlap each
/// other or the directory, two entries of one name, encrypted entries, stored entries whose two
/// sizes differ, a compression that is neither stored nor deflated. As kNotAModel: several archives
/// one behind the other.
Result<ZipDirectory> read_zip_directory(const ByteSource& file);
Result<ZipDirectory> read_zip_directory(std::string_view file);

/// Bytes of a local header, its name included; extra fields come on top and count as padding.
constexpr std::int64_t kLocalHeaderBytes = 30;

/// What may stand behind a payload whose sizes its header leaves out (PKWARE APPNOTE.TXT 6.3.10,
/// section 4.3.9), with sizes of 32 and of 64 bits.
constexpr std::string_view kDescriptorSignature = "PK\x07\x08";
constexpr std::size_t kDescriptorBytes = 16, kDescriptor64Bytes = 24;

}  // namespace tally::inspector
