// ModuleWalker: what is held of a state against the declarations of its class.
#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/module_walker.h>
#include <inspector/formats/torchscript/value_types.h>

#include <algorithm>
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

}  // namespace tally::inspector
