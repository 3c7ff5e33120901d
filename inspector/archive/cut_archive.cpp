#include <base/utf8.h>
#include <inspector/archive/cut_archive.h>
#include <inspector/archive/zip_directory.h>
#include <inspector/archive/zip_numbers.h>

#include <algorithm>
#include <optional>

namespace tally::inspector {
namespace {

constexpr std::string_view kHeaderSignature = "PK\x03\x04";
constexpr auto kHeaderBytes = static_cast<std::size_t>(kLocalHeaderBytes);
constexpr std::uint16_t kSizesFollow = 8;
constexpr std::int64_t kMostBytes = std::int64_t{16} << 20;

/// The end of the record whose payload begins at `from` and whose sizes stand behind it, as PyTorch
/// writes all of them; none where it is cut.
std::optional<std::size_t> end_by_descriptor(std::string_view file, std::size_t from) {
  for (std::size_t at = from; (at = file.find(kDescriptorSignature, at)) != std::string_view::npos;
       ++at) {
    const auto stored = zip_number<std::uint32_t>(file, at + 8);
    if (!stored || *stored != at - from) continue;
    if (file.size() - at < kDescriptorBytes) break;
    const bool is_short = file.substr(at + kDescriptorBytes, 2) == "PK";  // the next record's
    return is_short ? at + kDescriptorBytes : std::min(at + kDescriptor64Bytes, file.size());
  }
  return std::nullopt;
}

/// The end of the record whose header is at `at`; none where the record is cut.
std::optional<std::size_t> end_of_record(std::string_view file, std::size_t at) {
  const auto flags = *zip_number<std::uint16_t>(file, at + 6);
  const auto stored = *zip_number<std::uint32_t>(file, at + 18);
  const std::size_t payload = at + kHeaderBytes + *zip_number<std::uint16_t>(file, at + 26) +
                              *zip_number<std::uint16_t>(file, at + 28);
  if (payload > file.size()) return std::nullopt;
  if ((flags & kSizesFollow) != 0 && stored == 0) return end_by_descriptor(file, payload);
  if (stored > file.size() - payload) return std::nullopt;
  return payload + stored;
}

}  // namespace

std::string whole_records(const ByteSource& source) {
  const Result<std::string> read = source.read(0, std::min(source.size(), kMostBytes));
  const std::string_view file = read ? std::string_view(*read) : std::string_view();
  std::size_t records = 0, at = 0;
  std::string_view last;
  while (file.size() - at >= kHeaderBytes &&
         file.substr(at, kHeaderSignature.size()) == kHeaderSignature) {
    const auto end = end_of_record(file, at);
    if (!end) break;
    ++records;
    last = file.substr(at + kHeaderBytes, *zip_number<std::uint16_t>(file, at + 26));
    at = *end;
  }
  const std::string of = source.size() > kMostBytes ? " of its first 16 MiB" : "";
  if (records == 0) return "no record" + of + " is whole";
  return (records == 1 ? "one record" : std::to_string(records) + " records") + of +
         (records == 1 ? " is whole: " : " are whole, the last is ") +
         valid_utf8(last.substr(0, 200));
}

}  // namespace tally::inspector
