#include <base/text.h>
#include <inspector/formats/torchscript/code/sources.h>

namespace tally::inspector {

std::vector<Source> read_sources(ArchiveReader& archive, const std::string& folder,
                                 const ReadLimits& limits) {
  std::vector<Source> sources;
  const ZipRecords& records = archive.records();
  for (auto it = records.lower_bound(folder); it != records.end() && starts_with(it->first, folder);
       ++it) {
    if (ends_with(it->first, ".py"))
      sources.push_back({it->first, archive.read(it->first, limits.max_record_bytes)});
  }
  return sources;
}

}  // namespace tally::inspector
