// Does it fit on these accelerators, and with which batch, sequence and recipe? Predicted.
#pragma once

#include <app/plan/named_model.h>
#include <app/plan/plan.h>
#include <base/result.h>
#include <formulas/costs/accelerators.h>
#include <formulas/costs/memory_fit.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tally::app {

struct FitRequest {
  ModelChoice model;
  PlanRequest plan;  ///< with an accelerator
  bool training = true;
  bool inference = true;
};

struct FitAnswer {
  std::string model;
  formulas::Accelerator accelerator;
  std::int64_t num_devices = 1;
  formulas::TrainingPlan training_plan;
  formulas::InferencePlan inference_plan;
  std::optional<formulas::TrainingFit> training;    ///< where asked for
  std::optional<formulas::InferenceFit> inference;  ///< where asked for

  /// Whether everything that was asked for fits as it was planned.
  bool fits() const;
};

/// Errors name what is wrong: the file, the preset, the field, or that no accelerator is named.
Result<FitAnswer> fit(const FitRequest& request);

}  // namespace tally::app
