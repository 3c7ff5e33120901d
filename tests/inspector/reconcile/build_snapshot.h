// Snapshots made in memory: what a loader would have read of a model with these names and shapes.
#pragma once

#include <inspector/model/snapshot.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {

class SnapshotBuilder {
 public:
  SnapshotBuilder() {
    snapshot_.modules.push_back({"", ModuleId::none(), "Model", ModuleId::none(), {}, {}});
  }

  /// A module of `type` at `path`; its parents come into being with it.
  ModuleId module(const std::string& path, const std::string& type = "Module") {
    const auto found = index_.find(path);
    if (path.empty()) return ModuleId(0);
    if (found != index_.end()) {
      if (type != "Module") snapshot_.modules[found->second].type = type;
      return found->second;
    }
    const auto dot = path.rfind('.');
    const ModuleId parent = module(dot == std::string::npos ? "" : path.substr(0, dot));
    const ModuleId index(snapshot_.modules.size());
    snapshot_.modules.push_back({path, parent, type, ModuleId::none(), {}, {}});
    index_[path] = index;
    return index;
  }

  /// A parameter; `name` holds its module's path. Returns its storage, for aliases.
  StorageId parameter(const std::string& name, std::vector<std::int64_t> sizes,
                      const std::string& type = "Module", StorageId storage = StorageId::none()) {
    const auto dot = name.rfind('.');
    TensorRecord tensor;
    tensor.module = module(dot == std::string::npos ? "" : name.substr(0, dot), type);
    tensor.name = name.substr(dot == std::string::npos ? 0 : dot + 1);
    tensor.kind = TensorKind::kParameter;
    tensor.requires_grad = true;
    StridedView& view = tensor.view;
    view.elements = 1;
    for (const std::int64_t size : sizes) view.elements *= size;
    view.bytes = view.elements * 4;
    view.strides.assign(sizes.size(), 1);
    for (std::size_t i = sizes.size(); i-- > 1;) view.strides[i - 1] = view.strides[i] * sizes[i];
    view.sizes = std::move(sizes);
    if (!storage.valid()) {
      storage = StorageId(snapshot_.storages.size());
      snapshot_.storages.push_back(
          {"data/" + std::to_string(storage.value()), view.bytes, 0, "cpu"});
    }
    view.storage = storage;
    snapshot_.tensors.push_back(std::move(tensor));
    return storage;
  }

  /// weight [out, in] and, with `bias`, bias [out] of a torch.nn.Linear.
  void linear(const std::string& path, std::int64_t in, std::int64_t out, bool bias) {
    parameter(path + ".weight", {out, in}, "torch.nn.modules.linear.Linear");
    if (bias) parameter(path + ".bias", {out}, "torch.nn.modules.linear.Linear");
  }
  void conv1d(const std::string& path, std::int64_t in, std::int64_t out) {
    parameter(path + ".weight", {in, out}, "transformers.pytorch_utils.Conv1D");
    parameter(path + ".bias", {out}, "transformers.pytorch_utils.Conv1D");
  }
  StorageId embedding(const std::string& path, std::int64_t rows, std::int64_t width) {
    return parameter(path + ".weight", {rows, width}, "torch.nn.modules.sparse.Embedding");
  }
  void layer_norm(const std::string& path, std::int64_t width) {
    parameter(path + ".weight", {width}, "torch.nn.modules.normalization.LayerNorm");
    parameter(path + ".bias", {width}, "torch.nn.modules.normalization.LayerNorm");
  }
  void rms_norm(const std::string& path, std::int64_t width) {
    parameter(path + ".weight", {width}, "LlamaRMSNorm");
  }

  const ModelSnapshot& snapshot() const { return snapshot_; }

 private:
  ModelSnapshot snapshot_;
  std::map<std::string, ModuleId> index_;
};

}  // namespace tally::inspector
