// One run of a memory probe by a worker of its own.
#pragma once

#include <base/result.h>
#include <inspector/model/device_report.h>
#include <inspector/model/probe_request.h>
#include <inspector/model/probe_result.h>

#include <cstdint>
#include <functional>
#include <string>

namespace tally::inspector {

struct ProbeClientOptions {
  std::string worker;                                      ///< path of the executable
  std::int64_t memory_limit_bytes = 0;                     ///< of the worker's heap; 0: none
  double seconds_per_phase = 0;                            ///< 0: none
  std::function<void(const std::string& phase)> on_phase;  ///< may be empty
  std::function<void(const std::string& text)> on_log;     ///< what the worker prints; may be empty
};

/// Starts a worker, gives it `request` and waits for its answer. A worker that the system ends, or
/// that takes too long for one phase, is a result with a failure of kind kKilled that names the
/// phase. Errors: what run_probe() refuses, and kUnavailable where no worker starts.
Result<ProbeResult> probe_in_worker(const ProbeRequest& request, const ProbeClientOptions& options);

/// Starts a worker and lets it list this machine's devices. Errors: kUnavailable where no worker
/// starts or it dies.
Result<DeviceReport> list_devices_in_worker(bool largest_block, const ProbeClientOptions& options);

}  // namespace tally::inspector
