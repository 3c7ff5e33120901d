// Flags that say how a model is to be trained or run: batch, recipe, devices, accelerator.
#pragma once

#include <app/plan/plan.h>
#include <base/result.h>

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tally::cli {

/// What a flag has a say in.
enum class PlanUse {
  kBoth,       ///< training and inference
  kTraining,   ///< memory of a training
  kInference,  ///< memory of inference
  kTime,       ///< how long a training takes
  kPrice,      ///< what it costs
};

struct PlanFlags {
  std::map<std::string, std::string> values;  ///< field to text; empty: not given
  bool sequence_parallel = false;
  bool dropout = false;

  bool any() const;
};

/// Adds the flags of `uses` to `command`.
void add_plan_flags(CLI::App& command, PlanFlags& flags, const std::vector<PlanUse>& uses);

/// Refuses (kUsage) flags of `use`: they would do nothing, `why`, as in "with --for inference".
Result<Unit> refuse_plan_flags(const PlanFlags& flags, PlanUse use, const std::string& why);

/// The plan that the flags describe. Fields that are not given have the defaults that the flags'
/// help names. Errors name the field, or a flag that does nothing without another.
Result<app::PlanRequest> plan_request(const PlanFlags& flags);

}  // namespace tally::cli
