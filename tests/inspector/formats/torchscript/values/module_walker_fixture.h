// Pickles made by hand, walked: what the tests of the walker share.
#pragma once

#include <gtest/gtest.h>
#include <inspector/formats/torchscript/values/module_walker.h>
#include <tests/inspector/archive/pickle_builder.h>

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tally::inspector {

/// Classes as the code of an archive would declare them; any other is a plain module. Attributes
/// are declared as the first object of a class holds them, unless the test declares its own.
class ModuleWalkerTest : public testing::Test {
 protected:
  ModuleWalkerTest() {
    for (int i = 0; i < 100; ++i) add_record(std::to_string(i), 1 << 20);
    storages_.emplace(records_, snapshot_);
  }
  static DeclaredType type(std::string_view text) {
    std::size_t wrong_at = 0;
    const auto read = read_declared_type(text, wrong_at);
    EXPECT_TRUE(read) << text;
    return read ? *read : DeclaredType{};
  }
  /// Attributes of every class that has none yet, as the objects of `p` have them.
  void declare_what_is_held(const pickle::Pickle& p) {
    for (const pickle::Node& object : p.nodes) {
      if (object.kind != pickle::Kind::kObject || object.count < 2) continue;
      const std::string name(p.at(object, 0).name);
      const auto [cls, fresh] = classes_.try_emplace(name);
      if (fresh) cls->second.base = "Module";
      const pickle::Node& state = p.at(object, 1);
      if (!cls->second.attributes.empty() || cls->second.runs_setstate() ||
          state.kind != pickle::Kind::kDict)
        continue;
      for (std::size_t i = 0; i < state.count; i += 2) {
        const pickle::Node& value = untagged(p, p.at(state, i + 1));
        const bool is_object =
            value.kind == pickle::Kind::kObject && p.at(value, 0).text.substr(0, 9) == "__torch__";
        cls->second.attributes.push_back(
            {std::string(p.at(state, i).text),
             is_object
                 ? type(std::string(p.at(value, 0).text) + "." + std::string(p.at(value, 0).name))
                 : type(is_tensor(p, value) ? "Optional[Tensor]" : "Any")});
      }
    }
  }
  void add_record(const std::string& key, std::int64_t bytes) {
    for (const char* folder : {"data/", "constants/"}) {
      ZipEntry entry;
      entry.bytes = entry.stored_bytes = bytes;
      records_[folder + key] = entry;
    }
  }
  ClassDeclaration& declare(
      const std::string& name, const std::string& base,
      const std::vector<std::pair<std::string, std::string>>& attributes = {}) {
    ClassDeclaration& cls = classes_[name];
    cls.base = base;
    cls.attributes.clear();
    for (const auto& [attribute, declared] : attributes)
      cls.attributes.push_back({attribute, type(declared)});
    return cls;
  }
  /// A class whose `__setstate__` PyTorch would run.
  ClassDeclaration& declare_setstate(const std::string& name) {
    ClassDeclaration& cls = declare(name, "Module");
    cls.has_getstate = cls.has_setstate = true;
    return cls;
  }
  ModuleWalker walker() {
    return ModuleWalker(
        snapshot_, *storages_,
        [this](const std::string&, const std::string& name) -> Result<const ClassDeclaration*> {
          if (name == "Undeclared")
            return Error{ErrorCode::kMalformed, "Undeclared is not declared", ""};
          return &classes_[name];
        },
        limits_);
  }
  Result<Unit> walk(const std::string& value) {
    bytes_ = test::whole(value);
    Result<pickle::Pickle> p = pickle::read(bytes_);
    EXPECT_TRUE(p) << p.error().message;
    if (!p) return p.error();
    declare_what_is_held(*p);
    snapshot_ = {};
    storages_.emplace(records_, snapshot_);
    return walker().walk_model({*p, "data.pkl", "data/", ""}, ModuleId::none());
  }
  void expect_walked(const std::string& value) {
    const Result<Unit> done = walk(value);
    EXPECT_TRUE(done) << done.error().message;
  }
  Error refusal(const std::string& value) {
    const Result<Unit> done = walk(value);
    EXPECT_FALSE(done);
    return done ? Error{} : done.error();
  }
  /// "path.name kind" of every tensor.
  std::vector<std::string> tensors() const {
    std::vector<std::string> said;
    for (const TensorRecord& t : snapshot_.tensors)
      said.push_back(full_name(snapshot_, t) + " " + std::string(name(t.kind)));
    return said;
  }
  std::vector<std::string> modules() const {
    std::vector<std::string> paths;
    for (const ModuleNode& m : snapshot_.modules) paths.push_back(m.path);
    return paths;
  }
  static std::string module(const std::string& type, const test::Values& attributes) {
    return test::object("__torch__", type, test::dict(attributes));
  }

  std::unordered_map<std::string, ClassDeclaration> classes_;
  std::map<std::string, ZipEntry> records_;
  ModelSnapshot snapshot_;
  std::optional<StorageTable> storages_;
  ReadLimits limits_;
  std::string bytes_;
};

using Texts = std::vector<std::string>;

}  // namespace tally::inspector
