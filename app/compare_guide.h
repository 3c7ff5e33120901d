// The report of `compare --profile guide`: a Document for people, JSON for programs.
#pragma once

#include <inspector/reconcile/hold/guide_comparison.h>
#include <report/render.h>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

/// What was compared. The references must stay as long as the report is used.
struct GuideCompared {
  const inspector::ModelSnapshot& snapshot;
  const inspector::Weights& weights;
  const inspector::GuideComparison& comparison;
};

OldReport guide_comparison_report(const GuideCompared& compared);

}  // namespace tally::app
