// Builds the bytes of ZIP archives, sound ones and lying ones. Layouts: PKWARE APPNOTE.TXT 6.3.10,
// sections 4.3 and 4.5.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector::test {

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}
inline std::string u16(std::uint64_t value) { return little_endian(value, 2); }
inline std::string u32(std::uint64_t value) { return little_endian(value, 4); }
inline std::string u64(std::uint64_t value) { return little_endian(value, 8); }

/// A record, and what the directory says of it where that is something else.
struct ZipRecord {
  std::string name;
  std::string stored;  ///< its bytes in the file
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::uint32_t crc32 = 0;
  std::optional<std::uint64_t> stated_bytes, stated_stored, stated_offset;
  bool zip64 = false;          ///< sizes and offset in the ZIP64 extra field
  std::string extra, comment;  ///< of its entry in the directory
  std::string local_extra;     ///< of the header in front of it
  std::string behind;          ///< what lies behind it, up to the next header
};

struct Zip {
  std::vector<ZipRecord> records;
  std::string comment;
  bool zip64 = false;  ///< with a ZIP64 end record and its locator
  std::optional<std::uint64_t> stated_entries, stated_directory_bytes, stated_directory_offset,
      stated_end64;

  std::string bytes() const {
    std::string file, directory;
    for (const ZipRecord& r : records) {
      const std::uint64_t bytes = r.stated_bytes.value_or(r.stored.size());
      const std::uint64_t stored = r.stated_stored.value_or(r.stored.size());
      const std::uint64_t offset = r.stated_offset.value_or(file.size());
      file += "PK\x03\x04" + u16(20) + u16(r.flags) + u16(r.method) + u32(0) + u32(r.crc32) +
              u32(stored) + u32(bytes) + u16(r.name.size()) + u16(r.local_extra.size()) + r.name +
              r.local_extra + r.stored + r.behind;
      const std::string extra =
          r.zip64 ? u16(1) + u16(24) + u64(bytes) + u64(stored) + u64(offset) + r.extra : r.extra;
      const auto narrow = [&](std::uint64_t value) { return u32(r.zip64 ? 0xffffffff : value); };
      directory += "PK\x01\x02" + u16(20) + u16(20) + u16(r.flags) + u16(r.method) + u32(0) +
                   u32(r.crc32) + narrow(stored) + narrow(bytes) + u16(r.name.size()) +
                   u16(extra.size()) + u16(r.comment.size()) + u16(0) + u16(0) + u32(0) +
                   narrow(offset) + r.name + extra + r.comment;
    }
    const std::uint64_t entries = stated_entries.value_or(records.size());
    const std::uint64_t directory_bytes = stated_directory_bytes.value_or(directory.size());
    const std::uint64_t directory_offset = stated_directory_offset.value_or(file.size());
    file += directory;
    if (zip64) {
      const std::uint64_t end64 = stated_end64.value_or(file.size());
      file += "PK\x06\x06" + u64(44) + u16(45) + u16(45) + u32(0) + u32(0) + u64(entries) +
              u64(entries) + u64(directory_bytes) + u64(directory_offset);
      file += "PK\x06\x07" + u32(0) + u64(end64) + u32(1);
      file += "PK\x05\x06" + u16(0) + u16(0) + u16(0xffff) + u16(0xffff) + u32(0xffffffff) +
              u32(0xffffffff);
    } else {
      file += "PK\x05\x06" + u16(0) + u16(0) + u16(entries) + u16(entries) + u32(directory_bytes) +
              u32(directory_offset);
    }
    return file + u16(comment.size()) + comment;
  }
};

inline ZipRecord record(std::string name, std::string stored) {
  ZipRecord r;
  r.name = std::move(name);
  r.stored = std::move(stored);
  return r;
}

}  // namespace tally::inspector::test
