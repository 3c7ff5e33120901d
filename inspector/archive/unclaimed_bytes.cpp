#include <base/text.h>
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

constexpr auto kLongestDescriptor = static_cast<std::int64_t>(kDescriptor64Bytes);

/// Headers are read with what may lie in front of them, and with their usual extra fields: those
/// that lie close together at once, so that a thousand small records are not a thousand reads.
class Headers {
 public:
  Headers(const ByteSource& source, const std::vector<const ZipEntry*>& entries) : source_(source) {
    constexpr std::int64_t kClose = 4096, kLongest = 1 << 16;
    for (const ZipEntry* entry : entries) {
      const std::int64_t begin =
          std::max<std::int64_t>(0, entry->header_offset - kLongestDescriptor);
      const std::int64_t end = std::min(extra_offset(*entry) + kUsualExtra, entry->next_offset);
      Range* const last = ranges_.empty() ? nullptr : &ranges_.back();
      if (last != nullptr && begin - last->end <= kClose && end - last->begin <= kLongest)
        last->end = std::max(last->end, end);
      else
        ranges_.push_back({begin, end});
    }
    // From a disk that is cold, all at once take a fraction of one after the other.
    for (const Range& range : ranges_) source.expect(range.begin, range.end - range.begin);
  }

  static std::int64_t extra_offset(const ZipEntry& entry) {
    return entry.header_offset + kLocalHeaderBytes + static_cast<std::int64_t>(entry.name.size());
  }

  /// The bytes from `begin` to `end`, which are asked for in the order of the file. The view holds
  /// until the next call.
  Result<std::string_view> read(std::int64_t begin, std::int64_t end) {
    while (next_ < ranges_.size() && ranges_[next_].begin <= begin) {
      loaded_ = ranges_[next_++];
      bytes_.clear();
    }
    if (begin < loaded_.begin || end > loaded_.end) {
      Result<std::string> alone = source_.read(begin, end - begin);
      if (!alone) return alone.error();
      alone_ = std::move(*alone);
      return std::string_view(alone_);
    }
    if (bytes_.empty()) {
      Result<std::string> bytes = source_.read(loaded_.begin, loaded_.end - loaded_.begin);
      if (!bytes) return bytes.error();
      bytes_ = std::move(*bytes);
    }
    return std::string_view(bytes_).substr(static_cast<std::size_t>(begin - loaded_.begin),
                                           static_cast<std::size_t>(end - begin));
  }

 private:
  struct Range {
    std::int64_t begin = 0, end = 0;
  };
  const ByteSource& source_;
  std::vector<Range> ranges_;
  std::size_t next_ = 0;
  Range loaded_;
  std::string bytes_, alone_;
};

/// Whether `gap`, what lies behind a payload, is its data descriptor.
bool is_descriptor(std::string_view gap) {
  return (gap.size() == kDescriptorBytes || gap.size() == kDescriptor64Bytes) &&
         starts_with(gap, kDescriptorSignature);
}

}  // namespace

Result<UnclaimedBytes> unclaimed_bytes(const ArchiveReader& archive) {
  std::vector<const ZipEntry*> entries;
  for (const auto& [name, entry] : archive.records()) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const ZipEntry* a, const ZipEntry* b) {
    return a->header_offset < b->header_offset;
  });
  Headers headers(archive.source(), entries);
  UnclaimedBytes found;
  const auto claim_not = [&found](std::int64_t at, std::int64_t bytes) {
    if (bytes > 0 && found.bytes == 0) found.first = at;
    found.bytes += bytes;
  };
  std::int64_t at = 0;  // behind the last payload
  const auto take_gap = [&](std::string_view gap, std::int64_t bytes) {
    if (bytes > kLongestDescriptor || !is_descriptor(gap)) claim_not(at, bytes);
  };
  for (const ZipEntry* entry : entries) {
    // A record that nobody reads may state more than fits in front of the next one: no gap is there
    // then.
    const std::int64_t gap = std::max<std::int64_t>(0, entry->header_offset - at);
    const std::int64_t extra_at = Headers::extra_offset(*entry);
    const std::int64_t before = gap > kLongestDescriptor ? 0 : gap;
    const auto header = headers.read(entry->header_offset - before, extra_at);
    if (!header) return header.error();
    take_gap(header->substr(0, static_cast<std::size_t>(before)), gap);
    const std::int64_t extra_bytes = std::min<std::int64_t>(
        zip_number<std::uint16_t>(*header, static_cast<std::size_t>(before) + 28).value_or(0),
        std::max<std::int64_t>(0, entry->next_offset - extra_at));
    const auto extra = headers.read(extra_at, extra_at + extra_bytes);
    if (!extra) return extra.error();
    claim_not(extra_at, static_cast<std::int64_t>(unclaimed_of_extra(*extra)));
    at = std::min(extra_at + extra_bytes + entry->stored_bytes, entry->next_offset);
  }
  const std::int64_t rest = archive.directory_offset() - at;
  if (rest > 0) {
    const Result<std::string> gap = archive.source().read(at, std::min(rest, kLongestDescriptor));
    if (!gap) return gap.error();
    take_gap(*gap, rest);
  }
  return found;
}

}  // namespace tally::inspector
