// Which model is meant before it is built: a config.json, a preset, or a family with
// hyper-parameters.
#pragma once

#include <base/result.h>
#include <formulas/families/hf_config.h>

#include <map>
#include <string>
#include <vector>

namespace tally::app {

struct ModelChoice {
  std::string config_path;
  std::string preset;
  std::string family;
  std::string architecture;
  /// Sizes given beside a configuration, "hidden_size" to its text; empty: not given. Each family
  /// says which of its fields that is (formulas::FamilyInfo::sizes).
  std::map<std::string, std::string> sizes;
  bool tie_embeddings = false;
  bool untie_embeddings = false;
  std::vector<std::string> settings;  ///< FIELD=VALUE

  bool names_a_model() const { return !config_path.empty() || !preset.empty() || !family.empty(); }
  bool has_sizes() const;
  /// Whether anything but sizes is to be changed in a configuration.
  bool changes_a_model() const {
    return !architecture.empty() || tie_embeddings || untie_embeddings || !settings.empty();
  }
};

struct NamedModel {
  std::string name;  ///< the preset's, the file's, or the family's
  formulas::TransformerSpec spec;
  std::vector<formulas::ConfigDefault> defaults_taken;
};

/// The model that the flags name. Flags of hyper-parameters replace fields of the configuration,
/// under the names that the family gives them. Errors name the flag, the field or the file.
Result<NamedModel> chosen_model(const ModelChoice& flags);

/// The model that one word names: a preset, or else the path of a config.json.
Result<NamedModel> model_named(const std::string& word);

}  // namespace tally::app
