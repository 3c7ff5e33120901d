// A config.json from a stranger: what is taken is counted, by terms and as a whole, and predicted
// without an overflow.

#include <formulas/costs/estimate.h>
#include <formulas/families/hf_config.h>
#include <formulas/spec/switches.h>
#include <formulas/terms/parameters.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tally::formulas;
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = spec_from_hf_config(text);
  if (!config) {
    require(!config.error().message.empty());
    return 0;
  }
  for (const Switch& field : switches(config->spec)) {
    TransformerSpec same = config->spec;
    field.set(same, field.get(config->spec));
    require(field.get(same) == field.get(config->spec));
  }
  const auto counts = count_parameters(config->spec);
  if (!counts) {
    require(!counts.error().message.empty());
    return 0;
  }
  require(counts->unique_params >= 0);
  if (const auto rows = terms(config->spec)) {
    tally::Int128 sum = 0;
    for (const TermCount& term : *rows) sum += term.unique_params;
    require(sum == counts->unique_params);
  }
  static_cast<void>(estimate(config->spec, EstimateInputs()));
  return 0;
}
