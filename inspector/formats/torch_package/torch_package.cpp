#include <inspector/archive/literal.h>
#include <inspector/formats/torch_package/torch_package.h>
#include <inspector/formats/torchscript/archive_model.h>

namespace tally::inspector::torch_package {
namespace {

/// The models: .data/ts_code/N/data.pkl, all with their storages in .data/.
std::vector<ArchiveLayout::Model> models(const ZipRecords& records) {
  const std::string head = ".data/ts_code/", tail = "/data.pkl";
  std::vector<ArchiveLayout::Model> models;
  for (auto it = records.lower_bound(head);
       it != records.end() && it->first.compare(0, head.size(), head) == 0; ++it) {
    const std::string& name = it->first;
    if (name.size() < head.size() + tail.size() ||
        name.compare(name.size() - tail.size(), tail.size(), tail) != 0)
      continue;
    const std::string folder = name.substr(0, name.size() - tail.size() + 1);
    const std::string id = folder.substr(head.size(), folder.size() - head.size() - 1);
    models.push_back({folder, ".data/", ".data/", "ts_code/" + valid_utf8(id)});
  }
  return models;
}

}  // namespace

bool probe(ArchiveReader& archive, const ReadLimits&) {
  return archive.has_root_folder() && has_version(archive) && !models(archive.records()).empty();
}

Result<ModelSnapshot> read(ArchiveReader& archive, const ReadLimits& limits) {
  ArchiveLayout layout;
  layout.format = "torch.package";
  layout.code_folder = ".data/ts_code/code/";
  layout.models = models(archive.records());
  layout.is_package = true;
  return read_archive_models(archive, layout, limits);
}

}  // namespace tally::inspector::torch_package
