// The report of `compare`: an answer of app/compare/compare.h as one value for every format.
#pragma once

#include <app/compare/compare.h>
#include <report/report.h>

namespace tally::app {

/// docs/schema/compare-2.schema.json describes its JSON. `every_field`: people see fields of the
/// specification that are "no", too.
report::Report compare_report(const Compared& compared, bool every_field);

/// The same against the guide's calculator: `compared.is_guide()`.
report::Report guide_comparison_report(const Compared& compared);

}  // namespace tally::app
