// Presets: published models by name, as configurations. Their counts are derived like anyone's;
// none is stored.
#pragma once

#include <base/result.h>
#include <formulas/spec/spec.h>

#include <string_view>
#include <vector>

namespace tally::formulas {

/// A published model; its configuration is the one that its authors publish with the weights.
struct Preset {
  std::string_view name;  ///< "llama-3-8b"
  std::string_view
      config;  ///< config.json's text, only the fields that differ from the family's defaults
};

/// Every preset, family by family. Never empty, valid as long as the program runs.
const std::vector<Preset>& presets();

/// The specification of the preset `name`. Errors: kUsage for an unknown name, with those that
/// resemble it.
Result<TransformerSpec> preset_spec(std::string_view name);

}  // namespace tally::formulas
