// `torchtally probe --max-batch`: the largest batch that fits, looked for virtually and confirmed
// by running it and the next.
#pragma once

#include <base/result.h>
#include <inspector/model/device_report.h>
#include <inspector/model/probe_request.h>
#include <inspector/model/probe_result.h>
#include <inspector/probe/run/largest_batch.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tally::app {

/// No larger batch is tried.
constexpr std::int64_t kMostBatch = std::int64_t{1} << 20;

/// What a model may take.
struct BatchBudget {
  std::optional<std::int64_t> bytes;  ///< of tensors above the baseline; nothing: not known
  std::string source;                 ///< in words, for people
  std::int64_t cap_bytes = 0;         ///< hard limit of the measured runs; 0: the device's own
  bool of_cuda = false;               ///< a CUDA device's, whatever was asked for
};

/// Does one run; a worker's, or a test's.
using RunProbe =
    std::function<Result<inspector::ProbeResult>(const inspector::ProbeRequest& request)>;

struct MaxBatch {
  BatchBudget budget;
  std::string no_virtual;  ///< why the virtual search gave no guess; "" where it did
  std::vector<inspector::BatchTrial> trials;  ///< virtual ones first
  std::optional<std::int64_t> largest;        ///< that fits
  bool next_fails = false;     ///< `largest` + 1 was tried and does not fit; false: kMostBatch fits
  bool stopped = false;        ///< the search ended at a failure that is not memory
  inspector::ProbeResult run;  ///< of `largest`; where nothing fits, or stopped, of the last trial

  bool answered() const { return largest && !stopped; }
};

/// `--limit`, else what the device has: of the CPU, memory that is available (or the control group
/// allows) less 1 GiB for the rest of the system, as a hard cap; of a CUDA device, what is free
/// less a context. `devices` may be nothing where there is a limit.
BatchBudget batch_budget(const inspector::ProbeRequest& request,
                         const std::optional<inspector::DeviceReport>& devices);

/// Searches. Where `request` asks for the device meta, virtual runs alone decide; else they make a
/// guess, and the answer and its successor are both run on the device. Errors: those of `run`.
Result<MaxBatch> find_max_batch(const inspector::ProbeRequest& request, const BatchBudget& budget,
                                const RunProbe& run);

}  // namespace tally::app
