// Which terms make a transformer's count, and where do they come from?
#pragma once

#include <base/result.h>
#include <formulas/families/hf_config.h>
#include <formulas/terms/parameters.h>
#include <formulas/terms/terms.h>
#include <report/report.h>

#include <string>
#include <variant>
#include <vector>

namespace tally::app {

/// Everything there is.
struct EveryFormula {};

/// One term, or all below a name.
struct FoundTerms {
  std::vector<formulas::TermInfo> terms;  ///< at least one
};

/// A family, and one configuration of it that is counted.
struct FoundFamily {
  formulas::FamilyInfo family;
  std::string example;  ///< a preset's name, or "its defaults"
  formulas::TransformerSpec spec;
  formulas::ParameterCounts counts;
};

using Found = std::variant<EveryFormula, FoundTerms, FoundFamily>;

/// What `subject` names: a term ("attention.q.weight"), the terms below a name ("attention"), a
/// family ("llama") or a preset ("llama-3-8b"). An unknown name is refused (kUsage) with the
/// nearest one.
Result<Found> look_up(const std::string& subject);

/// Names of the presets, of one family or of all ("").
std::vector<std::string> preset_names(std::string_view family = "");

report::Report formulas_report(const Found& found);

}  // namespace tally::app
