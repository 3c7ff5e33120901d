// The report of `compare --profile guide`: a Document for people, JSON for programs.
#pragma once

#include <cli/output.h>
#include <inspector/reconcile/guide_comparison.h>

namespace tally::cli {

/// What was compared. The references must stay as long as the report is used.
struct GuideCompared {
  const inspector::ModelSnapshot& snapshot;
  const inspector::Weights& weights;
  const inspector::GuideComparison& comparison;
};

Report guide_comparison_report(const GuideCompared& compared);

}  // namespace tally::cli
