// Snapshots for tests, module by module and tensor by tensor.
#pragma once

#include <inspector/model/snapshot.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector::test {

using Shape = std::vector<std::int64_t>;

inline Shape contiguous(const Shape& sizes) {
  Shape strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<std::int64_t>(1, sizes[i]);
  return strides;
}

struct SnapshotBuilder {
  ModelSnapshot snapshot;

  SnapshotBuilder() { module("", ModuleId::none(), "Model"); }

  /// Adds a module.
  ModuleId module(const std::string& path, ModuleId parent, const std::string& type = "Layer") {
    ModuleNode node;
    node.path = path;
    node.parent = parent;
    node.type = type;
    snapshot.modules.push_back(node);
    return ModuleId(snapshot.modules.size() - 1);
  }

  StorageId storage(std::int64_t bytes, std::uint32_t crc32 = 0) {
    snapshot.storages.push_back(
        {"data/" + std::to_string(snapshot.storages.size()), bytes, crc32, "cpu"});
    return StorageId(snapshot.storages.size() - 1);
  }

  StridedView view(StorageId storage, const Shape& sizes, std::int64_t offset = 0,
                   Dtype dtype = Dtype::kFloat32) const {
    StridedView v;
    v.dtype = dtype;
    v.sizes = sizes;
    v.strides = contiguous(sizes);
    v.storage = storage;
    v.offset = offset;
    v.elements = 1;
    for (const std::int64_t size : sizes) v.elements *= size;
    v.bytes = (v.elements * info(dtype).bits + 7) / 8;
    return v;
  }

  TensorRecord& tensor(ModuleId module, const std::string& name, const StridedView& view,
                       TensorKind kind = TensorKind::kParameter) {
    TensorRecord t;
    t.module = module;
    t.name = name;
    t.kind = kind;
    t.view = view;
    t.requires_grad = kind == TensorKind::kParameter;
    snapshot.tensors.push_back(t);
    return snapshot.tensors.back();
  }

  /// A tensor that fills a storage of its own.
  TensorRecord& tensor(ModuleId module, const std::string& name, const Shape& sizes,
                       TensorKind kind = TensorKind::kParameter, Dtype dtype = Dtype::kFloat32) {
    StridedView v = view(StorageId::none(), sizes, 0, dtype);
    v.storage = storage(v.bytes);
    return tensor(module, name, v, kind);
  }
};

}  // namespace tally::inspector::test
