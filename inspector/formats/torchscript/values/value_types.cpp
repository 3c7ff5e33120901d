#include <inspector/formats/torchscript/values/tensor_values.h>
#include <inspector/formats/torchscript/values/value_types.h>

#include <algorithm>
#include <unordered_map>

namespace tally::inspector {
namespace {

using pickle::Kind;
using pickle::Node;
using pickle::Pickle;
using Type = DeclaredType::Kind;

/// Whether `node` calls `module`.`name` with arguments of these kinds, no more and no fewer.
bool is_call_with(const Pickle& p, const Node& node, std::string_view module, std::string_view name,
                  std::initializer_list<Kind> kinds) {
  if (node.kind != Kind::kCall || p.at(node, 0).text != module || p.at(node, 0).name != name)
    return false;
  const Node& arguments = p.at(node, 1);
  if (arguments.kind != Kind::kTuple || arguments.count != kinds.size()) return false;
  std::size_t i = 0;
  return std::all_of(kinds.begin(), kinds.end(),
                     [&](Kind kind) { return p.at(arguments, i++).kind == kind; });
}

bool is_device(const Pickle& p, const Node& node) {
  return is_call_with(p, node, "torch", "device", {Kind::kString});
}
bool is_complex(const Pickle& p, const Node& node) {
  return is_call_with(p, node, "builtins", "complex", {Kind::kReal, Kind::kReal});
}
bool is_plain(const Node& node) {
  return node.kind == Kind::kNone || node.kind == Kind::kBool || node.kind == Kind::kInteger ||
         node.kind == Kind::kReal || node.kind == Kind::kString;
}

}  // namespace

bool is_custom_class(std::string_view name) {
  constexpr std::string_view kCustomClasses = "__torch__.torch.classes";
  return name.substr(0, kCustomClasses.size()) == kCustomClasses &&
         (name.size() == kCustomClasses.size() || name[kCustomClasses.size()] == '.');
}

bool is_scalar(const Pickle& p, const Node& node) {
  return is_plain(node) || is_device(p, node) || is_complex(p, node);
}

bool may_be(const Pickle& p, const Node& node, const DeclaredType& type) {
  switch (type.kind) {
    case Type::kAny:
      return node.kind != Kind::kGlobal && node.kind != Kind::kPersistent;
    case Type::kTensor:
      // The packed parameters of PyTorch 1.3 to 1.5 are declared as a Tensor, and LibTorch knows
      // them by that.
      return is_tensor(p, node) ||
             (node.kind == Kind::kObject && is_custom_class(p.at(node, 0).text));
    case Type::kInt:
      return node.kind == Kind::kInteger;
    case Type::kFloat:
      return node.kind == Kind::kReal;
    case Type::kComplex:
      return is_complex(p, node);
    case Type::kNumber:
      return node.kind == Kind::kInteger || node.kind == Kind::kReal || node.kind == Kind::kBool ||
             is_complex(p, node);
    case Type::kBool:
      return node.kind == Kind::kBool;
    case Type::kString:
      return node.kind == Kind::kString;
    case Type::kNone:
      return node.kind == Kind::kNone;
    case Type::kDevice:
      return is_device(p, node);
    case Type::kOpaque:
      return is_scalar(p, node);
    case Type::kNamed:
      return node.kind == Kind::kObject || node.kind == Kind::kTuple ||
             (node.kind == Kind::kCall && !is_tensor(p, node) && !is_scalar(p, node));
    case Type::kOptional:
      return node.kind == Kind::kNone || may_be(p, node, type.arguments[0]);
    case Type::kUnion:
      return std::any_of(type.arguments.begin(), type.arguments.end(),
                         [&](const DeclaredType& t) { return may_be(p, node, t); });
    case Type::kList:
      return node.kind == Kind::kList;
    case Type::kDict:
      return node.kind == Kind::kDict;
    case Type::kTuple:
      return node.kind == Kind::kTuple && node.count == type.arguments.size();
  }
  return false;
}

std::string_view describe(const Pickle& p, const Node& node) {
  switch (node.kind) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return "a bool";
    case Kind::kInteger:
      return "an int";
    case Kind::kReal:
      return "a float";
    case Kind::kString:
      return "a str";
    case Kind::kTuple:
      return "a tuple";
    case Kind::kList:
      return "a list";
    case Kind::kDict:
      return "a dict";
    case Kind::kGlobal:
      return "a bare name";
    case Kind::kObject:
      return "an object";
    case Kind::kCall:
      return is_tensor(p, node) ? "a Tensor" : "a call";
    case Kind::kPersistent:
      return "a bare storage";
  }
  return "a value";
}

const Node* find_wrong_tag(const Pickle& p) {
  // Few different tags come many times, each time as the same text of the pickle.
  std::unordered_map<const char*, Type> known;
  const auto type_of = [&known](std::string_view tag) {
    const auto [found, fresh] = known.emplace(tag.data(), Type::kAny);
    std::size_t wrong_at = 0;
    if (fresh) {
      if (const auto type = read_declared_type(tag, wrong_at)) found->second = type->kind;
    }
    return found->second;
  };
  for (const Node& node : p.nodes) {
    const bool is_tag = is_call_with(p, node, "torch.jit._pickle", "restore_type_tag",
                                     {Kind::kList, Kind::kString}) ||
                        is_call_with(p, node, "torch.jit._pickle", "restore_type_tag",
                                     {Kind::kDict, Kind::kString});
    if (!is_tag) continue;
    const Node& arguments = p.at(node, 1);
    const Type wanted = p.at(arguments, 0).kind == Kind::kList ? Type::kList : Type::kDict;
    if (type_of(p.at(arguments, 1).text) != wanted) return &node;
  }
  return nullptr;
}

}  // namespace tally::inspector
