#include <inspector/formats/torchscript/archive_model.h>
#include <inspector/formats/torchscript/torchscript.h>

namespace tally::inspector::torchscript {
namespace {

bool has_code(const ArchiveReader& archive) {
  return archive.has("constants.pkl") || has_folder(archive.records(), "code/");
}

}  // namespace

bool probe(ArchiveReader& archive, const ReadLimits& limits) {
  if (!archive.has_root_folder() || !has_version(archive) || !archive.has("data.pkl")) return false;
  if (has_code(archive)) return true;
  // A state_dict, or a torch.jit.save that was interrupted: the root object tells.
  constexpr std::string_view kScripted =
      "\x80\x02"
      "c__torch__";
  const Result<std::string_view> head = archive.read("data.pkl", limits.max_record_bytes);
  return head && head->substr(0, kScripted.size()) == kScripted;
}

Result<ModelSnapshot> read(ArchiveReader& archive, const ReadLimits& limits) {
  if (archive.has("model.json")) {
    return Error{ErrorCode::kMalformed,
                 "can be read in two ways: as an archive of PyTorch 1.2 and older, by its "
                 "model.json, and as a newer one",
                 "no writer makes such a file; export the model again"};
  }
  if (!has_code(archive)) {
    return Error{ErrorCode::kMalformed,
                 "the archive has no code: torch.jit.save was interrupted, and what is a parameter "
                 "cannot be told",
                 "save the model again"};
  }
  ArchiveLayout layout;
  layout.format = archive.has("bytecode.pkl") ? "TorchScript (mobile)" : "TorchScript";
  layout.code_folder = "code/";
  layout.models.push_back({"", "data/", "constants/", ""});
  return read_archive_models(archive, layout, limits);
}

}  // namespace tally::inspector::torchscript
