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
  SnapshotBuilder() { snapshot_.modules.push_back({"", -1, "Model", -1, {}, {}}); }

  /// A module of `type` at `path`; its parents come into being with it.
  std::int32_t module(const std::string& path, const std::string& type = "Module") {
    const auto found = index_.find(path);
    if (path.empty()) return 0;
    if (found != index_.end()) {
      if (type != "Module") snapshot_.modules[static_cast<std::size_t>(found->second)].type = type;
      return found->second;
    }
    const auto dot = path.rfind('.');
    const std::int32_t parent = module(dot == std::string::npos ? "" : path.substr(0, dot));
    const auto index = static_cast<std::int32_t>(snapshot_.modules.size());
    snapshot_.modules.push_back({path, parent, type, -1, {}, {}});
    index_[path] = index;
    return index;
  }

  /// A parameter; `name` holds its module's path. Returns its storage, for aliases.
  std::int32_t parameter(const std::string& name, std::vector<std::int64_t> sizes,
                         const std::string& type = "Module", std::int32_t storage = -1) {
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
    if (storage < 0) {
      storage = static_cast<std::int32_t>(snapshot_.storages.size());
      snapshot_.storages.push_back({"data/" + std::to_string(storage), view.bytes, 0, "cpu"});
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
  std::int32_t embedding(const std::string& path, std::int64_t rows, std::int64_t width) {
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
  std::map<std::string, std::int32_t> index_;
};

}  // namespace tally::inspector
