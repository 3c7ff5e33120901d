#include <ATen/Context.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <inspector/probe/inputs/input_arguments.h>
#include <inspector/probe/run/probed_model.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace tally::inspector {
namespace {

using c10::TypeKind;
using c10::TypePtr;

constexpr std::uint64_t kSeed = 0;

bool is_tensor(const TypePtr& type) { return type->kind() == TypeKind::TensorType; }

/// A list, tuple or dict by str of tensors.
bool holds_tensors(const TypePtr& type) {
  if (const auto list = type->cast<c10::ListType>()) return is_tensor(list->getElementType());
  if (const auto dict = type->cast<c10::DictType>())
    return is_tensor(dict->getValueType()) && dict->getKeyType()->kind() == TypeKind::StringType;
  if (const auto tuple = type->cast<c10::TupleType>()) {
    for (const TypePtr& element : tuple->elements()) {
      if (!is_tensor(element)) return false;
    }
    return !tuple->elements().empty();
  }
  return false;
}

template <class Number>
std::optional<Number> parsed(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `text` as a value of `type`; nothing where it is none.
std::optional<c10::IValue> value_of(const std::string& text, const TypePtr& type) {
  switch (type->kind()) {
    case TypeKind::OptionalType:
      if (text == "None") return c10::IValue();
      return value_of(text, required_type(type));
    case TypeKind::IntType:
      if (const auto number = parsed<std::int64_t>(text)) return c10::IValue(*number);
      return std::nullopt;
    case TypeKind::FloatType:
      if (const auto number = parsed<double>(text)) return c10::IValue(*number);
      return std::nullopt;
    case TypeKind::NumberType:
      if (const auto number = parsed<std::int64_t>(text)) return c10::IValue(*number);
      return value_of(text, c10::FloatType::get());
    case TypeKind::BoolType:
      if (text == "true" || text == "True") return c10::IValue(true);
      if (text == "false" || text == "False") return c10::IValue(false);
      return std::nullopt;
    case TypeKind::StringType:
      return c10::IValue(text);
    case TypeKind::ListType: {
      const TypePtr element = type->expectRef<c10::ListType>().getElementType();
      if (element->kind() == TypeKind::ListType) return std::nullopt;
      c10::impl::GenericList list(element);
      for (std::size_t from = 0; from < text.size();) {
        const std::size_t comma = std::min(text.find(',', from), text.size());
        const auto item = value_of(text.substr(from, comma - from), element);
        if (!item) return std::nullopt;
        list.push_back(*item);
        from = comma + 1;
      }
      return c10::IValue(list);
    }
    default:
      return std::nullopt;
  }
}

std::string all_arguments(const c10::FunctionSchema& schema) {
  std::string text;
  for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    text += (text.empty() ? "" : ", ") + argument.name() + ": " + argument.type()->annotation_str();
    if (argument.default_value()) text += " (has a default)";
  }
  return text.empty() ? "nothing" : text;
}

/// The specs of each argument, by its index.
using Bound = std::map<std::size_t, std::vector<const InputSpec*>>;

Result<Bound> bind(const c10::FunctionSchema& schema, const std::vector<InputSpec>& specs) {
  Bound bound;
  std::size_t next = 1;  // 0 is self
  for (const InputSpec& spec : specs) {
    std::size_t index = next;
    if (spec.name.empty()) {
      if (next++ >= schema.arguments().size())
        return Error{
            ErrorCode::kUsage,
            "more inputs are given than forward() has arguments: it takes " + all_arguments(schema),
            ""};
    } else {
      const std::optional<int> found = schema.argumentIndexWithName(spec.name);
      if (!found || *found == 0)
        return Error{
            ErrorCode::kUsage,
            "forward() has no argument '" + spec.name + "': it takes " + all_arguments(schema), ""};
      index = static_cast<std::size_t>(*found);
    }
    std::vector<const InputSpec*>& given = bound[index];
    for (const InputSpec* other : given) {
      if (other->key == spec.key || other->key.empty() || spec.key.empty())
        return Error{ErrorCode::kUsage,
                     "argument " + text_of(schema.arguments()[index]) + " is given twice",
                     "inputs without a name are the first arguments, in their order"};
    }
    given.push_back(&spec);
  }
  return bound;
}

Error wrong(const c10::Argument& argument, const std::string& what) {
  return {ErrorCode::kUsage, "argument " + text_of(argument) + " of forward() " + what,
          how_to_give(argument)};
}

/// Whether `specs` make a value of the argument.
Result<Unit> check(const c10::Argument& argument, const std::vector<const InputSpec*>& specs) {
  const TypePtr type = required_type(argument.type());
  const InputSpec& first = *specs.front();
  if (first.value) {
    if (value_of(*first.value, argument.type())) return Unit{};
    return wrong(argument,
                 is_tensor(type) ? "is a tensor, not a value" : "cannot be '" + *first.value + "'");
  }
  if (first.key.empty()) {
    if (is_tensor(type)) return Unit{};
    return wrong(argument, "is no tensor");
  }
  if (!holds_tensors(type)) return wrong(argument, "has no entries that are tensors");
  if (type->kind() == TypeKind::DictType) return Unit{};
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i]->key != std::to_string(i))
      return wrong(argument, "is given '" + specs[i]->key + "' where entry " + std::to_string(i) +
                                 " is next");
  }
  const auto tuple = type->cast<c10::TupleType>();
  if (tuple && tuple->elements().size() != specs.size())
    return wrong(argument, "has " + std::to_string(tuple->elements().size()) + " entries, not " +
                               std::to_string(specs.size()));
  return Unit{};
}

at::Tensor make_tensor(const InputSpec& spec, c10::Device device) {
  const c10::ScalarType type = *scalar_type_of(spec.dtype);
  const at::TensorOptions options = at::TensorOptions().dtype(type).device(device);
  if (c10::isIntegralType(type, true)) {
    const std::int64_t low = spec.low.value_or(0);
    return at::randint(low, spec.high.value_or(low) + 1, spec.sizes, options);
  }
  return at::randn(spec.sizes, options);
}

c10::IValue make_value(const c10::Argument& argument, const std::vector<const InputSpec*>& specs,
                       c10::Device device) {
  const InputSpec& first = *specs.front();
  if (first.value) return *value_of(*first.value, argument.type());
  if (first.key.empty()) return make_tensor(first, device);
  const TypePtr type = required_type(argument.type());
  if (type->kind() == TypeKind::DictType) {
    c10::Dict<std::string, at::Tensor> dict;
    for (const InputSpec* spec : specs) dict.insert(spec->key, make_tensor(*spec, device));
    return dict;
  }
  if (type->kind() == TypeKind::TupleType) {
    std::vector<c10::IValue> elements;
    for (const InputSpec* spec : specs) elements.emplace_back(make_tensor(*spec, device));
    return c10::ivalue::Tuple::create(std::move(elements));
  }
  c10::List<at::Tensor> list;
  for (const InputSpec* spec : specs) list.push_back(make_tensor(*spec, device));
  return list;
}

}  // namespace

TypePtr required_type(const TypePtr& type) {
  const auto optional = type->cast<c10::OptionalType>();
  return optional ? optional->getElementType() : type;
}

std::string text_of(const c10::Argument& argument) {
  return "'" + argument.name() + "' (" + argument.type()->annotation_str() + ")";
}

std::string how_to_give(const c10::Argument& argument) {
  const TypePtr type = required_type(argument.type());
  const std::string input = "--input '" + argument.name();
  switch (type->kind()) {
    case TypeKind::TensorType:
      return input + "=1x128:int64', its sizes and dtype";
    case TypeKind::IntType:
    case TypeKind::NumberType:
      return input + "=value:3'";
    case TypeKind::FloatType:
      return input + "=value:0.5'";
    case TypeKind::BoolType:
      return input + "=value:true'";
    case TypeKind::StringType:
      return input + "=value:TEXT'";
    default:
      break;
  }
  if (type->kind() == TypeKind::DictType && holds_tensors(type))
    return input + "[KEY]=1x128' for each of its entries";
  if (holds_tensors(type)) return input + "[0]=1x128' and so on, one for each of its tensors";
  if (const auto list = type->cast<c10::ListType>()) {
    if (value_of("1", list->getElementType())) return input + "=value:1,2,3'";
  }
  return "a value of this type cannot be given here: export a wrapper whose forward() makes it "
         "from tensors";
}

InputState state_of(const ModelInputs& inputs) {
  InputState state;
  for (const auto& [name, input] : inputs) {
    for (const at::Tensor& tensor : tensors_in(input))
      state.emplace_back(tensor.unsafeGetTensorImpl(), tensor._version());
  }
  return state;
}

Result<std::vector<InputSpec>> with_names(const c10::FunctionSchema& schema,
                                          const std::vector<InputSpec>& specs) {
  const Result<Bound> bound = bind(schema, specs);
  if (!bound) return bound.error();
  std::vector<InputSpec> named;
  for (const auto& [index, given] : *bound) {
    const c10::Argument& argument = schema.arguments()[index];
    if (auto checked = check(argument, given); !checked) return checked.error();
    for (const InputSpec* spec : given) {
      named.push_back(*spec);
      named.back().name = argument.name();
    }
  }
  return named;
}

Result<Unit> check_arguments(const c10::FunctionSchema& schema,
                             const std::vector<InputSpec>& specs) {
  const Result<std::vector<InputSpec>> named = with_names(schema, specs);
  if (!named) return named.error();
  for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    const bool given = std::any_of(named->begin(), named->end(), [&](const InputSpec& spec) {
      return spec.name == argument.name();
    });
    if (!argument.default_value() && !given)
      return wrong(argument, "has no default and is not given");
  }
  return Unit{};
}

ModelInputs make_arguments(const c10::FunctionSchema& schema, const std::vector<InputSpec>& specs,
                           c10::Device device) {
  at::manual_seed(kSeed);
  ModelInputs inputs;
  const Result<Bound> bound = bind(schema, specs);
  for (const auto& [index, given] : *bound) {
    const c10::Argument& argument = schema.arguments()[index];
    inputs[argument.name()] = make_value(argument, given, device);
  }
  return inputs;
}

}  // namespace tally::inspector
