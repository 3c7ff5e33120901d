// The report of `torchtally table MODEL...`: what several models have and need, a row each.
#pragma once

#include <app/estimate_report.h>

#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

OldReport table_report(std::vector<EstimateReport> models);

}  // namespace tally::app
