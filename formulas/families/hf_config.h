// The text of a Hugging Face config.json -> TransformerSpec.
//
// Fields that are absent take the value that the family's configuration class gives them
// (transformers 5.23.0), and the result says which did. The class in `architectures` decides what
// stands behind the layers: BertModel has a pooler, BertForMaskedLM a transform and an output head.
// An unknown `model_type` is refused by name: nothing is guessed.
#pragma once

#include <base/result.h>
#include <formulas/families/config_fields.h>
#include <formulas/spec/spec.h>

#include <string>
#include <string_view>
#include <vector>

namespace tally::formulas {

struct HfConfig {
  TransformerSpec spec;
  std::vector<ConfigDefault> defaults_taken;
};

/// What a caller may say instead of the file.
struct HfConfigOptions {
  std::string family;        ///< instead of `model_type`; "" : as the file says
  std::string architecture;  ///< instead of `architectures`; "" : as the file says
};

/// Reads `json`. Errors: kMalformed where it is no JSON object, kUsage where the family or class is
/// not known or a field is impossible; the message names the field as the file does.
Result<HfConfig> spec_from_hf_config(std::string_view json, const HfConfigOptions& options = {});

/// One family that spec_from_hf_config reads.
struct FamilyInfo {
  std::string model_type;
  std::string covers;  ///< the models that people know
  std::vector<std::string>
      architectures;  ///< its classes, the one first that is assumed where none is named
  std::vector<ConfigDefault> fields;  ///< the fields that matter and their defaults
};
std::vector<FamilyInfo> family_table();

}  // namespace tally::formulas
