// The text of a Hugging Face config.json -> TransformerSpec.
//
// Fields that are absent take the value that the family's configuration class gives them
// (transformers 5.23.0), and the result says which did. The class in `architectures` decides what
// stands behind the layers: BertModel has a pooler, BertForMaskedLM a transform and an output head.
// An unknown `model_type` is refused by name: nothing is guessed.
#pragma once

#include <base/result.h>
#include <formulas/families/config_default.h>
#include <formulas/spec/spec.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::formulas {

/// What a configuration, already parsed, holds.
struct ConfigValue;

/// A specification, and what the configuration left to defaults.
struct HfConfig {
  TransformerSpec spec;  ///< what the configuration describes
  /// The fields that it left out, in the order they were asked for.
  std::vector<ConfigDefault> defaults_taken;
};

/// What a caller may say instead of the file.
struct HfConfigOptions {
  std::string family;        ///< instead of `model_type`; "" : as the file says
  std::string architecture;  ///< instead of `architectures`; "" : as the file says
};

/// Reads `json`. Errors: kMalformed where it is no JSON, or no object; kUsage
/// where the family or class is not known or a field is impossible; kLimitExceeded where it is
/// longer than 16 MiB. The message names the field as the file does.
Result<HfConfig> spec_from_hf_config(std::string_view json, const HfConfigOptions& options = {});
/// The same of a configuration that is parsed already. Errors: kUsage as above, kMalformed where it
/// is no object.
Result<HfConfig> spec_from_hf_config(const ConfigValue& config,
                                     const HfConfigOptions& options = {});

/// One family that spec_from_hf_config reads: its row, for those outside formulas/.
struct FamilyInfo {
  std::string model_type;      ///< as a configuration names it: "llama"
  std::string class_prefix;    ///< with which the names of its modules' classes begin
  std::string covers;          ///< the models that people know
  std::string stack;           ///< "decoder", "encoder" or "vision"; "" where it has two
  bool shares_layers = false;  ///< layers are stored once and applied many times
  std::vector<std::string>
      architectures;  ///< its classes, the one first that is assumed where none is named
  std::vector<ConfigDefault> fields;  ///< the fields that matter and their defaults
  /// Sizes that can be given beside a configuration ("num_layers"), and the fields that they set.
  std::vector<std::pair<std::string, std::vector<std::string>>> sizes;
  /// Every field that is read, under all its names; "text_config.hidden_size" within a part.
  std::vector<std::string> known_fields;
};
/// By model_type.
const std::vector<FamilyInfo>& family_table();

/// The family of that model_type, or null.
const FamilyInfo* family_info(std::string_view model_type);

/// The model_type of the family with whose class prefix `name` begins, the longest where several
/// do ("GPTNeoXLayer"); "" where none does.
std::string_view family_of_class(std::string_view name);

}  // namespace tally::formulas
