// run_probe: one run of a memory probe. RUNS the model's code; once a process, so that its peak is
// its own.
#pragma once

#include <base/result.h>
#include <inspector/model/probe_request.h>
#include <inspector/model/probe_result.h>

#include <functional>
#include <string>

namespace tally::inspector {

/// Told of each phase before it begins, with what is known so far: all of it that is left where the
/// process does not survive the phase.
using PhaseCallback = std::function<void(const std::string& phase, const ProbeResult& so_far)>;

/// Loads, calls and trains the model as far as `request` asks.
///
/// A model that fails, or memory that does not suffice, is a result with a `failure`. Errors:
/// kUnavailable where the device or an operator's library is not there or the file cannot be loaded
/// here, kUsage where the inputs are not known.
Result<ProbeResult> run_probe(const ProbeRequest& request, const PhaseCallback& on_phase);

}  // namespace tally::inspector
