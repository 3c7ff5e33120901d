#include <app/probe/probe_report.h>
#include <gtest/gtest.h>

namespace tally::app {
using namespace report;
namespace {

std::vector<inspector::ProbeResult> runs_with_peaks(const std::vector<std::int64_t>& peaks) {
  std::vector<inspector::ProbeResult> runs;
  for (const std::int64_t peak : peaks) {
    inspector::ProbeResult run;
    run.phases.push_back({"evaluation forward", 0, 0, peak, {}});
    runs.push_back(std::move(run));
  }
  return runs;
}

TEST(SpreadOfPeak, HasLeastMedianAndMost) {
  const Spread odd = spread_of_peak(runs_with_peaks({50, 10, 30}), "evaluation forward");
  EXPECT_EQ(odd.min, 10);
  EXPECT_EQ(odd.median, 30);
  EXPECT_EQ(odd.max, 50);
  EXPECT_EQ(spread_of_peak(runs_with_peaks({50, 10, 30, 40}), "evaluation forward").median, 35);
}

TEST(SpreadOfPeak, LeavesOutRunsThatDidNotComeToThePhase) {
  auto runs = runs_with_peaks({7, 9});
  runs.push_back({});
  EXPECT_EQ(spread_of_peak(runs, "evaluation forward").min, 7);
  EXPECT_EQ(spread_of_peak(runs, "backward").max, 0);
}

}  // namespace
}  // namespace tally::app
