#include <inspector/archive/archive_reader.h>
#include <inspector/archive/inflate.h>
#include <inspector/archive/zip_numbers.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace tally::inspector {
namespace {

constexpr std::size_t kLongestName =
    511;  // of PyTorch's reader: miniz's MZ_ZIP_MAX_ARCHIVE_FILENAME_SIZE without the final zero

Error malformed(std::string message) {
  return {ErrorCode::kMalformed, std::move(message),
          "the file is damaged; export or copy the model again"};
}

/// The folder that all entries lie in, with its slash; "" where there is none.
std::string root_folder(const ZipDirectory& directory) {
  const std::string& first = directory.entries.front().name;
  const std::string root = first.substr(0, first.find('/') + 1);
  const bool common =
      std::all_of(directory.entries.begin(), directory.entries.end(),
                  [&](const ZipEntry& e) { return e.name.compare(0, root.size(), root) == 0; });
  return common ? root : "";
}

std::string in_lower_case(std::string name) {
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

/// Names that PyTorch's reader, which looks records up without regard to case, could not tell apart
/// or not find.
Result<Unit> check_names(const ZipDirectory& directory) {
  std::unordered_map<std::string, const std::string*> by_lower;
  by_lower.reserve(directory.entries.size());
  for (const ZipEntry& entry : directory.entries) {
    if (entry.name.size() > kLongestName)
      return malformed("a record's name has " + std::to_string(entry.name.size()) +
                       " bytes; PyTorch reads " + std::to_string(kLongestName));
    const auto [other, fresh] = by_lower.emplace(in_lower_case(entry.name), &entry.name);
    if (!fresh)
      return malformed("records " + *other->second + " and " + entry.name +
                       " differ in case only: PyTorch takes one for the other");
  }
  return Unit{};
}

}  // namespace

Result<ArchiveReader> ArchiveReader::open(const ByteSource& source) {
  Result<ZipDirectory> directory = read_zip_directory(source);
  if (!directory) return directory.error();
  if (directory->entries.empty()) return malformed("the ZIP archive is empty");
  if (auto checked = check_names(*directory); !checked) return checked.error();
  return ArchiveReader(source, std::move(*directory));
}

ArchiveReader::ArchiveReader(const ByteSource& source, ZipDirectory directory)
    : source_(&source), directory_offset_(directory.directory_offset) {
  const std::string root = root_folder(directory);
  has_root_folder_ = !root.empty();
  for (ZipEntry& entry : directory.entries) {
    has_checksums_ = has_checksums_ || entry.crc32 != 0;
    std::string name = entry.name.substr(root.size());
    lower_names_.insert(in_lower_case(name));
    records_.emplace(std::move(name), std::move(entry));
  }
}

bool ArchiveReader::has(const std::string& record) const {
  return lower_names_.count(in_lower_case(record)) != 0;
}

Result<std::int64_t> ArchiveReader::payload_offset(const ZipEntry& entry) const {
  // PKWARE APPNOTE.TXT 6.3.10, section 4.3.7. Who writes as a stream sets bit 3, leaves the sizes
  // zero and says them behind the payload; PyTorch does.
  constexpr std::uint16_t kSizesFollow = 8;
  constexpr std::uint32_t kElsewhere = 0xffffffff;  // in a ZIP64 extra field
  const auto name_bytes = static_cast<std::int64_t>(entry.name.size());
  Result<std::string> header = source_->read(entry.header_offset, kLocalHeaderBytes + name_bytes);
  if (!header) return header.error();
  const auto u16 = [&](std::uint64_t at) { return *zip_number<std::uint16_t>(*header, at); };
  const auto u32 = [&](std::uint64_t at) { return *zip_number<std::uint32_t>(*header, at); };
  const auto agrees = [&](std::uint64_t at, std::int64_t stated) {
    const std::uint32_t here = u32(at);
    return here == static_cast<std::uint64_t>(stated) || here == kElsewhere ||
           (here == 0 && (u16(6) & kSizesFollow) != 0);
  };
  if (header->compare(0, 4, "PK\x03\x04") != 0 || u16(8) != entry.method ||
      u16(26) != entry.name.size() ||
      header->compare(kLocalHeaderBytes, std::string::npos, entry.name) != 0 ||
      !agrees(14, entry.crc32) || !agrees(18, entry.stored_bytes) || !agrees(22, entry.bytes)) {
    return malformed("record " + entry.name +
                     ": the header in front of it says something else than the ZIP directory");
  }
  const std::int64_t offset = entry.header_offset + kLocalHeaderBytes + name_bytes + u16(28);
  if (entry.stored_bytes > entry.next_offset - offset)
    return malformed("record " + entry.name + " overlaps what follows it");
  return offset;
}

Result<std::string_view> ArchiveReader::read(const std::string& record, std::int64_t max_bytes) {
  const auto found = records_.find(record);
  if (found == records_.end()) return malformed("record " + record + " is missing");
  const ZipEntry& entry = found->second;
  if (const std::int64_t largest = std::max(entry.bytes, entry.stored_bytes); largest > max_bytes) {
    return Error{ErrorCode::kLimitExceeded,
                 "record " + record + " states " + std::to_string(largest) +
                     " bytes, more than the limit of " + std::to_string(max_bytes),
                 "no export of this kind is that large; if this one is, raise --max-record"};
  }
  if (const auto kept = kept_.find(record); kept != kept_.end())
    return std::string_view(kept->second);
  const Result<std::int64_t> offset = payload_offset(entry);
  if (!offset) return offset.error();
  if (entry.bytes == 0) return std::string_view{};
  Result<std::string> bytes = source_->read(*offset, entry.stored_bytes);
  if (bytes && entry.method == kDeflated)
    bytes = inflate(*bytes, static_cast<std::size_t>(entry.bytes));
  if (!bytes) return malformed("record " + record + " cannot be read: " + bytes.error().message);
  if (has_checksums_ && crc32_of(*bytes) != entry.crc32)
    return malformed("record " + record + ": its CRC-32 does not match");
  return std::string_view(kept_.emplace(record, std::move(*bytes)).first->second);
}

Result<std::string> ArchiveReader::peek(const std::string& record, std::int64_t offset,
                                        std::int64_t most) const {
  const auto found = records_.find(record);
  if (found == records_.end()) return malformed("record " + record + " is missing");
  const ZipEntry& entry = found->second;
  if (entry.method == kDeflated || offset < 0 || offset > entry.stored_bytes)
    return malformed("record " + record + " has no plain bytes at " + std::to_string(offset));
  const Result<std::int64_t> payload = payload_offset(entry);
  if (!payload) return payload.error();
  return source_->read(*payload + offset, std::min(most, entry.stored_bytes - offset));
}

}  // namespace tally::inspector
