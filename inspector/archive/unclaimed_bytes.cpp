#include <inspector/archive/unclaimed_bytes.h>
#include <inspector/archive/zip_numbers.h>

#include <algorithm>
#include <vector>

namespace tally::inspector {
namespace {

constexpr std::int64_t kUsualExtra = 160;  // PyTorch aligns to 64 bytes, and may add ZIP64's field

/// A field of a header that a writer adds, by PKWARE's and Info-ZIP's numbers.
struct KnownField {
  std::uint16_t id;
  std::size_t most_bytes;
};
constexpr KnownField kKnownFields[] = {
    {0x0001, 32},  // ZIP64
    {0x5455, 13},  // times
    {0x7875, 15},  // owner
};
constexpr std::uint16_t kPadding = 0x4246;  // "FB": PyTorch's, caffe2/serialize/inline_container.cc

/// How many bytes of the extra fields `extra` nobody puts there.
std::size_t unclaimed_of_extra(std::string_view extra) {
  std::size_t unclaimed = 0;
  while (!extra.empty()) {
    if (extra.size() < 4) return unclaimed + extra.size();
    const std::uint16_t id = *zip_number<std::uint16_t>(extra, 0);
    const std::size_t stated = *zip_number<std::uint16_t>(extra, 2);
    extra.remove_prefix(4);
    const std::size_t bytes = std::min(stated, extra.size());
    const std::string_view field = extra.substr(0, bytes);
    const bool is_padding =
        id == kPadding && field.find_first_not_of('Z') == std::string_view::npos;
    const bool is_known = std::any_of(
        std::begin(kKnownFields), std::end(kKnownFields),
        [&](const KnownField& known) { return known.id == id && bytes <= known.most_bytes; });
    if (!is_padding && !is_known) unclaimed += bytes;
    extra.remove_prefix(bytes);
  }
  return unclaimed;
}

/// Whether `gap`, what lies behind a payload, is its data descriptor.
bool is_descriptor(std::string_view gap) {
  constexpr std::size_t kShort = 16, kZip64 = 24;
  return (gap.size() == kShort || gap.size() == kZip64) && gap.substr(0, 4) == "PK\x07\x08";
}

}  // namespace

Result<UnclaimedBytes> unclaimed_bytes(const ArchiveReader& archive) {
  std::vector<const ZipEntry*> entries;
  for (const auto& [name, entry] : archive.records()) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const ZipEntry* a, const ZipEntry* b) {
    return a->header_offset < b->header_offset;
  });
  const ByteSource& source = archive.source();
  // From a disk that is cold, all headers at once take a fraction of one after the other.
  for (const ZipEntry* entry : entries) source.expect(entry->header_offset, kLocalHeaderBytes);
  UnclaimedBytes found;
  const auto claim_not = [&found](std::int64_t at, std::int64_t bytes) {
    if (bytes > 0 && found.bytes == 0) found.first = at;
    found.bytes += bytes;
  };
  constexpr std::int64_t kLongestDescriptor = 24;
  std::int64_t at = 0;  // behind the last payload
  const auto take_gap = [&](std::string_view gap, std::int64_t bytes) {
    if (bytes > kLongestDescriptor || !is_descriptor(gap)) claim_not(at, bytes);
  };
  for (const ZipEntry* entry : entries) {
    // A record that nobody reads may state more than fits in front of the next one: no gap is there
    // then.
    const std::int64_t gap = std::max<std::int64_t>(0, entry->header_offset - at);
    const auto name_bytes = static_cast<std::int64_t>(entry->name.size());
    const std::int64_t extra_at = entry->header_offset + kLocalHeaderBytes + name_bytes;
    // One range: what lies in front of the header, the header, and its extra fields.
    const std::int64_t before = gap > kLongestDescriptor ? 0 : gap;
    const std::int64_t from = entry->header_offset - before;
    const std::int64_t usual = std::min(extra_at + kUsualExtra, entry->next_offset) - from;
    const Result<std::string> bytes = source.read(from, usual);
    if (!bytes) return bytes.error();
    const std::int64_t extra_bytes = std::min<std::int64_t>(
        zip_number<std::uint16_t>(*bytes, static_cast<std::size_t>(before) + 28).value_or(0),
        std::max<std::int64_t>(0, entry->next_offset - extra_at));
    take_gap(std::string_view(*bytes).substr(0, static_cast<std::size_t>(before)), gap);
    const Result<std::string> extra = extra_at + extra_bytes - from <= usual
                                          ? bytes->substr(static_cast<std::size_t>(extra_at - from),
                                                          static_cast<std::size_t>(extra_bytes))
                                          : source.read(extra_at, extra_bytes);
    if (!extra) return extra.error();
    claim_not(extra_at, static_cast<std::int64_t>(unclaimed_of_extra(*extra)));
    at = std::min(extra_at + extra_bytes + entry->stored_bytes, entry->next_offset);
  }
  const std::int64_t rest = archive.directory_offset() - at;
  if (rest > 0) {
    const Result<std::string> gap = source.read(at, std::min(rest, kLongestDescriptor));
    if (!gap) return gap.error();
    take_gap(*gap, rest);
  }
  return found;
}

}  // namespace tally::inspector
