// ModuleWalker: from the nodes of data.pkl and constants.pkl to the modules and tensors of a
// snapshot.
#pragma once

#include <base/result.h>
#include <inspector/archive/pickle.h>
#include <inspector/formats/read_limits.h>
#include <inspector/formats/torchscript/code/class_declarations.h>
#include <inspector/formats/torchscript/values/tensor_values.h>
#include <inspector/model/snapshot.h>

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace tally::inspector {

/// One pickle of an archive.
struct PickledValues {
  const pickle::Pickle& pickle;
  std::string record;          ///< for messages: "data.pkl"
  std::string storage_folder;  ///< "data/", "constants/", ".data/"
  std::string module_path;     ///< path of the root module; "" but in a torch.package
};

/// Walks values depth first, in the file's order, without recursion. `classes(module, name)` gives
/// the declaration of a class, which must stay valid, or an Error where the code does not have it.
class ModuleWalker {
 public:
  using ClassSource = std::function<Result<const ClassDeclaration*>(const std::string& module,
                                                                    const std::string& name)>;

  ModuleWalker(ModelSnapshot& snapshot, StorageTable& storages, ClassSource classes,
               const ReadLimits& limits)
      : snapshot_(snapshot), storages_(storages), classes_(std::move(classes)), limits_(limits) {}

  /// Adds the modules and tensors below the root object. `parent` is none for the model's root.
  Result<Unit> walk_model(const PickledValues& values, ModuleId parent);

  /// Adds the tuple of a code's constants to `module` as CONSTANTS.c0, CONSTANTS.c1 …
  Result<Unit> walk_constants(const PickledValues& values, ModuleId module);

 private:
  /// Where a value was met.
  struct Place {
    ModuleId module;
    std::string name;
    TensorKind kind;
    const DeclaredType* type = nullptr;  // as it is declared; none: whatever
    bool of_module = false;              // it is an attribute of a module, and not within one
  };
  /// A value whose items are being visited.
  struct Frame {
    pickle::NodeId node;
    std::uint32_t next = 0;
    Place place;
    const ClassDeclaration* cls = nullptr;  // whose attributes the items are
  };

  Result<Unit> run(const PickledValues& values, pickle::NodeId root, Place place);
  Result<Unit> visit(const PickledValues& values, pickle::NodeId id, Place place);
  Result<Unit> visit_object(const PickledValues& values, pickle::NodeId id, Place place);
  Result<Unit> visit_enum(const PickledValues& values, const pickle::Node& call,
                          const Place& place);
  Result<Unit> visit_item(const PickledValues& values, std::size_t frame_index);
  Result<Unit> add_tensor(const PickledValues& values, const pickle::Node& call, Place place);
  Result<Unit> open(const PickledValues& values, pickle::NodeId id, Place place,
                    const ClassDeclaration* cls = nullptr);
  Result<ModuleId> add_module(const PickledValues& values, const Place& place,
                              const std::string& type, pickle::NodeId id,
                              const ClassDeclaration& cls);
  Result<Unit> add_remade(const PickledValues& values, Place place, const std::string& type,
                          pickle::NodeId id, const ClassDeclaration& cls,
                          const std::vector<std::pair<std::string, pickle::NodeId>>& buffers);
  Result<Unit> check_state(const PickledValues& values, const pickle::Node& state,
                           const Place& place, const ClassDeclaration& cls) const;
  Result<Unit> check_keys(const PickledValues& values, const pickle::Node& dict,
                          const Place& place) const;
  Result<Unit> check_named(const PickledValues& values, const pickle::Node& value,
                           const std::string& qualified, bool is_module, const Place& place);
  Result<const ClassDeclaration*> class_of(const DeclaredType& type);
  static std::optional<std::vector<std::pair<std::string, pickle::NodeId>>> remade_buffers(
      const pickle::Pickle& p, const pickle::Node& state, const ClassDeclaration& cls);
  Result<bool> declares_weights(const ClassDeclaration& cls);
  bool is_convolution_of(const pickle::Pickle& p) const;
  Result<Unit> name_state(const PickledValues& values, const pickle::Node& state,
                          const ClassDeclaration& cls);
  Result<Unit> spend(const PickledValues& values, std::size_t report_bytes);
  Error refuse(const PickledValues& values, const pickle::Node& value, const Place& place,
               const std::string& what) const;

  ModelSnapshot& snapshot_;
  StorageTable& storages_;
  ClassSource classes_;
  const ReadLimits& limits_;
  std::vector<Frame> frames_;
  std::vector<bool> open_;  // by node: on the way from the root to here
  std::unordered_map<pickle::NodeId, ModuleId> first_module_;
  std::unordered_map<const ClassDeclaration*, std::int32_t> code_sizes_;
  std::unordered_map<const ClassDeclaration*, bool> declares_weights_;
  std::unordered_set<const pickle::Node*> hidden_;  // that have been told
  std::string root_path_;
  ModuleId root_parent_;
  bool at_root_ = false;
  std::int64_t visits_ = 0;
  std::int64_t report_bytes_ = 0;  // of names and attributes, as often as they are repeated
};

}  // namespace tally::inspector
