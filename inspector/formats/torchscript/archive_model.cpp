#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/archive_model.h>
#include <inspector/formats/torchscript/code/operation_reader.h>
#include <inspector/formats/torchscript/file_sections.h>
#include <inspector/formats/torchscript/findings/burnt_in.h>
#include <inspector/formats/torchscript/findings/hidden_weights.h>
#include <inspector/formats/torchscript/findings/risks.h>
#include <inspector/formats/torchscript/values/module_walker.h>
#include <inspector/formats/torchscript/values/value_types.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <unordered_set>

namespace tally::inspector {
namespace {

// Where torch.jit.save puts its version: from version 6 on, and before.
const std::string kNewVersion = ".data/version", kOldVersion = "version";

constexpr std::size_t kMostOperations = 200'000;  // 100 layers of 100 experts have 60,000

class Loader {
 public:
  Loader(ArchiveReader& archive, const ReadLimits& limits, ModelSnapshot& snapshot)
      : archive_(archive),
        limits_(limits),
        snapshot_(snapshot),
        storages_(archive.records(), snapshot) {}

  Result<Unit> load(const ArchiveLayout& layout) {
    if (layout.is_package) {
      ModuleNode root;
      root.type = "torch.package";
      snapshot_.modules.push_back(std::move(root));
    }
    ModuleWalker walker(
        snapshot_, storages_,
        [&](const std::string& module, const std::string& name) {
          return class_of(layout.code_folder, module, name);
        },
        limits_);
    std::vector<ConstantTuple> constants;
    for (const ArchiveLayout::Model& model : layout.models) {
      const ModuleId root(snapshot_.modules.size());
      const auto data = read_pickle(model.folder + "data.pkl");
      if (!data) return data.error();
      if (auto done = walker.walk_model(
              {**data, model.folder + "data.pkl", model.data_storages, model.module_path},
              layout.is_package ? ModuleId(0) : ModuleId::none());
          !done)
        return done;
      const std::string record = model.folder + "constants.pkl";
      const auto pickled = read_pickle(record);
      if (!pickled) return pickled.error();
      constants.push_back({root, snapshot_.tensors.size()});
      if (auto done = walker.walk_constants(
              {**pickled, record, model.constant_storages, model.module_path}, root);
          !done)
        return done;
    }
    // Sources whose classes no module has: PyTorch parses some of them all the same.
    sources_ = read_sources(archive_, layout.code_folder, limits_);
    for (const Source& source : sources_) {
      if (!source.text) continue;  // a finding: note_risks()
      if (const auto classes = classes_in(source.record); !classes) return classes.error();
    }
    // In a package the models share their code, and one name for a constant would mean several:
    // uses are not told then.
    if (constants.size() == 1 && !layout.is_package)
      return note_constant_uses(constants.front().first_tensor);
    return Unit{};
  }

  /// All sources of the code folder, once it is loaded.
  const std::vector<Source>& sources() const { return sources_; }

 private:
  struct ConstantTuple {
    ModuleId module;
    std::size_t first_tensor;
  };

  Result<std::shared_ptr<const pickle::Pickle>> read_pickle(const std::string& record) {
    const Result<std::string_view> bytes = archive_.read(record, limits_.max_record_bytes);
    if (!bytes) return bytes.error();
    pickle::Limits limits;
    limits.max_nodes = static_cast<std::size_t>(limits_.max_values);
    limits.max_items = 2 * limits.max_nodes;
    Result<pickle::Pickle> pickled = pickle::read(*bytes, limits);
    if (!pickled) {
      Error error = pickled.error();
      error.message = "record " + record + " is damaged: it " + error.message;
      if (error.hint.empty()) error.hint = "export or copy the model again";
      return error;
    }
    if (const pickle::Node* tag = find_wrong_tag(*pickled)) {
      return Error{ErrorCode::kMalformed,
                   record + ", byte " + std::to_string(tag->at) +
                       ": a list or dict has a tag that is no type of it",
                   "the file is damaged; export or copy the model again"};
    }
    return std::make_shared<const pickle::Pickle>(std::move(*pickled));
  }

  /// The declaration of class `name` in the code of `module` ("__torch__.torch.nn.modules.linear").
  Result<const ClassDeclaration*> class_of(const std::string& folder, const std::string& module,
                                           const std::string& name) {
    std::string record = folder + module + ".py";
    std::replace(record.begin() + static_cast<std::ptrdiff_t>(folder.size()), record.end() - 3, '.',
                 '/');
    const Result<const ClassDeclarations*> classes = classes_in(record);
    if (!classes) return classes.error();
    const auto found = (*classes)->find(name);
    if (found != (*classes)->end()) return &found->second;
    return Error{ErrorCode::kMalformed,
                 "record " + valid_utf8(record) + " does not declare class " + valid_utf8(name) +
                     ", which the model holds: what is a parameter cannot be told",
                 "the file is damaged; export or copy the model again"};
  }

  Result<const ClassDeclarations*> classes_in(const std::string& record) {
    auto known = classes_.find(record);
    if (known == classes_.end()) {
      const Result<std::string_view> source = archive_.read(record, limits_.max_record_bytes);
      if (!source) return source.error();
      Result<ClassDeclarations> read = read_class_declarations(*source);
      if (!read) {
        Error error = read.error();
        error.message = "record " + valid_utf8(record) + ": " + error.message;
        return error;
      }
      known = classes_.emplace(record, std::move(*read)).first;
    }
    return &known->second;
  }

  Result<Unit> note_constant_uses(std::size_t first_tensor) {
    std::unordered_map<std::string, std::size_t> by_name;
    for (std::size_t i = first_tensor; i < snapshot_.tensors.size(); ++i)
      by_name.emplace(snapshot_.tensors[i].name, i);
    if (by_name.empty()) return Unit{};
    std::vector<ConstantUse> uses(constant_count());
    std::vector<TensorId> tensor_of(uses.size());
    for (std::size_t n = 0; n < uses.size(); ++n) {
      const auto found = by_name.find("CONSTANTS.c" + std::to_string(n));
      if (found != by_name.end()) tensor_of[n] = TensorId(found->second);
    }
    // Only frozen models have nothing else to go by.
    bool follow =
        std::none_of(snapshot_.tensors.begin(), snapshot_.tensors.end(),
                     [](const TensorRecord& t) { return t.kind == TensorKind::kParameter; });
    std::int32_t next_value = 0;
    for (const Source& source : sources_) {
      if (!source.text) return source.text.error();
      read_constant_uses(*source.text, uses);
      follow = follow && read_operations(*source.text, tensor_of, kMostOperations, next_value,
                                         snapshot_.operations);
    }
    if (!follow) snapshot_.operations.clear();
    for (std::size_t n = 0; n < uses.size(); ++n) {
      if (!tensor_of[n].valid()) continue;
      TensorRecord& tensor = snapshot_.tensors[tensor_of[n]];
      tensor.uses = uses[n].uses;
      tensor.used_by = uses[n].first_operator;
    }
    return Unit{};
  }

  /// One more than the highest N of a CONSTANTS.cN that is a tensor.
  std::size_t constant_count() const {
    constexpr std::string_view kName = "CONSTANTS.c";
    std::size_t count = 0;
    for (const TensorRecord& t : snapshot_.tensors) {
      if (t.kind != TensorKind::kConstant ||
          t.name.find_first_not_of("0123456789", kName.size()) != std::string::npos)
        continue;
      count =
          std::max(count, static_cast<std::size_t>(std::stoull(t.name.substr(kName.size()))) + 1);
    }
    return count;
  }

  ArchiveReader& archive_;
  const ReadLimits& limits_;
  ModelSnapshot& snapshot_;
  StorageTable storages_;
  std::vector<Source> sources_;
  std::unordered_map<std::string, ClassDeclarations>
      classes_;  // by record; references stay valid when it grows
};

/// The storages that the lite interpreter's bytecode names, by their records. What of it cannot be
/// read names none: no reader but the lite interpreter's looks at it.
std::unordered_set<std::string> storages_of_bytecode(ArchiveReader& archive,
                                                     const ReadLimits& limits) {
  std::unordered_set<std::string> records;
  const std::string record = "bytecode.pkl";
  if (!archive.has(record)) return records;
  const auto bytes = archive.read(record, limits.max_record_bytes);
  if (!bytes) return records;
  pickle::Limits most;
  most.max_nodes = static_cast<std::size_t>(limits.max_values);
  most.max_items = 2 * most.max_nodes;
  const Result<pickle::Pickle> pickled = pickle::read(*bytes, most);
  if (!pickled) return records;
  constexpr std::size_t kKey = 2;  // ("storage", class, key, device, elements)
  for (const pickle::Node& node : pickled->nodes) {
    if (node.kind != pickle::Kind::kPersistent) continue;
    const pickle::Node& id = pickled->at(node, 0);
    if (id.kind != pickle::Kind::kTuple || id.count <= kKey) continue;
    const std::string key(pickled->at(id, kKey).text);
    records.insert(key.find('/') == std::string::npos ? "constants/" + key : key);
  }
  return records;
}

/// Storages that no tensor names. They are weights that nobody will use, and no error; the lite
/// interpreter has its own copies of quantized weights.
void note_unused_storages(ArchiveReader& archive, const ReadLimits& limits,
                          ModelSnapshot& snapshot) {
  std::unordered_set<std::string> used;
  for (const StorageRecord& s : snapshot.storages) used.insert(s.record);
  const auto of_bytecode = storages_of_bytecode(archive, limits);
  struct Sort {
    const char *code, *text;
    std::int64_t count = 0, bytes = 0;
  };
  Sort unused{"unused-storage", " to no tensor of the model"};
  Sort bytecode{"bytecode-storage",
                " to the lite interpreter's bytecode alone: its copies, not counted again"};
  for (const auto& [name, entry] : archive.records()) {
    const std::string_view category = record_category(name);
    if ((category != "weights" && category != "constants") || used.count(valid_utf8(name)) != 0 ||
        entry.bytes == 0)
      continue;
    Sort& sort = of_bytecode.count(name) != 0 ? bytecode : unused;
    ++sort.count;
    sort.bytes += entry.bytes;
  }
  for (const Sort& sort : {unused, bytecode}) {
    if (sort.count == 0) continue;
    snapshot.findings.push_back(
        {sort.code, std::to_string(sort.count) + (sort.count == 1 ? " storage" : " storages") +
                        " of " + std::to_string(sort.bytes) + " bytes in the file " +
                        (sort.count == 1 ? "belongs" : "belong") + sort.text});
  }
}

}  // namespace

Result<ModelSnapshot> read_archive_models(ArchiveReader& archive, const ArchiveLayout& layout,
                                          const ReadLimits& limits) {
  ModelSnapshot snapshot;
  snapshot.file_bytes = archive.file_bytes();
  const Result<std::int64_t> version = format_version(archive);
  if (!version) return version.error();
  snapshot.archive_version = *version;
  snapshot.format = layout.format;
  if (archive.has("byteorder")) {
    const auto order = archive.read("byteorder", 16);
    if (!order) return order.error();
    snapshot.byte_order = valid_utf8(*order);
  }
  // torch.save's notes on its format (docs/source/notes/serialization.rst): byteorder was "added in
  // PyTorch 2.1.0". Nothing else in an archive tells a release.
  snapshot.producer = snapshot.byte_order.empty() ? "PyTorch" : "PyTorch 2.1 or newer";
  Loader loader(archive, limits, snapshot);
  if (auto done = loader.load(layout); !done) return done.error();
  snapshot.sections =
      file_sections(archive.records(), archive.directory_offset(), archive.file_bytes());
  note_unused_storages(archive, limits, snapshot);
  note_burnt_in(loader.sources(), snapshot);
  note_hidden_weights(archive, loader.sources(), snapshot);
  note_risks(archive, loader.sources(), layout.is_package, snapshot);
  return snapshot;
}

bool has_folder(const ZipRecords& records, const std::string& folder) {
  const auto first = records.lower_bound(folder);
  return first != records.end() && first->first.compare(0, folder.size(), folder) == 0;
}

bool has_version(const ArchiveReader& archive) {
  return archive.has(kNewVersion) || archive.has(kOldVersion);
}

Result<std::int64_t> format_version(ArchiveReader& archive) {
  // PyTorch's caffe2/serialize/versions.h: kMinSupportedFileFormatVersion and kMax….
  constexpr std::int64_t kOldest = 1, kNewest = 10;
  const std::string record = archive.has(kNewVersion) ? kNewVersion : kOldVersion;
  const Result<std::string_view> text = archive.read(record, 4096);
  if (!text) return text.error();
  std::string_view digits = *text;
  if (!digits.empty() && digits.back() == '\n') digits.remove_suffix(1);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || version < kOldest)
    return Error{ErrorCode::kMalformed, "record " + record + " holds no version of an archive",
                 "the file is damaged; export or copy the model again"};
  if (version > kNewest)
    return Error{ErrorCode::kMalformed,
                 "the archive has version " + std::to_string(version) +
                     ", newer than any that this program knows (" + std::to_string(kNewest) + ")",
                 "use a newer torchtally, or save the model with an older PyTorch"};
  return version;
}

}  // namespace tally::inspector
