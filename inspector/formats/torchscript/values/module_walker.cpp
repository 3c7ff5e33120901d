#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/findings/hidden_weights.h>
#include <inspector/formats/torchscript/values/module_walker.h>
#include <inspector/formats/torchscript/values/value_texts.h>
#include <inspector/formats/torchscript/values/value_types.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace tally::inspector {
namespace {

using pickle::Kind;
using pickle::Node;
using pickle::NodeId;
using pickle::Pickle;

// What JSON, the longest of the reports, has of each beside its texts.
constexpr std::size_t kModuleBytes = 512, kTensorBytes = 384, kPartBytes = 128,
                      kDimensionBytes = 16;

bool is_container(const Node& node) {
  return node.kind == Kind::kTuple || node.kind == Kind::kList || node.kind == Kind::kDict;
}

/// Whether an Enum has a member of that value. Reals may be written in more than one way.
bool is_member(const Node& value, const ClassDeclaration& cls) {
  if (value.kind == Kind::kInteger) return cls.members.count(std::to_string(value.integer)) != 0;
  if (value.kind == Kind::kString)
    return cls.members.count('"' + std::string(value.text) + '"') != 0;
  return value.kind == Kind::kReal;
}

}  // namespace

Result<Unit> ModuleWalker::walk_model(const PickledValues& values, ModuleId parent) {
  root_path_ = values.module_path;
  root_parent_ = parent;
  at_root_ = true;
  const Place place{parent, "", TensorKind::kAttribute};
  const Node& root = values.pickle[values.pickle.root];
  if (root.kind != Kind::kObject) return refuse(values, root, place, "is no module");
  return run(values, values.pickle.root, place);
}

Result<Unit> ModuleWalker::walk_constants(const PickledValues& values, ModuleId module) {
  const Node& root = values.pickle[values.pickle.root];
  if (root.kind != Kind::kTuple) {
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
  open_.resize(values.pickle.nodes.size());
  first_module_.clear();
  hidden_.clear();
  Result<Unit> done = visit(values, root, std::move(place));
  while (done && !frames_.empty()) {
    const std::size_t last = frames_.size() - 1;
    if (frames_[last].next >= values.pickle[frames_[last].node].count) {
      open_[frames_[last].node] = false;
      frames_.pop_back();
    } else {
      done = visit_item(values, last);
    }
  }
  return done;
}

/// The next item of the frame: an element of a list or tuple, a key and its value in a dict, the
/// state of an object.
Result<Unit> ModuleWalker::visit_item(const PickledValues& values, std::size_t index) {
  const Pickle& p = values.pickle;
  Frame& frame = frames_[index];
  const Node& node = p[frame.node];
  const std::uint32_t i = frame.next;
  const bool has_keys = node.kind == Kind::kDict;
  frame.next += has_keys ? 2 : 1;
  const NodeId id = p.item(node, has_keys ? i + 1 : i);
  const Node& value = untagged(p, p[id]);
  const DeclaredType* type = frame.place.type;
  const AttributeDeclaration* attribute = nullptr;
  if (frame.cls != nullptr) {
    attribute = &frame.cls->attributes[has_keys ? i / 2 : i];
    type = &attribute->type;
  } else if (type != nullptr) {
    type = type->kind == DeclaredType::Kind::kList    ? &type->arguments.front()
           : type->kind == DeclaredType::Kind::kDict  ? &type->arguments[1]
           : type->kind == DeclaredType::Kind::kTuple ? &type->arguments[i]
                                                      : nullptr;
  }
  const bool of_module = has_keys && frame.cls != nullptr && frame.cls->is_module();
  if (of_module && (type == nullptr || may_be(p, value, *type))) {
    if (const auto json = scalar_json(p, value)) {
      if (auto paid = spend(values, named_bytes(attribute->name, *json)); !paid) return paid;
      snapshot_.modules[frame.place.module].attributes.emplace_back(valid_utf8(attribute->name),
                                                                    *json);
    }
  }
  // What holds nothing needs no name.
  if (is_scalar(p, value) && value.text.size() < kLeastHiddenBytes &&
      (type == nullptr || may_be(p, value, *type))) {
    if (++visits_ <= limits_.max_visits) return Unit{};
  }
  Place place = frame.place;
  place.type = type;
  place.of_module = of_module;
  if (node.kind == Kind::kObject) return visit(values, id, std::move(place));
  if (!has_keys) {
    place.name += "[" + std::to_string(i) + "]";
  } else if (attribute == nullptr) {
    place.name += key_name(p.at(node, i));
  } else {
    // LibTorch counts a buffer only where a Tensor is declared, an optional one is none to it.
    const bool is_tensor_type = type->kind == DeclaredType::Kind::kTensor;
    if (of_module)
      place.kind = frame.cls->parameters.count(attribute->name) != 0 ? TensorKind::kParameter
                   : is_tensor_type && frame.cls->buffers.count(attribute->name) != 0
                       ? TensorKind::kBuffer
                       : TensorKind::kAttribute;
    place.name = join(place.name, valid_utf8(attribute->name));
  }
  return visit(values, id, std::move(place));
}

Result<Unit> ModuleWalker::visit(const PickledValues& values, NodeId id, Place place) {
  const Pickle& p = values.pickle;
  if (++visits_ > limits_.max_visits) {
    return Error{ErrorCode::kLimitExceeded,
                 values.record + " holds more than " + std::to_string(limits_.max_visits) +
                     " values, the limit for a file of its size: shared containers multiply its "
                     "paths",
                 "no export does this; the file is damaged or hostile"};
  }
  const Node& node = untagged(p, p[id]);
  if (place.type != nullptr && !may_be(p, node, *place.type))
    return refuse(values, node, place,
                  "is " + std::string(describe(p, node)) + ", yet its class declares " +
                      printed(*place.type));
  auto hidden = hidden_in(p, node);
  // What several places share lies in the file once.
  if (hidden && hidden_.insert(&node).second) {
    hidden->record = values.record;
    hidden->place =
        join(place.module.valid() ? snapshot_.modules[place.module].path : root_path_, place.name);
    add_hidden(std::move(*hidden), snapshot_);
  }
  if (is_scalar(p, node)) return Unit{};
  if (is_tensor(p, node)) return add_tensor(values, node, std::move(place));
  if (place.kind == TensorKind::kParameter || place.kind == TensorKind::kBuffer)
    place.kind = TensorKind::kAttribute;  // PyTorch looks for those at the very attribute
  if (place.type != nullptr && place.type->kind == DeclaredType::Kind::kOptional) {
    place.type = &place.type->arguments.front();
    place.of_module = false;
  }
  const auto value = static_cast<NodeId>(&node - p.nodes.data());
  if (node.kind == Kind::kObject) return visit_object(values, value, std::move(place));
  if (node.kind == Kind::kCall) return visit_enum(values, node, place);
  if (!is_container(node))
    return refuse(values, node, place, "is " + std::string(describe(p, node)));
  if (place.type == nullptr || place.type->kind != DeclaredType::Kind::kNamed)
    return open(values, value, std::move(place));
  const Result<const ClassDeclaration*> cls = class_of(*place.type);
  if (!cls) return cls.error();
  if ((*cls)->base != "NamedTuple" || node.kind != Kind::kTuple ||
      node.count != (*cls)->attributes.size())
    return refuse(values, node, place,
                  "is " + std::string(describe(p, node)) + ", yet its class declares " +
                      printed(*place.type));
  return open(values, value, std::move(place), *cls);
}

Result<Unit> ModuleWalker::open(const PickledValues& values, NodeId id, Place place,
                                const ClassDeclaration* cls) {
  const Node& node = values.pickle[id];
  if (open_[id]) return refuse(values, node, place, "holds itself");
  if (frames_.size() >= static_cast<std::size_t>(limits_.max_depth)) {
    return Error{ErrorCode::kLimitExceeded,
                 "values are nested deeper than " + std::to_string(limits_.max_depth) + " levels",
                 "no export does this; the file is damaged or hostile"};
  }
  if (auto paid = spend(values, shown_bytes(place.name)); !paid) return paid;
  if (node.kind == Kind::kDict && cls == nullptr) {
    if (auto checked = check_keys(values, node, place); !checked) return checked;
  }
  open_[id] = true;
  const std::uint32_t first = node.kind == Kind::kObject ? 1 : 0;  // an object's class is no value
  frames_.push_back({id, first, std::move(place), cls});
  return Unit{};
}

/// A call that makes a member of an Enum of its value.
Result<Unit> ModuleWalker::visit_enum(const PickledValues& values, const Node& call,
                                      const Place& place) {
  const Pickle& p = values.pickle;
  const Node& callee = p.at(call, 0);
  const std::string qualified = std::string(callee.text) + "." + std::string(callee.name);
  constexpr std::string_view kCode = "__torch__";
  const bool in_code = callee.text.substr(0, kCode.size()) == kCode;
  if (!in_code || !is_scalar(p, p.at(call, 1)))
    return refuse(values, call, place,
                  "is made by " + valid_utf8(qualified) + ", which torch.jit.save does not write");
  const Result<const ClassDeclaration*> cls =
      classes_(std::string(callee.text), std::string(callee.name));
  if (!cls) return cls.error();
  if ((*cls)->base != "Enum")
    return refuse(values, call, place, "calls " + valid_utf8(qualified) + ", which is no Enum");
  if (!is_member(p.at(call, 1), **cls))
    return refuse(values, call, place, "is a member that " + valid_utf8(qualified) + " has not");
  return check_named(values, call, qualified, false, place);
}

Result<Unit> ModuleWalker::visit_object(const PickledValues& values, NodeId id, Place place) {
  const Pickle& p = values.pickle;
  const Node& object = p[id];
  const Node& global = p.at(object, 0);
  const bool is_root = std::exchange(at_root_, false);
  if (object.count < 2) return refuse(values, object, place, "is an object without state");
  const Node& state = p.at(object, 1);
  const std::string module(global.text);
  const std::string qualified = module + "." + std::string(global.name);
  if (is_custom_class(module) && !is_root) {
    if (place.type != nullptr && place.type->kind == DeclaredType::Kind::kNamed &&
        !is_custom_class(place.type->name))
      return refuse(values, object, place,
                    "is of the custom class " + valid_utf8(qualified) +
                        ", yet its class declares " + printed(*place.type));
    place.kind = TensorKind::kPacked;
    place.type = nullptr;
    return open(values, id, std::move(place));
  }
  const Result<const ClassDeclaration*> declared = classes_(module, std::string(global.name));
  if (!declared) return declared.error();
  const ClassDeclaration& cls = **declared;
  if (is_root ? !cls.is_module() : !cls.is_module() && !cls.base.empty())
    return refuse(values, object, place,
                  "is an object of " + valid_utf8(qualified) + ", which is " +
                      (cls.base.empty() ? "no Module" : "a class of the kind " + cls.base));
  if (cls.is_module() && !is_root) {
    const bool counted =
        place.of_module && place.type != nullptr && place.type->kind == DeclaredType::Kind::kNamed;
    if (!counted)
      return refuse(values, object, place,
                    "is a module where PyTorch counts none: " +
                        (place.type == nullptr ? "nothing declares it"
                                               : "its class declares " + printed(*place.type)));
  }
  if (auto same = check_named(values, object, qualified, cls.is_module(), place); !same)
    return same;
  place.type = nullptr;
  if (cls.runs_setstate()) {
    const Result<bool> weights = declares_weights(cls);
    if (!weights) return weights.error();
    const auto remade = *weights ? remade_buffers(p, state, cls) : std::nullopt;
    if (remade) return add_remade(values, place, plain_type(qualified), id, cls, *remade);
    if (*weights)
      return refuse(values, object, place,
                    "is restored by __setstate__ of " + valid_utf8(qualified) +
                        ", which declares parameters, buffers or modules: what it makes of its "
                        "state is known only when it is run");
  } else if (auto checked = check_state(values, state, place, cls); !checked) {
    return checked;
  }
  if (cls.is_module()) {
    const Result<ModuleId> added = add_module(values, place, plain_type(qualified), id, cls);
    if (!added) return added.error();
    place.module = *added;
    place.name.clear();
  }
  if (!cls.runs_setstate()) return open(values, p.item(object, 1), std::move(place), &cls);
  if (cls.is_module()) {
    if (auto named = name_state(values, state, cls); !named) return named;
  }
  if (place.kind != TensorKind::kPacked) place.kind = TensorKind::kState;
  place.name = join(place.name, "<state>");
  return open(values, id, std::move(place));
}

/// Numbers, strings and booleans of a state as attributes of the module that was added last, under
/// the names by which `__setstate__` stores them.
Result<Unit> ModuleWalker::name_state(const PickledValues& values, const Node& state,
                                      const ClassDeclaration& cls) {
  if (state.kind != Kind::kTuple) return Unit{};
  visits_ += static_cast<std::int64_t>(cls.state_names.size());
  for (const auto& [index, name] : cls.state_names) {
    if (index >= state.count) continue;
    const auto json = scalar_json(values.pickle, values.pickle.at(state, index));
    if (!json) continue;
    if (auto paid = spend(values, named_bytes(name, *json)); !paid) return paid;
    snapshot_.modules.back().attributes.emplace_back(name, *json);
  }
  return Unit{};
}

/// A module of torch.utils.mkldnn, whose state holds its buffers as dense tensors.
Result<Unit> ModuleWalker::add_remade(
    const PickledValues& values, Place place, const std::string& type, NodeId id,
    const ClassDeclaration& cls,
    const std::vector<std::pair<std::string, pickle::NodeId>>& buffers) {
  const Result<ModuleId> added = add_module(values, place, type, id, cls);
  if (!added) return added.error();
  place.module = *added;
  place.kind = TensorKind::kBuffer;
  if (auto named = name_state(values, values.pickle.at(values.pickle[id], 1), cls); !named)
    return named;
  for (const auto& [name, tensor] : buffers) {
    place.name = valid_utf8(name);
    if (auto done = add_tensor(values, values.pickle[tensor], place); !done) return done;
  }
  return Unit{};
}

Result<ModuleId> ModuleWalker::add_module(const PickledValues& values, const Place& place,
                                          const std::string& type, NodeId id,
                                          const ClassDeclaration& cls) {
  const ModuleId index(snapshot_.modules.size());
  if (static_cast<std::int64_t>(index.value()) >= limits_.max_modules) {
    return Error{ErrorCode::kLimitExceeded,
                 values.record + " holds more than " + std::to_string(limits_.max_modules) +
                     " modules, the limit for a file of its size",
                 "no export does this; the file is damaged or hostile"};
  }
  ModuleNode node;
  const bool is_root = place.module == root_parent_ && place.name.empty();
  node.parent = is_root ? root_parent_ : place.module;
  node.path = is_root ? root_path_ : join(snapshot_.modules[place.module].path, place.name);
  node.type = type;
  node.constants = cls.constants;
  std::size_t report_bytes = kModuleBytes + shown_bytes(node.path) + shown_bytes(type);
  for (const auto& [name, literal] : cls.constants) report_bytes += named_bytes(name, literal);
  if (auto paid = spend(values, report_bytes); !paid) return paid.error();
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
  if (!tensor) {
    Error error = refuse(values, call, place, tensor.error().message);
    error.code = tensor.error().code;
    return error;
  }
  if (!place.module.valid()) return refuse(values, call, place, "belongs to no module");
  if (place.kind == TensorKind::kConstant && tensor->requires_grad)
    return refuse(values, call, place, "is a constant that requires gradients");
  if (static_cast<std::int64_t>(snapshot_.tensors.size()) >= limits_.max_tensors) {
    return Error{ErrorCode::kLimitExceeded,
                 values.record + " holds more than " + std::to_string(limits_.max_tensors) +
                     " tensors, the limit for a file of its size",
                 "no export does this; the file is damaged or hostile"};
  }
  // A report names the module with each tensor, and prints sizes and strides as numbers.
  std::size_t report_bytes = kTensorBytes + shown_bytes(snapshot_.modules[place.module].path) +
                             shown_bytes(place.name) + kDimensionBytes * tensor->view.sizes.size();
  for (const TensorPart& part : tensor->parts)
    report_bytes += kPartBytes + kDimensionBytes * part.view.sizes.size();
  if (auto paid = spend(values, report_bytes); !paid) return paid;
  tensor->module = place.module;
  tensor->name = std::move(place.name);
  tensor->kind = place.kind;
  tensor->setting = place.kind == TensorKind::kPacked && tensor->view.dtype == Dtype::kInt16 &&
                    is_convolution_of(values.pickle);
  snapshot_.tensors.push_back(std::move(*tensor));
  return Unit{};
}

/// Whether what is being visited lies in the packed parameters of a quantized convolution. Their
/// serialized form 2 begins with stride, padding, dilation and groups as a tensor of int16:
/// serialize_conv() in ATen/native/quantized/cpu/conv_serialization.h.
bool ModuleWalker::is_convolution_of(const Pickle& p) const {
  constexpr std::string_view kModule = "__torch__.torch.classes.quantized", kConv = "Conv";
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    const Node& node = p[frame->node];
    if (node.kind != Kind::kObject) continue;
    const Node& cls = p.at(node, 0);
    return cls.text == kModule && cls.name.substr(0, kConv.size()) == kConv;
  }
  return false;
}

/// What goes into reports counts as often as it is repeated: objects and names can be shared in a
/// pickle, and a kilobyte of it could then name a gigabyte.
Result<Unit> ModuleWalker::spend(const PickledValues& values, std::size_t report_bytes) {
  report_bytes_ += static_cast<std::int64_t>(report_bytes);
  if (report_bytes_ <= limits_.max_report_bytes) return Unit{};
  return Error{ErrorCode::kLimitExceeded,
               values.record + " has modules, tensors and names that make a report of more than " +
                   std::to_string(limits_.max_report_bytes) +
                   " bytes, the limit for a file of its size: shared values are multiplied",
               "no export does this; the file is damaged or hostile"};
}

Error ModuleWalker::refuse(const PickledValues& values, const Node& value, const Place& place,
                           const std::string& what) const {
  constexpr std::size_t kLongestName = 300;
  std::string where =
      join(place.module.valid() ? snapshot_.modules[place.module].path : root_path_, place.name);
  if (where.size() > kLongestName) where = valid_utf8(where.substr(0, kLongestName)) + "…";
  return {ErrorCode::kMalformed,
          values.record + ", byte " + std::to_string(value.at) + ": " +
              (where.empty() ? "the model" : where) + " " + what,
          "the file is damaged; export or copy the model again"};
}

}  // namespace tally::inspector
