// The report of `torchtally fit`: whether a model fits an accelerator, up to which size, and by
// which recipe.
#pragma once

#include <formulas/costs/accelerators.h>
#include <formulas/costs/memory_fit.h>
#include <report/render.h>

#include <optional>
#include <string>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

struct FitReport {
  std::string model;
  formulas::Accelerator accelerator;
  std::int64_t num_devices = 1;
  formulas::TrainingPlan training_plan;
  formulas::InferencePlan inference_plan;
  std::optional<formulas::TrainingFit> training;    ///< where asked for
  std::optional<formulas::InferenceFit> inference;  ///< where asked for
};

OldReport fit_report(FitReport report);

}  // namespace tally::app
