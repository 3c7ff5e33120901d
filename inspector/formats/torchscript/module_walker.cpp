#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/module_walker.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace tally::inspector {
namespace {

using pickle::Kind;
using pickle::Node;
using pickle::NodeId;
using pickle::Pickle;

constexpr std::string_view kCustomClasses = "__torch__.torch.classes.";
constexpr std::size_t kLongestStringAttribute = 200;
constexpr std::size_t kLongestListAttribute = 16;

/// "__torch__.torch.nn.modules.linear.___torch_mangle_12.Linear" →
/// "torch.nn.modules.linear.Linear".
std::string plain_type(const std::string& qualified) {
  constexpr std::string_view kRoot = "__torch__.", kMangle = "___torch_mangle_";
  std::string_view rest = qualified;
  if (rest.substr(0, kRoot.size()) == kRoot) rest.remove_prefix(kRoot.size());
  std::string type;
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    if (part.substr(0, kMangle.size()) == kMangle) continue;
    if (!type.empty()) type += '.';
    type += part;
  }
  return valid_utf8(type);
}

/// The JSON of a number, string, boolean, None or a short list of integers; nothing for anything
/// else.
std::optional<std::string> scalar_json(const Pickle& p, const Node& node) {
  switch (node.kind) {
    case Kind::kBool:
      return node.integer != 0 ? "true" : "false";
    case Kind::kInteger:
      return std::to_string(node.integer);
    case Kind::kReal: {
      char text[40];
      const auto end = std::to_chars(text, text + sizeof text,
                                     node.real);  // the shortest that reads back the same
      return literal_to_json({text, static_cast<std::size_t>(end.ptr - text)});
    }
    case Kind::kString:
      if (node.text.size() > kLongestStringAttribute) return std::nullopt;
      return json_string(node.text);
    case Kind::kList:
    case Kind::kTuple: {
      if (node.count == 0 || node.count > kLongestListAttribute) return std::nullopt;
      std::string list = "[";
      for (std::size_t i = 0; i < node.count; ++i) {
        if (p.at(node, i).kind != Kind::kInteger) return std::nullopt;
        list += (i > 0 ? "," : "") + std::to_string(p.at(node, i).integer);
      }
      return list + "]";
    }
    default:
      return std::nullopt;
  }
}

bool is_container(const Node& node) {
  return node.kind == Kind::kTuple || node.kind == Kind::kList || node.kind == Kind::kDict;
}

std::string key_name(const Node& key) {
  if (key.kind == Kind::kString) return "[" + json_string(key.text) + "]";
  if (key.kind == Kind::kInteger || key.kind == Kind::kBool)
    return "[" + std::to_string(key.integer) + "]";
  return "[?]";
}

std::string join(const std::string& path, const std::string& name) {
  if (path.empty() || name.empty()) return path + name;
  return name.front() == '[' ? path + name : path + "." + name;
}

/// Numbers, strings and booleans of a state, under the names by which `__setstate__` stores them.
void name_state(const Pickle& p, const Node& state, const ClassDeclaration& cls, ModuleNode& node) {
  if (state.kind != Kind::kTuple) return;
  for (const auto& [index, name] : cls.state_names) {
    if (index >= state.count) continue;
    if (const auto json = scalar_json(p, p.at(state, index)))
      node.attributes.emplace_back(name, *json);
  }
}

}  // namespace

Result<Unit> ModuleWalker::walk_model(const PickledValues& values, ModuleId parent) {
  root_path_ = values.module_path;
  root_parent_ = parent;
  at_root_ = true;
  if (untagged(values.pickle, values.pickle[values.pickle.root]).kind != Kind::kObject) {
    return Error{ErrorCode::kMalformed, values.record + " holds no module",
                 "export the model again"};
  }
  const std::size_t modules = snapshot_.modules.size();
  if (auto done = run(values, values.pickle.root, {parent, "", TensorKind::kAttribute}); !done)
    return done;
  if (snapshot_.modules.size() == modules) {  // an enum, or an object without state
    return Error{ErrorCode::kMalformed, values.record + " holds no module",
                 "export the model again"};
  }
  return Unit{};
}

Result<Unit> ModuleWalker::walk_constants(const PickledValues& values, ModuleId module) {
  const Node& root = untagged(values.pickle, values.pickle[values.pickle.root]);
  if (root.kind != Kind::kTuple && root.kind != Kind::kList) {
    return Error{ErrorCode::kMalformed, values.record + " holds no tuple of constants",
                 "export the model again"};
  }
  at_root_ = false;
  for (std::size_t i = 0; i < root.count; ++i) {
    const NodeId id = values.pickle.item(root, i);
    if (auto done =
            run(values, id, {module, "CONSTANTS.c" + std::to_string(i), TensorKind::kConstant});
        !done)
      return done;
  }
  return Unit{};
}

Result<Unit> ModuleWalker::run(const PickledValues& values, NodeId root, Place place) {
  frames_.clear();
  open_.assign(values.pickle.nodes.size(), false);
  first_module_.clear();
  if (auto done = visit(values, root, std::move(place)); !done) return done;
  while (!frames_.empty()) {
    const std::size_t last = frames_.size() - 1;
    if (frames_[last].next >= values.pickle[frames_[last].node].count) {
      open_[frames_[last].node] = false;
      frames_.pop_back();
    } else if (auto done = visit_item(values, last); !done) {
      return done;
    }
  }
  return Unit{};
}

/// The next item of the frame: an element of a list or tuple, a key and its value in a dict, the
/// state of an object.
Result<Unit> ModuleWalker::visit_item(const PickledValues& values, std::size_t index) {
  const Pickle& p = values.pickle;
  Frame& frame = frames_[index];
  const Node& node = p[frame.node];
  const std::uint32_t i = frame.next;
  Place place = frame.place;
  if (node.kind == Kind::kObject) {
    frame.next += 1;
    return visit(values, p.item(node, i), std::move(place));
  }
  if (node.kind != Kind::kDict) {
    frame.next += 1;
    place.name += "[" + std::to_string(i) + "]";
    return visit(values, p.item(node, i), std::move(place));
  }
  frame.next += 2;
  const Node& key = p.at(node, i);
  const NodeId value = p.item(node, i + 1);
  if (!frame.is_object_state || key.kind != Kind::kString) {
    place.name += key_name(key);
    return visit(values, value, std::move(place));
  }
  const std::string attribute = valid_utf8(key.text);
  if (const ClassDeclaration* cls = frame.module_class) {
    const std::string raw(key.text);
    place.kind = cls->parameters.count(raw) != 0 ? TensorKind::kParameter
                 : cls->buffers.count(raw) != 0  ? TensorKind::kBuffer
                                                 : TensorKind::kAttribute;
    if (const auto json = scalar_json(p, untagged(p, p[value]))) {
      snapshot_.modules[place.module].attributes.emplace_back(attribute, *json);
      return Unit{};
    }
  }
  place.name = join(place.name, attribute);
  return visit(values, value, std::move(place));
}

Result<Unit> ModuleWalker::visit(const PickledValues& values, NodeId id, Place place) {
  const Pickle& p = values.pickle;
  const Node* node = nullptr;
  // Calls that build no tensor (torch.device, an enum, an empty OrderedDict) hold tensors only in
  // their arguments.
  for (;; id = p.item(*node, 1)) {
    if (++visits_ > limits_.max_visits) {
      return Error{ErrorCode::kLimitExceeded,
                   values.record + " holds more than " + std::to_string(limits_.max_visits) +
                       " values: shared containers multiply its paths",
                   "no export does this; the file is damaged or hostile"};
    }
    node = &untagged(p, p[id]);
    if (node->kind != Kind::kCall || is_tensor(p, *node)) break;
  }
  const auto value = static_cast<NodeId>(node - p.nodes.data());
  if (node->kind == Kind::kCall) return add_tensor(values, *node, std::move(place));
  if (node->kind == Kind::kObject) return visit_object(values, value, std::move(place));
  if (is_container(*node)) return open(values, value, std::move(place));
  return Unit{};
}

Result<Unit> ModuleWalker::open(const PickledValues& values, NodeId id, Place place,
                                const ClassDeclaration* module_class, bool is_object_state) {
  const Node& node = values.pickle[id];
  if (open_[id]) return Unit{};  // a container that contains itself: its tensors have been met
  if (frames_.size() >= static_cast<std::size_t>(limits_.max_depth)) {
    return Error{ErrorCode::kLimitExceeded,
                 "values are nested deeper than " + std::to_string(limits_.max_depth) + " levels",
                 "no export does this; the file is damaged or hostile"};
  }
  open_[id] = true;
  const std::uint32_t first = node.kind == Kind::kObject ? 1 : 0;  // an object's class is no value
  frames_.push_back({id, first, std::move(place), module_class, is_object_state});
  return Unit{};
}

Result<Unit> ModuleWalker::visit_object(const PickledValues& values, NodeId id, Place place) {
  const Pickle& p = values.pickle;
  const Node& object = p[id];
  const Node& global = p.at(object, 0);
  if (object.count < 2) return Unit{};  // an object without state
  const Node& state = p.at(object, 1);
  const std::string module(global.text);
  const std::string qualified = module + "." + std::string(global.name);
  const bool is_root = std::exchange(at_root_, false);
  if (qualified.compare(0, kCustomClasses.size(), kCustomClasses) == 0 && !is_root) {
    place.kind = TensorKind::kPacked;
    return open(values, id, std::move(place));
  }
  const Result<const ClassDeclaration*> declared = classes_(module, std::string(global.name));
  if (!declared) return declared.error();
  const ClassDeclaration& cls = **declared;
  if (cls.base == "Enum") return Unit{};
  const bool is_module = is_root || cls.is_module();
  if (is_module) {
    place.module = add_module(place, plain_type(qualified), id, cls);
    place.name.clear();
  }
  if (state.kind == Kind::kDict && !cls.has_setstate) {
    return open(values, p.item(object, 1), std::move(place), is_module ? &cls : nullptr, true);
  }
  if (is_module) name_state(p, state, cls, snapshot_.modules.back());
  if (place.kind != TensorKind::kPacked) place.kind = TensorKind::kState;
  place.name = join(place.name, "<state>");
  return open(values, id, std::move(place));
}

ModuleId ModuleWalker::add_module(const Place& place, const std::string& type, NodeId id,
                                  const ClassDeclaration& cls) {
  const ModuleId index(snapshot_.modules.size());
  ModuleNode node;
  const bool is_root = place.module == root_parent_ && place.name.empty();
  node.parent = is_root ? root_parent_ : place.module;
  node.path = is_root ? root_path_ : join(snapshot_.modules[place.module].path, place.name);
  node.type = type;
  node.constants = cls.constants;
  if (!cls.sizes.empty()) {
    const auto next = static_cast<std::int32_t>(snapshot_.code_sizes.size());
    const auto [sizes, unseen] = code_sizes_.emplace(&cls, next);
    if (unseen) snapshot_.code_sizes.push_back(cls.sizes);
    node.code_sizes = sizes->second;
  }
  const auto [first, fresh] = first_module_.emplace(id, index);
  if (!fresh) node.same_as = first->second;
  snapshot_.modules.push_back(std::move(node));
  return index;
}

Result<Unit> ModuleWalker::add_tensor(const PickledValues& values, const Node& call, Place place) {
  Result<TensorRecord> tensor = read_tensor(values.pickle, call, values.storage_folder, storages_);
  const std::string where =
      join(place.module.valid() ? snapshot_.modules[place.module].path : root_path_, place.name);
  if (!tensor) {
    Error error = tensor.error();
    error.message = values.record + ": tensor " + where + " " + error.message;
    return error;
  }
  if (!place.module.valid()) {
    return Error{ErrorCode::kMalformed,
                 values.record + ": tensor " + where + " belongs to no module",
                 "export the model again"};
  }
  if (static_cast<std::int64_t>(snapshot_.tensors.size()) >= limits_.max_tensors) {
    return Error{
        ErrorCode::kLimitExceeded,
        values.record + " holds more than " + std::to_string(limits_.max_tensors) + " tensors", ""};
  }
  tensor->module = place.module;
  tensor->name = std::move(place.name);
  tensor->kind = place.kind;
  snapshot_.tensors.push_back(std::move(*tensor));
  return Unit{};
}

}  // namespace tally::inspector
