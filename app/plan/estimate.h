// What will a model have and need? Predicted, before it is built.
#pragma once

#include <app/plan/named_model.h>
#include <app/plan/plan.h>
#include <base/result.h>
#include <formulas/costs/estimate.h>

namespace tally::app {

struct EstimateRequest {
  ModelChoice model;
  PlanRequest plan;
};

/// An estimate, and what it was made of.
struct EstimateAnswer {
  NamedModel model;
  formulas::EstimateInputs inputs;
  formulas::Estimate estimate;
};

/// Errors name what is wrong: the file, the preset or the field.
Result<EstimateAnswer> estimate(const EstimateRequest& request);

/// The same of a model that was read already. Errors: those of the plan, which name its field.
Result<EstimateAnswer> estimate(NamedModel model, const PlanRequest& plan);

}  // namespace tally::app
