// Presets: published models by name, as configurations. Their counts are derived like anyone's;
// none is stored.
#pragma once

#include <base/result.h>
#include <formulas/spec/spec.h>

#include <string_view>
#include <vector>

namespace tally::formulas {

struct Preset {
  std::string_view name;  ///< "llama-3-8b"
  std::string_view
      config;  ///< config.json's text, only the fields that differ from the family's defaults
};

const std::vector<Preset>& presets();

/// The specification of the preset `name`. An unknown name is refused, with those that resemble it.
Result<TransformerSpec> preset_spec(std::string_view name);

}  // namespace tally::formulas
