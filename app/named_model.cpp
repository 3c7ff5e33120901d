#include <app/named_model.h>
#include <app/nearest_name.h>
#include <app/parse_number.h>
#include <app/read_config.h>
#include <formulas/families/presets.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using nlohmann::json;

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

std::vector<std::string> fields_of(const std::string& family) {
  for (const auto& info : formulas::family_table()) {
    if (info.model_type != family) continue;
    std::vector<std::string> fields;
    for (const auto& field : info.fields) fields.push_back(field.field);
    return fields;
  }
  return {};
}

/// The first spelling of `flag` all of whose fields `fields` has.
const std::vector<const char*>* spelling_of(const SizeField& flag,
                                            const std::vector<std::string>& fields) {
  for (const auto& spelling : flag.spellings) {
    const bool all = std::all_of(spelling.begin(), spelling.end(), [&](const char* field) {
      return std::find(fields.begin(), fields.end(), field) != fields.end();
    });
    if (all) return &spelling;
  }
  return nullptr;
}

/// FIELD=VALUE or PART.FIELD=VALUE; the value is JSON, or a text.
std::optional<Error> apply_setting(json& config, const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Error{ErrorCode::kUsage, "--set: \"" + setting + "\" is not FIELD=VALUE", ""};
  }
  json value = json::parse(setting.substr(equals + 1), nullptr, false);
  if (value.is_discarded()) value = setting.substr(equals + 1);
  json* target = &config;
  std::stringstream path(setting.substr(0, equals));
  std::string part;
  while (std::getline(path, part, '.')) {
    if (!target->is_object() && !target->is_null()) {
      return Error{ErrorCode::kUsage, "--set: " + setting.substr(0, equals) + " has no such part",
                   ""};
    }
    target = &(*target)[part];
  }
  *target = std::move(value);
  return std::nullopt;
}

/// `text` with the fields that the flags give. Text that is no object is left for its reader to
/// refuse.
Result<std::string> with_flags(const std::string& text, const ModelChoice& flags) {
  if (!flags.has_sizes() && flags.settings.empty() && !flags.tie_embeddings &&
      !flags.untie_embeddings) {
    return text;
  }
  json config = json::parse(text, nullptr, false);
  if (!config.is_object()) return text;
  std::string family = flags.family;
  if (family.empty() && config.contains("model_type") && config["model_type"].is_string()) {
    family = config["model_type"].get<std::string>();
  }
  const auto fields = fields_of(family);
  for (const auto& flag : size_fields()) {
    const auto given = flags.sizes.find(flag.field);
    if (given == flags.sizes.end() || given->second.empty()) continue;
    const auto count = parse_count(flag.field, given->second);
    if (!count) return count.error();
    const auto* spelling = spelling_of(flag, fields);
    if (spelling == nullptr) {
      if (fields.empty()) break;  // an unknown family, which the reader refuses by name
      return Error{ErrorCode::kUsage,
                   std::string(flag.field) + ": the family " + family + " has no such field",
                   "--set FIELD=VALUE sets any field of the configuration"};
    }
    for (const char* field : *spelling) config[field] = *count;
  }
  if (flags.tie_embeddings) config["tie_word_embeddings"] = true;
  if (flags.untie_embeddings) config["tie_word_embeddings"] = false;
  for (const auto& setting : flags.settings) {
    if (auto error = apply_setting(config, setting)) return *error;
  }
  return config.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<NamedModel> read_model(std::string name, const std::string& text,
                              const formulas::HfConfigOptions& options = {}) {
  auto config = formulas::spec_from_hf_config(text, options);
  if (!config) {
    Error error = config.error();
    error.message = name + ": " + error.message;
    return error;
  }
  return NamedModel{std::move(name), std::move(config->spec), std::move(config->defaults_taken)};
}

}  // namespace

const std::vector<SizeField>& size_fields() {
  static const auto* const kFlags = new std::vector<SizeField>{
      {"vocab_size", "--vocab-size", "Rows of the token table", {{"vocab_size"}}},
      {"hidden_size",
       "--hidden-size",
       "Width of the residual stream",
       {{"hidden_size"}, {"n_embd"}, {"d_model"}, {"dim"}}},
      {"num_layers",
       "--num-layers",
       "Layers (of encoder and decoder alike)",
       {{"num_hidden_layers"},
        {"n_layer"},
        {"n_layers"},
        {"encoder_layers", "decoder_layers"},
        {"num_layers", "num_decoder_layers"},
        {"num_layers"}}},
      {"num_attention_heads",
       "--num-heads",
       "Attention heads",
       {{"num_attention_heads"},
        {"n_head"},
        {"n_heads"},
        {"encoder_attention_heads", "decoder_attention_heads"},
        {"num_heads"}}},
      {"num_key_value_heads",
       "--num-kv-heads",
       "Key-value heads",
       {{"num_key_value_heads"}, {"num_kv_heads"}}},
      {"head_dim", "--head-dim", "Width of a head", {{"head_dim"}, {"d_kv"}}},
      {"intermediate_size",
       "--intermediate-size",
       "Width of the MLP",
       {{"intermediate_size"},
        {"n_inner"},
        {"ffn_dim"},
        {"encoder_ffn_dim", "decoder_ffn_dim"},
        {"d_ff"},
        {"hidden_dim"},
        {"ffn_hidden_size"},
        {"d_inner"}}},
      {"max_positions",
       "--max-positions",
       "Longest sequence",
       {{"max_position_embeddings"}, {"n_positions"}, {"max_seq_len"}}},
      {"num_experts",
       "--num-experts",
       "Experts of a mixture",
       {{"num_local_experts"}, {"num_experts"}, {"n_routed_experts"}}},
      {"num_experts_per_token",
       "--experts-per-token",
       "Experts that a token passes through",
       {{"num_experts_per_tok"}}}};
  return *kFlags;
}

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
  auto changed = with_flags(text, flags);
  if (!changed) return changed.error();
  return read_model(name, *changed, {flags.family, flags.architecture});
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
