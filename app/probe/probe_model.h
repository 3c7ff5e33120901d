// probe_model: the runs of `torchtally probe`, and what becomes of each: a part that cannot be had
// leaves the others as they are.
#pragma once

#include <app/probe/max_batch.h>
#include <app/probe/probe_report.h>
#include <base/result.h>
#include <inspector/model/device_report.h>
#include <inspector/model/probe_request.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tally::app {

struct ProbePlan {
  inspector::ProbeRequest request;  ///< of every run; batch and sequence come from the sweep
  std::string requested_device;     ///< as it was asked for
  std::vector<std::int64_t> batches, sequences;  ///< a sweep; empty: the inputs' own sizes
  bool max_batch = false;                        ///< search instead of `batches`
  int repeats = 1;                               ///< runs of each configuration
  bool modules = true;                           ///< a further run that books to modules
  bool virtual_run = true;                       ///< a virtual run beside the measured ones
  /// Whose kernels virtual runs stand for; nothing: those of the device that is measured.
  std::optional<inspector::VirtualTarget> virtual_for;
  bool formulas = true;  ///< what formulas predict of a training forward
  ProbeLimits limits;    ///< that the worker is given, for the report
};

/// What does the work: worker processes, or a test.
struct ProbeWorker {
  RunProbe run;
  std::function<Result<inspector::DeviceReport>()> list_devices;
};

struct ProbeOutcome {
  ProbeReport report;
  std::string cuda_snapshot;  ///< where the request wants one; empty: no run came to its end
};

/// Runs the plan. Errors are those of the first configuration's first run, or of finding out what
/// the device has: nothing was measured then. What cannot be had later is a failed run in the
/// report, and the rest of it is complete.
Result<ProbeOutcome> probe_model(const ProbePlan& plan, const ProbeWorker& worker);

/// Whether a measured run of the report, or the search for a batch, did not come to its end.
bool has_failure(const ProbeReport& report);

/// Why a part that `plan` asks for in so many words (`virtual_for`) is not in the report; nothing
/// where it is, or was not asked for. kUnavailable.
std::optional<Error> missing_part(const ProbePlan& plan, const ProbeReport& report);

}  // namespace tally::app
