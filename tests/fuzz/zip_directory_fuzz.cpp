// read_zip_directory on arbitrary bytes: what it accepts must hold what zip_directory.h promises.

#include <inspector/archive/zip_directory.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto directory = tally::inspector::read_zip_directory(file);
  if (!directory) return 0;
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  require(directory->directory_offset >= 0 &&
          directory->directory_offset <= static_cast<std::int64_t>(size));
  std::vector<std::pair<std::int64_t, std::int64_t>> spans;
  for (const auto& entry : directory->entries) {
    require(entry.stored_bytes >= 0 && entry.bytes >= 0 && entry.header_offset >= 0);
    require(entry.method != 0 || entry.stored_bytes == entry.bytes);
    spans.emplace_back(
        entry.header_offset,
        entry.header_offset + tally::inspector::kLocalHeaderBytes + entry.stored_bytes);
  }
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    require(spans[i].second <=
            (i + 1 < spans.size() ? spans[i + 1].first : directory->directory_offset));
  }
  return 0;
}
