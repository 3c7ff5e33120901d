// Exports as data: what make_exports.py wrote of real archives with torch.jit.load, read as a
// loader would have.
#pragma once

#include <gtest/gtest.h>
#include <inspector/census/census.h>
#include <inspector/model/snapshot.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tally::inspector {

struct Fixture {
  ModelSnapshot snapshot;
  nlohmann::json facts;  ///< everything but modules and tensors: "expected", "config", "fields"
};

inline std::filesystem::path fixture_folder() {
  return std::filesystem::path(TORCHTALLY_SOURCE_DIR) / "tests" / "inspector" / "reconcile" /
         "data";
}

/// "first/gpt2" and so on, of every file in the folders named.
inline std::vector<std::string> fixture_names(const std::vector<std::string>& folders) {
  std::vector<std::string> names;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(fixture_folder() / folder)) {
      if (entry.path().extension() == ".json")
        names.push_back(folder + "/" + entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline void read_view(const nlohmann::json& row, TensorRecord& tensor) {
  StridedView& view = tensor.view;
  view.dtype = dtype_from_name(row.at(3).get<std::string>()).value();
  view.sizes = row.at(4).get<std::vector<std::int64_t>>();
  view.elements = 1;
  for (const std::int64_t size : view.sizes) view.elements *= size;
  view.bytes = (view.elements * info(view.dtype).bits + 7) / 8;
  view.storage = StorageId(row.at(5).get<std::int32_t>());
  if (row.size() > 6) {
    view.offset = row.at(6).get<std::int64_t>();
    view.strides = row.at(7).get<std::vector<std::int64_t>>();
    return;
  }
  view.strides.assign(view.sizes.size(), 1);
  for (std::size_t i = view.sizes.size(); i-- > 1;)
    view.strides[i - 1] = view.strides[i] * std::max<std::int64_t>(1, view.sizes[i]);
}

inline Fixture read_fixture(const std::string& name) {
  std::ifstream file(fixture_folder() / (name + ".json"));
  nlohmann::json json = nlohmann::json::parse(file);
  Fixture fixture;
  ModelSnapshot& s = fixture.snapshot;
  s.path = name + ".pt";
  std::map<std::string, ModuleId> index;
  for (const auto& row : json.at("modules")) {
    ModuleNode node;
    node.path = row.at(0).get<std::string>();
    node.type = row.at(1).get<std::string>();
    const auto dot = node.path.rfind('.');
    if (!node.path.empty())
      node.parent = dot == std::string::npos ? ModuleId(0) : index.at(node.path.substr(0, dot));
    if (row.size() > 2) {
      for (const auto& [key, value] : row.at(2).items())
        node.constants.emplace_back(key, value.dump());
    }
    if (row.size() > 3) {
      node.code_sizes = static_cast<std::int32_t>(s.code_sizes.size());
      auto& lists = s.code_sizes.emplace_back();
      for (const auto& list : row.at(3))
        lists.push_back(
            {list.at(0).get<std::string>(), list.at(1).get<std::vector<std::int64_t>>()});
    }
    index[node.path] = ModuleId(s.modules.size());
    s.modules.push_back(std::move(node));
  }
  std::int32_t storages = 0;
  for (const auto& row : json.at("tensors")) {
    TensorRecord tensor;
    tensor.module = ModuleId(row.at(0).get<std::int32_t>());
    tensor.name = row.at(1).get<std::string>();
    tensor.kind = tensor_kind_from_name(row.at(2).get<std::string>()).value();
    read_view(row, tensor);
    storages = std::max(storages, tensor.view.storage.value() + 1);
    s.tensors.push_back(std::move(tensor));
  }
  for (std::int32_t i = 0; i < storages; ++i)
    s.storages.push_back({"data/" + std::to_string(i), 0, 0, "cpu"});
  json.erase("modules");
  json.erase("tensors");
  fixture.facts = std::move(json);
  return fixture;
}

}  // namespace tally::inspector
