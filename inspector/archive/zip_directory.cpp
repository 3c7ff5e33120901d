#include <inspector/archive/zip_directory.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <unordered_set>

namespace tally::inspector {
namespace {

// Layouts and signatures: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16 and 4.5.3. All
// numbers are little-endian.
constexpr std::string_view kEntrySignature = "PK\x01\x02";
constexpr std::string_view kEndSignature = "PK\x05\x06";
constexpr std::string_view kEnd64Signature = "PK\x06\x06";
constexpr std::string_view kLocator64Signature = "PK\x06\x07";
constexpr std::size_t kEntryBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr std::size_t kLongestComment = 0xffff;
constexpr std::uint16_t kZip64Field = 1;

// A read past the end gives nothing; offsets are 64-bit and checked by subtraction, so that none
// can wrap.
template <class T>
std::optional<T> number(std::string_view s, std::uint64_t at) {
  if (s.size() < sizeof(T) || at > s.size() - sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, s.data() + at, sizeof(T));
  return value;
}

bool has(std::string_view s, std::uint64_t at, std::string_view signature) {
  return at <= s.size() && s.substr(at, signature.size()) == signature;
}

Error malformed(std::string message,
                std::string hint = "the file is damaged; export or copy the model again") {
  return {ErrorCode::kMalformed, std::move(message), std::move(hint)};
}

struct Span {
  std::uint64_t offset = 0, bytes = 0, entries = 0;
};

/// Where the central directory says that it lies.
Result<Span> find_directory(std::string_view file) {
  const std::size_t reach = std::min(file.size(), kEndBytes + kLongestComment);
  const std::string_view tail = file.substr(file.size() - reach);
  std::size_t found = tail.rfind(kEndSignature);
  if (found == std::string_view::npos || tail.size() - found < kEndBytes) {
    return malformed("a ZIP archive without a directory at its end: the file was cut short",
                     "copy or download it again; an interrupted torch.jit.save must be repeated");
  }
  const std::uint64_t end = file.size() - reach + found;
  Span span{*number<std::uint32_t>(file, end + 16), *number<std::uint32_t>(file, end + 12),
            *number<std::uint16_t>(file, end + 10)};
  if (end >= kLocator64Bytes && has(file, end - kLocator64Bytes, kLocator64Signature)) {
    const std::uint64_t end64 = *number<std::uint64_t>(file, end - kLocator64Bytes + 8);
    if (!has(file, end64, kEnd64Signature) ||
        !number<std::uint64_t>(file, end64 + kEnd64Bytes - 8)) {
      return malformed("the ZIP64 end record is not where the archive says");
    }
    span = {*number<std::uint64_t>(file, end64 + 48), *number<std::uint64_t>(file, end64 + 40),
            *number<std::uint64_t>(file, end64 + 32)};
  }
  if (span.offset > file.size() || span.bytes > file.size() - span.offset) {
    return malformed("the ZIP directory reaches past the end of the file");
  }
  if (span.entries > span.bytes / kEntryBytes) {
    return malformed("the ZIP directory states " + std::to_string(span.entries) + " records in " +
                     std::to_string(span.bytes) + " bytes");
  }
  return span;
}

/// Sizes and offset of the ZIP64 extra field replace those that hold 0xffffffff, in this order.
bool read_zip64(std::string_view extra, std::uint64_t& bytes, std::uint64_t& stored,
                std::uint64_t& offset) {
  constexpr std::uint64_t kElsewhere = 0xffffffff;
  while (extra.size() >= 4) {
    const std::uint16_t id = *number<std::uint16_t>(extra, 0),
                        length = *number<std::uint16_t>(extra, 2);
    if (length > extra.size() - 4) break;
    if (id == kZip64Field) {
      const std::string_view field = extra.substr(4, length);
      std::uint64_t at = 0;
      for (std::uint64_t* value : {&bytes, &stored, &offset}) {
        if (*value != kElsewhere) continue;
        const auto wide = number<std::uint64_t>(field, at);
        if (!wide) return false;
        *value = *wide;
        at += 8;
      }
      return true;
    }
    extra.remove_prefix(4 + std::size_t{length});
  }
  return bytes != kElsewhere && stored != kElsewhere && offset != kElsewhere;
}

Result<std::vector<ZipEntry>> read_entries(std::string_view file, const Span& span) {
  const std::string_view directory = file.substr(span.offset, span.bytes);
  std::vector<ZipEntry> entries;
  entries.reserve(span.entries);
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < span.entries; ++i) {
    if (!has(directory, at, kEntrySignature) || directory.size() - at < kEntryBytes) {
      return malformed("entry " + std::to_string(i) + " of the ZIP directory is damaged");
    }
    const auto u16 = [&](std::uint64_t field) {
      return *number<std::uint16_t>(directory, at + field);
    };
    const auto u32 = [&](std::uint64_t field) {
      return *number<std::uint32_t>(directory, at + field);
    };
    const std::size_t name_bytes = u16(28), extra_bytes = u16(30), comment_bytes = u16(32);
    if (name_bytes + extra_bytes + comment_bytes > directory.size() - at - kEntryBytes) {
      return malformed("entry " + std::to_string(i) + " of the ZIP directory reaches past its end");
    }
    ZipEntry entry;
    entry.name = directory.substr(at + kEntryBytes, name_bytes);
    entry.method = u16(10);
    entry.crc32 = u32(16);
    std::uint64_t bytes = u32(24), stored = u32(20), offset = u32(42);
    if (!read_zip64(directory.substr(at + kEntryBytes + name_bytes, extra_bytes), bytes, stored,
                    offset)) {
      return malformed("record " + entry.name + ": its 64-bit sizes are missing");
    }
    if ((u16(8) & 1) != 0)
      return malformed("record " + entry.name + " is encrypted", "decrypt the archive first");
    if (entry.method == 0 && bytes != stored) {
      return malformed("record " + entry.name + " is stored as it is, yet its two sizes differ: " +
                       std::to_string(bytes) + " and " + std::to_string(stored) + " bytes");
    }
    if (bytes > INT64_MAX || stored > file.size() || offset > span.offset) {
      return malformed("record " + entry.name + " reaches past the end of the file");
    }
    entry.bytes = static_cast<std::int64_t>(bytes);
    entry.stored_bytes = static_cast<std::int64_t>(stored);
    entry.header_offset = static_cast<std::int64_t>(offset);
    entries.push_back(std::move(entry));
    at += kEntryBytes + name_bytes + extra_bytes + comment_bytes;
  }
  if (at != directory.size()) {
    return malformed("the ZIP directory holds more than the " + std::to_string(span.entries) +
                     " records that it states");
  }
  return entries;
}

Result<Unit> check_entries(const ZipDirectory& directory) {
  const std::vector<ZipEntry>& entries = directory.entries;
  std::unordered_set<std::string_view> names;
  names.reserve(entries.size());
  for (const ZipEntry& e : entries) {
    if (!names.insert(e.name).second) return malformed("two records have the name " + e.name);
  }
  std::vector<std::size_t> order(entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return entries[a].header_offset < entries[b].header_offset;
  });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ZipEntry& e = entries[order[i]];
    const bool last = i + 1 == order.size();
    const std::int64_t next =
        last ? directory.directory_offset : entries[order[i + 1]].header_offset;
    const std::int64_t room =
        next - e.header_offset - kLocalHeaderBytes - static_cast<std::int64_t>(e.name.size());
    if (e.stored_bytes > room) {
      return malformed(
          "record " + e.name + " overlaps " +
          (last ? std::string("the ZIP directory") : "record " + entries[order[i + 1]].name));
    }
  }
  return Unit{};
}

}  // namespace

Result<ZipDirectory> read_zip_directory(std::string_view file) {
  const Result<Span> span = find_directory(file);
  if (!span) return span.error();
  Result<std::vector<ZipEntry>> entries = read_entries(file, *span);
  if (!entries) return entries.error();
  ZipDirectory directory{std::move(*entries), static_cast<std::int64_t>(span->offset)};
  if (const auto checked = check_entries(directory); !checked) return checked.error();
  return directory;
}

}  // namespace tally::inspector
