#include <app/parse_number.h>
#include <app/plan/named_model.h>
#include <app/read_config.h>
#include <base/nearest_name.h>
#include <formulas/families/config_json.h>
#include <formulas/families/presets.h>

#include <algorithm>
#include <fstream>
#include <optional>

namespace tally::app {
namespace {

using formulas::ConfigValue;

Result<std::string> preset_config(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& preset : formulas::presets()) {
    if (preset.name == name) return std::string(preset.config);
    names.emplace_back(preset.name);
  }
  const std::string nearest = nearest_name(name, names);
  return Error{ErrorCode::kUsage, "preset \"" + name + "\" is not known",
               nearest.empty() ? "--config reads any Hugging Face config.json"
                               : "did you mean " + nearest + "?"};
}

/// The object of `config` named by the dots of `path`, made where it is missing, and the last part
/// of the path; null where something on the way is no object.
std::pair<ConfigValue*, std::string> place_of(ConfigValue& config, const std::string& path) {
  ConfigValue* target = &config;
  std::size_t from = 0;
  for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.', from)) {
    target = &target->member(path.substr(from, dot - from));
    if (target->kind == ConfigValue::Kind::kNull) target->kind = ConfigValue::Kind::kObject;
    if (target->kind != ConfigValue::Kind::kObject) return {nullptr, ""};
    from = dot + 1;
  }
  return {target, path.substr(from)};
}

/// FIELD=VALUE or PART.FIELD=VALUE; the value is JSON, or a text.
std::optional<Error> apply_setting(ConfigValue& config, const std::string& setting,
                                   const formulas::FamilyInfo* family) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Error{ErrorCode::kUsage, "--set: \"" + setting + "\" is not FIELD=VALUE", ""};
  }
  const std::string path = setting.substr(0, equals), text = setting.substr(equals + 1);
  if (family != nullptr) {
    const auto& known = family->known_fields;
    if (std::find(known.begin(), known.end(), path) == known.end()) {
      const auto nearest = nearest_name(path, known);
      return Error{
          ErrorCode::kUsage, "--set: the family " + family->model_type + " has no field " + path,
          nearest.empty() ? "`torchtally formulas " + family->model_type + "` lists its fields"
                          : "did you mean " + nearest + "?"};
    }
  }
  const auto [target, field] = place_of(config, path);
  if (target == nullptr)
    return Error{ErrorCode::kUsage, "--set: " + path + " has no such part", ""};
  const auto value = formulas::parse_config_value(text);
  target->member(field) = value ? *value : ConfigValue::of(text);
  return std::nullopt;
}

/// Gives `config` the fields that the flags give.
std::optional<Error> apply_flags(ConfigValue& config, const ModelChoice& flags) {
  std::string model_type = flags.family;
  const auto* type = config.find("model_type");
  if (model_type.empty() && type != nullptr) model_type = type->text;
  const auto* family = formulas::family_info(model_type);  // null: the reader refuses it by name
  for (const auto& [size, text] : flags.sizes) {
    if (text.empty()) continue;
    const auto count = parse_count(size, text);
    if (!count) return count.error();
    if (family == nullptr) break;
    const auto fields =
        std::find_if(family->sizes.begin(), family->sizes.end(),
                     [&, name = size](const auto& own) { return own.first == name; });
    if (fields == family->sizes.end()) {
      return Error{ErrorCode::kUsage, size + ": the family " + model_type + " has no such field",
                   "--set FIELD=VALUE sets any field of the configuration"};
    }
    for (const auto& field : fields->second) config.member(field) = ConfigValue::of(*count);
  }
  if (flags.tie_embeddings) config.member("tie_word_embeddings") = ConfigValue::of(true);
  if (flags.untie_embeddings) config.member("tie_word_embeddings") = ConfigValue::of(false);
  for (const auto& setting : flags.settings) {
    if (auto error = apply_setting(config, setting, family)) return error;
  }
  return std::nullopt;
}

Error of_model(const std::string& name, Error error) {
  error.message = name + ": " + error.message;
  return error;
}

/// The model that `text` describes, with what the flags change.
Result<NamedModel> read_model(std::string name, const std::string& text,
                              const ModelChoice& flags = {}) {
  auto config = formulas::parse_config_value(text);
  if (!config) return of_model(name, config.error());
  if (config->kind == ConfigValue::Kind::kObject) {
    if (const auto error = apply_flags(*config, flags)) return *error;
  }
  auto spec = formulas::spec_from_hf_config(*config, {flags.family, flags.architecture});
  if (!spec) return of_model(name, spec.error());
  return NamedModel{std::move(name), std::move(spec->spec), std::move(spec->defaults_taken)};
}

}  // namespace

bool ModelChoice::has_sizes() const {
  return std::any_of(sizes.begin(), sizes.end(),
                     [](const auto& size) { return !size.second.empty(); });
}

Result<NamedModel> chosen_model(const ModelChoice& flags) {
  if (!flags.config_path.empty() && !flags.preset.empty()) {
    return Error{ErrorCode::kUsage, "--config and --preset name two models", "give one of them"};
  }
  std::string name = flags.family;
  std::string text = "{}";
  if (!flags.config_path.empty()) {
    auto config = read_config(flags.config_path);
    if (!config) return config.error();
    name = flags.config_path;
    text = std::move(*config);
  } else if (!flags.preset.empty()) {
    auto config = preset_config(flags.preset);
    if (!config) return config.error();
    name = flags.preset;
    text = std::move(*config);
  } else if (flags.family.empty()) {
    return Error{ErrorCode::kUsage, "no model is named",
                 "give --config FILE, --preset NAME, or --family NAME with hyper-parameters"};
  }
  return read_model(name, text, flags);
}

Result<NamedModel> model_named(const std::string& word) {
  auto preset = preset_config(word);
  if (preset) return read_model(word, *preset);
  const bool is_path =
      word.find('/') != std::string::npos || word.find(".json") != std::string::npos;
  if (!is_path && !std::ifstream(word)) return preset.error();
  auto config = read_config(word);
  if (!config) return config.error();
  return read_model(word, *config);
}

}  // namespace tally::app
