// The report of `torchtally table MODEL...`: what several models have and need, a row each.
#pragma once

#include <cli/estimate_report.h>

#include <vector>

namespace tally::cli {

Report table_report(std::vector<EstimateReport> models);

}  // namespace tally::cli
