// Flags that say how a model is to be trained or run: batch, recipe, devices, accelerator.
#pragma once

#include <base/result.h>
#include <formulas/costs/estimate.h>

#include <map>
#include <string>

namespace CLI {
class App;
}

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;

struct PlanFlags {
  std::map<std::string, std::string> values;  ///< field to text; empty: not given
  bool sequence_parallel = false;
  bool dropout = false;

  bool any() const;
};

void add_plan_flags(CLI::App& command, PlanFlags& flags);

/// The plan that the flags describe for `spec`. Fields that are not given have the defaults that
/// the flags' help names. Errors name the field.
Result<formulas::EstimateInputs> plan_of(const PlanFlags& flags,
                                         const formulas::TransformerSpec& spec);

}  // namespace tally::cli
