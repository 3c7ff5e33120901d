// What `torchtally probe` found, and how it is shown.
#pragma once

#include <app/probe/formula_activations.h>
#include <app/probe/max_batch.h>
#include <inspector/model/probe_result.h>
#include <report/report.h>

#include <optional>
#include <string>
#include <vector>

namespace tally::app {

/// One configuration of the model: runs of the same request.
struct ProbedConfiguration {
  std::optional<std::int64_t> batch, sequence;    ///< where a sweep set them
  std::vector<inspector::ProbeResult> runs;       ///< at least one; repeats of each other
  std::optional<inspector::ProbeResult> modules;  ///< a further run, with memory booked to modules
  std::optional<inspector::ProbeResult> virtual_run;
  std::optional<FormulaActivations> formulas;  ///< of its training forward, where there was one
  std::optional<MaxBatch> max_batch;  ///< where it was searched for; `runs` are then of its answer
};

/// What a run of a probe may take of the machine.
struct ProbeLimits {
  double seconds_per_phase = 0;   ///< 0: no limit
  std::int64_t memory_bytes = 0;  ///< of the host; 0: no limit
};

struct ProbeReport {
  std::string path;
  std::string requested_device;
  std::string
      reason;  ///< why the device used is another than the one requested; empty where it is not
  inspector::ProbeExtent extent = inspector::ProbeExtent::kForward;
  inspector::OptimizerKind optimizer = inspector::OptimizerKind::kAdam;
  std::int64_t limit_bytes = 0;
  std::string recognised;  ///< what the formulas take the model for; "" where they were not asked
  int warm_ups = 0;
  ProbeLimits limits;
  std::vector<ProbedConfiguration> configurations;
};

/// The report of it. People see the `most_modules` modules with the highest peaks (0: all),
/// programs every one.
report::Report probe_report(const ProbeReport& found, std::size_t most_modules);
/// What stopped a run, in a sentence.
std::string failure_text(const inspector::ProbeFailure& failure);

/// Of the same phase in several runs.
struct Spread {
  std::int64_t min = 0, median = 0, max = 0;
};
Spread spread_of_peak(const std::vector<inspector::ProbeResult>& runs, const std::string& phase);

}  // namespace tally::app
