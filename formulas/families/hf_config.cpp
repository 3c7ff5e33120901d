#include <formulas/families/config_json.h>
#include <formulas/families/hf_config.h>
#include <formulas/families/recipe.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <mutex>
#include <utility>

namespace tally::formulas {
namespace {

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
  for (const auto& row : *family.heads)
    list += (list.empty() ? "" : ", ") + class_name(family, row);
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

std::vector<std::pair<std::string_view, std::string_view>> pairs_of(std::string_view pairs) {
  std::vector<std::pair<std::string_view, std::string_view>> found;
  while (!pairs.empty()) {
    const auto end = std::min(pairs.find(' '), pairs.size());
    const auto pair = pairs.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size() - 1);
    found.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    pairs.remove_prefix(std::min(end + 1, pairs.size()));
  }
  return found;
}

/// Every name under which a configuration of `family` may give a field that is read.
void add_known_fields(const Family& family, const std::string& prefix,
                      std::vector<std::string>& known) {
  const auto add = [&](std::string_view name) {
    std::string field = prefix + std::string(name);
    if (std::find(known.begin(), known.end(), field) == known.end())
      known.push_back(std::move(field));
  };
  for (const auto& pair : pairs_of(family.defaults)) add(pair.first);
  for (const auto& use : fields_read(family)) add(use.field);
  constexpr std::string_view kPart = "part:", kFlag = "flag:";
  for (auto [name, own] : pairs_of(family.names)) {
    if (name.substr(0, kFlag.size()) == kFlag) continue;
    if (name.substr(0, kPart.size()) == kPart) {
      if (const auto* part = find_family(own))
        add_known_fields(*part, prefix + std::string(name.substr(kPart.size())) + ".", known);
      continue;
    }
    for (; !own.empty(); own.remove_prefix(std::min(own.find('|'), own.size() - 1) + 1))
      add(own.substr(0, own.find('|')));
  }
}

}  // namespace

Result<HfConfig> spec_from_hf_config(std::string_view json, const HfConfigOptions& options) {
  auto config = parse_config_value(json);
  if (!config) return config.error();
  return spec_from_hf_config(*config, options);
}

Result<HfConfig> spec_from_hf_config(const ConfigValue& config, const HfConfigOptions& options) {
  if (config.kind != ConfigValue::Kind::kObject) {
    return Error{ErrorCode::kMalformed, "the configuration is not a JSON object",
                 "give a Hugging Face config.json"};
  }
  const auto* type = config.find("model_type");
  std::string model_type = options.family;
  if (model_type.empty() && type != nullptr && type->kind == ConfigValue::Kind::kString)
    model_type = type->text;
  const auto* family = find_family(model_type);
  if (family == nullptr) return unknown_family(model_type);

  auto asked = asked_class(config, options);
  if (!asked) return asked.error();
  const HeadRow* head = asked->empty() ? &family->heads->front() : nullptr;
  for (const auto& row : *family->heads) {
    if (same_class(class_name(*family, row), *asked)) head = &row;
  }
  if (head == nullptr) return unknown_class(*family, *asked);

  HfConfig result;
  result.spec.family = std::string(family->model_type);
  result.spec.architecture = class_name(*family, *head);
  ConfigFields fields(config, family->defaults, family->names);
  SpecInProgress work{*family, fields, result.spec, head->stacks};
  family->build->run(work);
  if (!fields.error()) add_heads(work, head->layers);
  if (fields.error()) return *fields.error();
  if (auto valid = validate(result.spec); !valid) return valid.error();
  result.defaults_taken = fields.defaults_taken();
  if (asked->empty()) result.defaults_taken.push_back({"architectures", result.spec.architecture});
  return result;
}

namespace {

FamilyInfo describe(const Family& family) {
  FamilyInfo info;
  info.model_type = std::string(family.model_type);
  info.class_prefix = std::string(family.class_prefix);
  info.covers = std::string(family.covers);
  info.stack = std::string(recipe_word(family.recipe, "stack"));
  info.shares_layers = recipe_word(family.recipe, "layers") == "shared";
  for (const auto& row : *family.heads) info.architectures.push_back(class_name(family, row));
  for (const auto& [field, value] : pairs_of(family.defaults))
    info.fields.push_back({std::string(field), std::string(value)});
  for (const auto& role : size_roles()) {
    auto fields = fields_of_role(family, role.role);
    if (!fields.empty()) info.sizes.emplace_back(role.role, std::move(fields));
  }
  info.known_fields = {"model_type", "architectures"};
  add_known_fields(family, "", info.known_fields);
  return info;
}

}  // namespace

const std::vector<FamilyInfo>& family_table() {
  static const auto* const kTable = [] {
    auto* table = new std::vector<FamilyInfo>;
    for (const auto& family : family_rows()) table->push_back(describe(family));
    return table;
  }();
  return *kTable;
}

const FamilyInfo* family_info(std::string_view model_type) {
  // One at a time: what a row says of its fields takes as long as a whole estimate.
  static std::mutex mutex;
  static auto* const kDescribed = new std::map<std::string_view, FamilyInfo>;
  const auto* family = find_family(model_type);
  if (family == nullptr) return nullptr;
  const std::lock_guard lock(mutex);
  const auto found = kDescribed->find(family->model_type);
  if (found != kDescribed->end()) return &found->second;
  return &kDescribed->emplace(family->model_type, describe(*family)).first->second;
}

std::string_view family_of_class(std::string_view name) {
  const Family* found = nullptr;
  for (const auto& family : family_rows()) {
    const bool begins = name.substr(0, family.class_prefix.size()) == family.class_prefix;
    if (begins && (found == nullptr || family.class_prefix.size() > found->class_prefix.size()))
      found = &family;
  }
  return found == nullptr ? std::string_view() : found->model_type;
}

}  // namespace tally::formulas
