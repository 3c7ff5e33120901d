#include <inspector/archive/literal.h>
#include <inspector/formats/file_kind.h>
#include <inspector/formats/registry.h>
#include <inspector/formats/torch_package/torch_package.h>
#include <inspector/formats/torchscript/torchscript.h>

#include <algorithm>
#include <new>
#include <vector>

namespace tally::inspector {
namespace {

/// A format of ZIP archives, in the terms of all formats.
template <bool (*probe)(ArchiveReader&, const ReadLimits&),
          Result<ModelSnapshot> (*read)(ArchiveReader&, const ReadLimits&)>
constexpr FileFormat of_archives(std::string_view name) {
  return {name,
          [](ModelFile& file, const ReadLimits& limits) {
            return file.archive && probe(*file.archive, limits);
          },
          [](ModelFile& file, const ReadLimits& limits) { return read(*file.archive, limits); }};
}

constexpr FileFormat kFormats[] = {
    of_archives<torchscript::probe, torchscript::read>("a TorchScript archive"),
    of_archives<torch_package::probe, torch_package::read>("a torch.package"),
};

/// What a file that no format reads is.
Error refusal_of(const ModelFile& file) {
  if (!file.archive) return refuse_file(file.head, file.source.size());
  std::vector<std::string> names;
  for (const auto& [name, entry] : file.archive->records()) names.push_back(name);
  return refuse_zip(names);
}

}  // namespace

Result<ModelSnapshot> read_model(const ByteSource& source, const ReadLimits& most) try {
  const ReadLimits limits = most.for_file(source.size());
  const Result<std::string> head = source.read(0, std::min(source.size(), ModelFile::kHeadBytes));
  if (!head) return head.error();
  ModelFile file{source, *head, std::nullopt};
  if (is_zip(*head)) {
    Result<ArchiveReader> archive = ArchiveReader::open(source);
    if (!archive) return archive.error();
    file.archive.emplace(std::move(*archive));
  }
  const FileFormat* found = nullptr;
  for (const FileFormat& format : kFormats) {
    if (!format.probe(file, limits)) continue;
    if (found != nullptr)
      return Error{ErrorCode::kMalformed,
                   "can be read in two ways: as " + std::string(found->name) + " and as " +
                       std::string(format.name),
                   "no writer makes such a file; export the model again"};
    found = &format;
  }
  return found == nullptr ? refusal_of(file) : found->read(file, limits);
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::kLimitExceeded, "reading it takes more memory than the limit allows",
               "raise --memory-limit if the file is trusted"};
}

Result<Unit> refuse_other_kinds(const ByteSource& source) {
  const Result<std::string> head = source.read(0, std::min(source.size(), ModelFile::kHeadBytes));
  if (!head) return head.error();
  if (is_zip(*head)) return Unit{};
  return refuse_file(*head, source.size());
}

Result<ModelSnapshot> read_model(const std::string& path, const ReadLimits& limits) {
  const Result<FileSource> file = FileSource::open(path);
  if (!file) return file.error();
  Result<ModelSnapshot> snapshot = read_model(*file, limits);
  if (snapshot) snapshot->path = valid_utf8(path);
  return snapshot;
}

}  // namespace tally::inspector
