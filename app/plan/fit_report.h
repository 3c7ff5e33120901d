// The report of `torchtally fit`: whether a model fits an accelerator, up to which size, and by
// which recipe.
#pragma once

#include <app/plan/fit.h>
#include <report/report.h>

namespace tally::app {

report::Report fit_report(const FitAnswer& answer);

}  // namespace tally::app
