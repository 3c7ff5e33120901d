// The report of `torchtally fit`: whether a model fits an accelerator, up to which size, and by
// which recipe.
#pragma once

#include <cli/output.h>
#include <formulas/accelerators.h>
#include <formulas/memory_fit.h>

#include <optional>
#include <string>

namespace tally::cli {

struct FitReport {
  std::string model;
  formulas::Accelerator accelerator;
  std::int64_t num_devices = 1;
  formulas::TrainingPlan training_plan;
  formulas::InferencePlan inference_plan;
  std::optional<formulas::TrainingFit> training;    ///< where asked for
  std::optional<formulas::InferenceFit> inference;  ///< where asked for
};

Report fit_report(FitReport report);

}  // namespace tally::cli
