// The report of `torchtally estimate`: what a model has and needs, with the formula behind each
// number.
#pragma once

#include <app/plan/estimate.h>
#include <report/report.h>

namespace tally::app {

report::Report estimate_report(const EstimateAnswer& answer);

}  // namespace tally::app
