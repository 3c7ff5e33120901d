// Pickles made by hand, walked: what the tests of the walker share.
#pragma once

#include <gtest/gtest.h>
#include <inspector/formats/torchscript/module_walker.h>
#include <tests/inspector/archive/pickle_builder.h>

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tally::inspector {

/// Classes as the code of an archive would declare them; any other is a plain module.
class ModuleWalkerTest : public testing::Test {
 protected:
  ModuleWalkerTest() {
    for (int i = 0; i < 100; ++i) add_record(std::to_string(i), 1 << 20);
    plain_.base = "Module";
    storages_.emplace(records_, snapshot_);
  }
  void add_record(const std::string& key, std::int64_t bytes) {
    for (const char* folder : {"data/", "constants/"}) {
      ZipEntry entry;
      entry.bytes = entry.stored_bytes = bytes;
      records_[folder + key] = entry;
    }
  }
  ClassDeclaration& declare(const std::string& name, const std::string& base) {
    ClassDeclaration& cls = classes_[name];
    cls.base = base;
    return cls;
  }
  ModuleWalker walker() {
    return ModuleWalker(
        snapshot_, *storages_,
        [this](const std::string&, const std::string& name) -> Result<const ClassDeclaration*> {
          if (name == "Undeclared")
            return Error{ErrorCode::kMalformed, "Undeclared is not declared", ""};
          const auto found = classes_.find(name);
          return found == classes_.end() ? &plain_ : &found->second;
        },
        limits_);
  }
  Result<Unit> walk(const std::string& value) {
    bytes_ = test::whole(value);
    Result<pickle::Pickle> p = pickle::read(bytes_);
    EXPECT_TRUE(p) << p.error().message;
    if (!p) return p.error();
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

  ClassDeclaration plain_;
  std::unordered_map<std::string, ClassDeclaration> classes_;
  std::map<std::string, ZipEntry> records_;
  ModelSnapshot snapshot_;
  std::optional<StorageTable> storages_;
  ReadLimits limits_;
  std::string bytes_;
};

using Texts = std::vector<std::string>;

}  // namespace tally::inspector
