// ModuleWalker: what is held of a state against the declarations of its class.
#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/values/module_walker.h>
#include <inspector/formats/torchscript/values/value_types.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace tally::inspector {

using pickle::Kind;
using pickle::Node;
using pickle::Pickle;

/// PyTorch writes every attribute under its name, in the order of their declarations.
Result<Unit> ModuleWalker::check_state(const PickledValues& values, const Node& state,
                                       const Place& place, const ClassDeclaration& cls) const {
  const Pickle& p = values.pickle;
  if (state.kind != Kind::kDict)
    return refuse(values, state, place,
                  "has " + std::string(describe(p, state)) + " where its attributes belong");
  for (std::size_t i = 0; i < std::max<std::size_t>(state.count / 2, cls.attributes.size()); ++i) {
    const Node* const key = i < state.count / 2 ? &p.at(state, 2 * i) : nullptr;
    const auto* const attribute = i < cls.attributes.size() ? &cls.attributes[i] : nullptr;
    if (key != nullptr && attribute != nullptr && key->kind == Kind::kString &&
        key->text == attribute->name)
      continue;
    const auto quoted = [](std::string_view name) { return json_string(name.substr(0, 100)); };
    const std::string found = key == nullptr               ? "none"
                              : key->kind != Kind::kString ? std::string(describe(p, *key))
                                                           : quoted(key->text);
    return refuse(values, key == nullptr ? state : *key, place,
                  "holds " + found + " as attribute " + std::to_string(i + 1) +
                      ", where its class declares " +
                      (attribute == nullptr ? "none" : quoted(attribute->name)));
  }
  return Unit{};
}

/// Of a key that comes twice PyTorch keeps the last value.
Result<Unit> ModuleWalker::check_keys(const PickledValues& values, const Node& dict,
                                      const Place& place) const {
  const Pickle& p = values.pickle;
  const DeclaredType* const type =
      place.type != nullptr && place.type->kind == DeclaredType::Kind::kDict
          ? &place.type->arguments.front()
          : nullptr;
  std::unordered_set<std::string_view> texts;
  std::unordered_set<std::int64_t> numbers[2];  // integers and booleans; bits of reals
  for (std::size_t i = 0; i < dict.count; i += 2) {
    const Node& key = p.at(dict, i);
    if (type != nullptr && !may_be(p, key, *type))
      return refuse(values, key, place,
                    "has " + std::string(describe(p, key)) + " as a key, yet its class declares " +
                        printed(*type));
    if (is_tensor(p, key)) continue;  // told apart by which tensor it is
    const bool is_real = key.kind == Kind::kReal;
    if (key.kind != Kind::kString && key.kind != Kind::kInteger && key.kind != Kind::kBool &&
        !is_real)
      return refuse(values, key, place, "has " + std::string(describe(p, key)) + " as a key");
    const bool fresh = key.kind == Kind::kString ? texts.insert(key.text).second
                                                 : numbers[is_real].insert(key.integer).second;
    if (!fresh) return refuse(values, key, place, "has a key twice");
  }
  return Unit{};
}

/// Whether an object of the class `qualified` may stand where `place` declares a class.
Result<Unit> ModuleWalker::check_named(const PickledValues& values, const Node& value,
                                       const std::string& qualified, bool is_module,
                                       const Place& place) {
  if (place.type == nullptr || place.type->kind != DeclaredType::Kind::kNamed ||
      place.type->name == qualified)
    return Unit{};
  const Result<const ClassDeclaration*> declared = class_of(*place.type);
  if (!declared) return declared.error();
  if ((*declared)->base == (is_module ? "ModuleInterface" : "Interface")) return Unit{};
  return refuse(
      values, value, place,
      "is of class " + valid_utf8(qualified) + ", yet its class declares " + printed(*place.type));
}

Result<const ClassDeclaration*> ModuleWalker::class_of(const DeclaredType& type) {
  const std::size_t dot = type.name.rfind('.');
  return classes_(type.name.substr(0, dot), type.name.substr(dot + 1));
}

/// Whether PyTorch would count what attributes of the class hold. Looked up once a class: many
/// objects of one class of many attributes would take their product.
Result<bool> ModuleWalker::declares_weights(const ClassDeclaration& cls) {
  const auto [known, fresh] = declares_weights_.emplace(&cls, false);
  if (!fresh || !cls.is_module()) return known->second;
  bool& declares = known->second;
  declares = !cls.parameters.empty() || !cls.buffers.empty();
  for (const AttributeDeclaration& attribute : cls.attributes) {
    if (attribute.type.kind != DeclaredType::Kind::kNamed || is_custom_class(attribute.type.name))
      continue;
    const Result<const ClassDeclaration*> held = class_of(attribute.type);
    if (!held) return held.error();
    declares = declares || (*held)->is_module() || (*held)->base == "ModuleInterface";
  }
  return declares;
}

/// The tensors of `state` that `__setstate__` of the class makes its buffers of, in their order and
/// one for each; nothing where it does anything else, too.
std::optional<std::vector<std::pair<std::string, pickle::NodeId>>> ModuleWalker::remade_buffers(
    const Pickle& p, const Node& state, const ClassDeclaration& cls) {
  constexpr std::size_t kMostAttributes = 32;  // PyTorch's own have 6
  const std::size_t buffers = cls.buffers.size();
  if (cls.attributes.size() > kMostAttributes || cls.state_names.size() > kMostAttributes)
    return std::nullopt;
  if (!cls.setstate_is_told || !cls.parameters.empty() || cls.state_tensors.size() != buffers ||
      state.kind != Kind::kTuple)
    return std::nullopt;
  std::vector<std::pair<std::string, pickle::NodeId>> remade;
  std::size_t scalars = 0;
  for (const AttributeDeclaration& attribute : cls.attributes) {
    if (attribute.type.kind == DeclaredType::Kind::kNamed) return std::nullopt;
    if (cls.buffers.count(attribute.name) == 0) continue;
    const auto stores = [&attribute](const auto& stored) {
      return stored.second == attribute.name;
    };
    const auto& tensors = cls.state_tensors;
    const auto tensor = std::find_if(tensors.begin(), tensors.end(), stores);
    if (attribute.type.kind != DeclaredType::Kind::kTensor || tensor == tensors.end() ||
        std::count_if(tensors.begin(), tensors.end(), stores) != 1 ||
        tensor->first >= state.count || !is_tensor(p, p.at(state, tensor->first)))
      return std::nullopt;
    remade.emplace_back(attribute.name, p.item(state, tensor->first));
  }
  for (std::size_t i = 0; i < state.count; ++i) scalars += is_scalar(p, p.at(state, i)) ? 1 : 0;
  for (const auto& [index, name] : cls.state_names) {
    if (cls.buffers.count(name) != 0) return std::nullopt;
  }
  if (remade.size() != buffers || scalars + buffers != state.count) return std::nullopt;
  return remade;
}

}  // namespace tally::inspector
