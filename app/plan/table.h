// How do models of several sizes compare? Predicted, a row each.
#pragma once

#include <app/plan/estimate.h>
#include <base/result.h>
#include <report/report.h>

#include <string>
#include <vector>

namespace tally::app {

struct TableRequest {
  std::vector<std::string> models;  ///< presets, or paths of config.json files
  PlanRequest plan;                 ///< the same for all
};

/// One answer a model, in their order. The first error ends it, and names the model.
Result<std::vector<EstimateAnswer>> estimate_each(const TableRequest& request);

report::Report table_report(const std::vector<EstimateAnswer>& models);

}  // namespace tally::app
