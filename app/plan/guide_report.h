// The guide's own reports: its printed text to the character, and the same values for programs.
#pragma once

#include <formulas/guide/guide.h>
#include <report/report.h>

#include <string>

namespace tally::app {

/// The breakdown that the guide prints for one model (part 4).
std::string guide_breakdown_text(const formulas::GuideBreakdown& breakdown);
report::Report guide_breakdown_report(const formulas::GuideBreakdown& breakdown);

/// The guide's resource estimate for one parameter count (part 1).
report::Report guide_resources_report(const formulas::GuideResources& resources);

/// The comparison that the guide prints for its five models (part 1).
std::string guide_comparison_text();
report::Report guide_comparison_report();

}  // namespace tally::app
