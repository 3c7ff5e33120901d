#include <inspector/archive/cut_archive.h>
#include <inspector/archive/zip_directory.h>
#include <inspector/archive/zip_numbers.h>

#include <algorithm>
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
constexpr std::uint64_t kMostDirectoryBytes = std::uint64_t{256} << 20;  // two million records

bool has(std::string_view s, std::uint64_t at, std::string_view signature) {
  return at <= s.size() && s.substr(at, signature.size()) == signature;
}

Error malformed(std::string message,
                std::string hint = "the file is damaged; export or copy the model again") {
  return {ErrorCode::kMalformed, std::move(message), std::move(hint)};
}

/// The last archive's end says where it stands in its own archive, not in the file.
Error several_archives() {
  return {
      ErrorCode::kNotAModel,
      "is several ZIP archives one behind the other, as the shards of "
      "torch.distributed.checkpoint are (.distcp), not a TorchScript archive",
      "torch.distributed.checkpoint.format_utils.dcp_to_torch_save(FOLDER, FILE) joins a folder of "
      "shards; they hold tensors but no module structure"};
}

/// The end of a file, where the directory lies; further parts are read when they are asked for.
class Tail {
 public:
  static Result<Tail> of(const ByteSource& file) {
    const auto reach = static_cast<std::int64_t>(kLocator64Bytes + kEndBytes + kLongestComment);
    const std::int64_t from = std::max<std::int64_t>(0, file.size() - reach);
    Result<std::string> bytes = file.read(from, file.size() - from);
    if (!bytes) return bytes.error();
    return Tail(file, from, std::move(*bytes));
  }

  const std::string& bytes() const { return bytes_; }
  std::string whole_records() const { return inspector::whole_records(file_); }
  std::uint64_t offset() const { return static_cast<std::uint64_t>(from_); }
  std::uint64_t file_bytes() const { return static_cast<std::uint64_t>(file_.size()); }

  /// The bytes at `offset`; none where they reach past the end.
  Result<std::string> read(std::uint64_t offset, std::uint64_t bytes) const {
    if (offset > file_bytes() || bytes > file_bytes() - offset) return std::string();
    if (offset >= this->offset()) return bytes_.substr(offset - this->offset(), bytes);
    return file_.read(static_cast<std::int64_t>(offset), static_cast<std::int64_t>(bytes));
  }

 private:
  Tail(const ByteSource& file, std::int64_t from, std::string bytes)
      : file_(file), from_(from), bytes_(std::move(bytes)) {}
  const ByteSource& file_;
  std::int64_t from_;
  std::string bytes_;
};

/// Whether the ZIP64 end record that stands where `head` ends, in front of its locator, is whole
/// and fits its directory, but counts from a later byte than the file's first: `end64` is where
/// the locator says that it stands, `head_offset` where `head` begins.
bool is_displaced(std::string_view head, std::uint64_t head_offset, std::uint64_t end64) {
  constexpr std::size_t kEnds64Bytes = kEnd64Bytes + kLocator64Bytes;
  if (head.size() < kEnds64Bytes) return false;
  const std::size_t at = head.size() - kEnds64Bytes;
  if (!has(head, at, kEnd64Signature) || head_offset + at <= end64) return false;
  return *zip_number<std::uint64_t>(head, at + 48) + *zip_number<std::uint64_t>(head, at + 40) ==
         end64;
}

struct Span {
  std::uint64_t offset = 0, bytes = 0, entries = 0;
};

/// Where the central directory says that it lies.
Result<Span> find_directory(const Tail& tail) {
  const std::string_view end_bytes = tail.bytes();
  const std::size_t end = end_bytes.rfind(kEndSignature);
  const std::size_t behind = end == std::string_view::npos ? 0 : end_bytes.size() - end;
  if (behind < kEndBytes || behind > kEndBytes + kLongestComment) {
    return malformed("a ZIP archive without a directory at its end: the file was cut short",
                     tail.whole_records() +
                         "; copy or download it again; an interrupted torch.jit.save must be "
                         "repeated");
  }
  Span span{*zip_number<std::uint32_t>(end_bytes, end + 16),
            *zip_number<std::uint32_t>(end_bytes, end + 12),
            *zip_number<std::uint16_t>(end_bytes, end + 10)};
  if (end >= kLocator64Bytes && has(end_bytes, end - kLocator64Bytes, kLocator64Signature)) {
    const std::uint64_t end64 = *zip_number<std::uint64_t>(end_bytes, end - kLocator64Bytes + 8);
    const Result<std::string> record = tail.read(end64, kEnd64Bytes);
    if (!record) return record.error();
    if (is_displaced(end_bytes.substr(0, end), tail.offset(), end64)) return several_archives();
    if (record->size() != kEnd64Bytes || !has(*record, 0, kEnd64Signature))
      return malformed("the ZIP64 end record is not where the archive says");
    span = {*zip_number<std::uint64_t>(*record, 48), *zip_number<std::uint64_t>(*record, 40),
            *zip_number<std::uint64_t>(*record, 32)};
  }
  if (span.offset > tail.file_bytes() || span.bytes > tail.file_bytes() - span.offset) {
    return malformed("the ZIP directory reaches past the end of the file");
  }
  if (span.entries > span.bytes / kEntryBytes || span.bytes > kMostDirectoryBytes) {
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
    const std::uint16_t id = *zip_number<std::uint16_t>(extra, 0),
                        length = *zip_number<std::uint16_t>(extra, 2);
    if (length > extra.size() - 4) break;
    if (id == kZip64Field) {
      const std::string_view field = extra.substr(4, length);
      std::uint64_t at = 0;
      for (std::uint64_t* value : {&bytes, &stored, &offset}) {
        if (*value != kElsewhere) continue;
        const auto wide = zip_number<std::uint64_t>(field, at);
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

Result<std::vector<ZipEntry>> read_entries(std::string_view directory, const Span& span,
                                           std::uint64_t file_bytes) {
  std::vector<ZipEntry> entries;
  entries.reserve(span.entries);
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < span.entries; ++i) {
    if (!has(directory, at, kEntrySignature) || directory.size() - at < kEntryBytes) {
      return malformed("entry " + std::to_string(i) + " of the ZIP directory is damaged");
    }
    const auto u16 = [&](std::uint64_t field) {
      return *zip_number<std::uint16_t>(directory, at + field);
    };
    const auto u32 = [&](std::uint64_t field) {
      return *zip_number<std::uint32_t>(directory, at + field);
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
    if (entry.method == kStored && bytes != stored) {
      return malformed("record " + entry.name + " is stored as it is, yet its two sizes differ: " +
                       std::to_string(bytes) + " and " + std::to_string(stored) + " bytes");
    }
    if (entry.method != kStored && entry.method != kDeflated) {
      return malformed("record " + entry.name + " is compressed by method " +
                           std::to_string(entry.method) +
                           "; PyTorch reads stored and deflated ones",
                       "pack the archive again without compression");
    }
    if (bytes > INT64_MAX || stored > file_bytes || offset > span.offset) {
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

/// Checks that no two entries have one name or one place, and notes what follows each.
Result<Unit> check_entries(ZipDirectory& directory) {
  std::vector<ZipEntry>& entries = directory.entries;
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
    ZipEntry& e = entries[order[i]];
    const bool last = i + 1 == order.size();
    const std::int64_t next =
        last ? directory.directory_offset : entries[order[i + 1]].header_offset;
    e.next_offset = next;
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

Result<ZipDirectory> read_zip_directory(const ByteSource& file) {
  const Result<Tail> tail = Tail::of(file);
  if (!tail) return tail.error();
  const Result<Span> span = find_directory(*tail);
  if (!span) return span.error();
  const Result<std::string> bytes = tail->read(span->offset, span->bytes);
  if (!bytes) return bytes.error();
  Result<std::vector<ZipEntry>> entries = read_entries(*bytes, *span, tail->file_bytes());
  if (!entries) return entries.error();
  ZipDirectory directory{std::move(*entries), static_cast<std::int64_t>(span->offset)};
  if (const auto checked = check_entries(directory); !checked) return checked.error();
  return directory;
}

Result<ZipDirectory> read_zip_directory(std::string_view file) {
  return read_zip_directory(MemorySource(file));
}

}  // namespace tally::inspector
