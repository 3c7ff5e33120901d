#include <formulas/families/hf_config.h>
#include <formulas/families/hf_families.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

namespace tally::formulas {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;

/// Refuses what is nested deeper than any configuration, before the parser's recursion meets it.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

ConfigValue convert(const Json& json) {
  ConfigValue value;
  switch (json.type()) {
    case Json::value_t::boolean:
      value.kind = ConfigValue::Kind::kBool;
      value.boolean = json.get<bool>();
      break;
    case Json::value_t::number_unsigned:
      // Beyond 2^63 - 1 no field is valid; as a number it is refused with its name.
      value.kind = json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)
                       ? ConfigValue::Kind::kNumber
                       : ConfigValue::Kind::kInteger;
      value.number = json.get<double>();
      if (value.kind == ConfigValue::Kind::kInteger) value.integer = json.get<std::int64_t>();
      break;
    case Json::value_t::number_integer:
      value.kind = ConfigValue::Kind::kInteger;
      value.integer = json.get<std::int64_t>();
      value.number = json.get<double>();
      break;
    case Json::value_t::number_float:
      value.kind = ConfigValue::Kind::kNumber;
      value.number = json.get<double>();
      break;
    case Json::value_t::string:
      value.kind = ConfigValue::Kind::kString;
      value.text = json.get<std::string>();
      break;
    case Json::value_t::array:
      value.kind = ConfigValue::Kind::kArray;
      for (const auto& item : json) value.items.push_back(convert(item));
      break;
    case Json::value_t::object:
      value.kind = ConfigValue::Kind::kObject;
      for (const auto& [key, item] : json.items()) value.members.emplace_back(key, convert(item));
      break;
    default:
      break;
  }
  return value;
}

const Family* find_family(std::string_view model_type) {
  const auto& rows = family_rows();
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Family& f) { return f.model_type == model_type; });
  return found == rows.end() ? nullptr : &*found;
}

std::string known_families() {
  std::string list;
  for (const auto& family : family_rows())
    list += (list.empty() ? "" : ", ") + std::string(family.model_type);
  return list;
}

Error unknown_family(const std::string& name) {
  if (name.empty()) {
    return Error{ErrorCode::kUsage, "the configuration names no model_type",
                 "name the family with --family (one of " + known_families() +
                     ") or give the sizes as flags"};
  }
  if (name == "gemma3") {
    return Error{ErrorCode::kUsage, "model_type gemma3 has an image tower, which is not covered",
                 "give its text_config, whose model_type is gemma3_text"};
  }
  return Error{ErrorCode::kUsage,
               "model_type \"" + name.substr(0, 80) + "\" is not a family that is known here",
               "name a family with the same layers with --family (one of " + known_families() +
                   ") or give the sizes as flags"};
}

std::string class_name(const Family& family, const HeadRow& row) {
  return std::string(family.class_prefix) + std::string(row.suffix);
}

/// Class names differ in case between transformers and code that models bring along
/// (MPTForCausalLM).
bool same_class(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

Error unknown_class(const Family& family, const std::string& name) {
  std::string list;
  for (const auto& row : family.heads) list += (list.empty() ? "" : ", ") + class_name(family, row);
  return Error{ErrorCode::kUsage,
               "architectures names \"" + name.substr(0, 80) +
                   "\", which is not a class of the family " + std::string(family.model_type) +
                   " that is known here",
               "name one of " + list};
}

/// The class asked for, "" where the file names none.
Result<std::string> asked_class(const ConfigValue& config, const HfConfigOptions& options) {
  if (!options.architecture.empty()) return options.architecture;
  const auto* classes = config.find("architectures");
  if (classes == nullptr || classes->kind == ConfigValue::Kind::kNull) return std::string();
  if (classes->kind != ConfigValue::Kind::kArray || classes->items.empty() ||
      classes->items.front().kind != ConfigValue::Kind::kString) {
    return Error{ErrorCode::kUsage, "architectures must be an array with the name of a class",
                 "correct this field of the configuration"};
  }
  return classes->items.front().text;
}

}  // namespace

Result<HfConfig> spec_from_hf_config(std::string_view json, const HfConfigOptions& options) {
  const auto parsed =
      too_deep(json) ? Json(Json::value_t::discarded) : Json::parse(json, nullptr, false);
  if (!parsed.is_object()) {
    return Error{ErrorCode::kMalformed, "the configuration is not a JSON object",
                 "give a Hugging Face config.json"};
  }
  const ConfigValue config = convert(parsed);
  const auto* type = config.find("model_type");
  std::string model_type = options.family;
  if (model_type.empty() && type != nullptr && type->kind == ConfigValue::Kind::kString)
    model_type = type->text;
  const auto* family = find_family(model_type);
  if (family == nullptr) return unknown_family(model_type);

  auto asked = asked_class(config, options);
  if (!asked) return asked.error();
  const HeadRow* head = asked->empty() ? &family->heads.front() : nullptr;
  for (const auto& row : family->heads) {
    if (same_class(class_name(*family, row), *asked)) head = &row;
  }
  if (head == nullptr) return unknown_class(*family, *asked);

  HfConfig result;
  result.spec.family = std::string(family->model_type);
  result.spec.architecture = class_name(*family, *head);
  ConfigFields fields(config, family->defaults, family->names);
  SpecInProgress work{*family, fields, result.spec, head->stacks};
  family->build(work);
  if (!fields.error()) add_heads(work, head->layers);
  if (fields.error()) return *fields.error();
  if (auto valid = validate(result.spec); !valid) return valid.error();
  result.defaults_taken = fields.defaults_taken();
  if (asked->empty()) result.defaults_taken.push_back({"architectures", result.spec.architecture});
  return result;
}

std::vector<FamilyInfo> family_table() {
  std::vector<FamilyInfo> table;
  for (const auto& family : family_rows()) {
    FamilyInfo info;
    info.model_type = std::string(family.model_type);
    info.covers = std::string(family.covers);
    for (const auto& row : family.heads) info.architectures.push_back(class_name(family, row));
    std::string_view rest = family.defaults;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(' '), rest.size());
      const auto pair = rest.substr(0, end);
      const auto equals = pair.find('=');
      info.fields.push_back(
          {std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1))});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    table.push_back(std::move(info));
  }
  return table;
}

}  // namespace tally::formulas
