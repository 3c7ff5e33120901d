#include <formulas/families/hf_config.h>
#include <formulas/families/presets.h>

#include <algorithm>
#include <string>

namespace tally::formulas {
namespace {

/// Names that hold `word`, or begin as it does up to its first digit or dash: what to offer
/// instead.
std::string resembling(std::string_view word) {
  const auto stem = word.substr(0, word.find_first_of("0123456789-"));
  std::string list;
  int found = 0;
  for (const auto& preset : presets()) {
    const bool alike = !stem.empty() && preset.name.substr(0, stem.size()) == stem;
    if (!alike || ++found > 12) continue;
    list += (list.empty() ? "" : ", ") + std::string(preset.name);
  }
  return list;
}

}  // namespace

Result<TransformerSpec> preset_spec(std::string_view name) {
  const auto& all = presets();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Preset& p) { return p.name == name; });
  if (found != all.end()) {
    auto config = spec_from_hf_config(found->config);
    if (!config) return config.error();
    return std::move(config->spec);
  }
  const auto others = resembling(name);
  return Error{ErrorCode::kUsage, "there is no preset \"" + std::string(name.substr(0, 80)) + "\"",
               others.empty() ? "`torchtally formulas` lists the presets, or give a config.json"
                              : "presets with a similar name: " + others};
}

}  // namespace tally::formulas
