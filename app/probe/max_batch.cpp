#include <app/probe/max_batch.h>
#include <app/probe/probe_report.h>
#include <report/numbers.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace tally::app {
using namespace report;
namespace {

using namespace inspector;

constexpr std::int64_t kReserveBytes = std::int64_t{1} << 30;

BatchOutcome outcome_of(const ProbeFailure& failure) {
  // What the system kills, it kills for want of memory.
  const bool memory = failure.kind == ProbeFailure::Kind::kOutOfMemory ||
                      (failure.kind == ProbeFailure::Kind::kKilled && failure.signal == SIGKILL);
  return memory ? BatchOutcome::kDoesNotFit : BatchOutcome::kStopped;
}

BatchTrial trial_of(std::int64_t batch, const ProbeResult& run,
                    const std::optional<std::int64_t>& budget) {
  BatchTrial trial{batch, run.kind, BatchOutcome::kFits, peak_of(run), ""};
  if (run.failure) {
    trial.outcome = outcome_of(*run.failure);
    trial.reason = failure_text(*run.failure);
    return trial;
  }
  for (const PhaseReading& phase : run.phases) {
    if (!budget || phase.peak_bytes <= *budget) continue;
    trial.outcome = BatchOutcome::kDoesNotFit;
    trial.reason = phase.name + ": " + bytes_text(phase.peak_bytes) + " at its peak";
    break;
  }
  return trial;
}

/// One search, virtual or measured, and the runs that its answer is shown by.
class Trials {
 public:
  Trials(ProbeRequest request, std::optional<std::int64_t> budget, const RunProbe& run)
      : request_(std::move(request)), budget_(budget), run_(run) {}

  Result<BatchSearch> search(std::int64_t first) {
    return find_largest_batch({first, kMostBatch, budget_},
                              [this](std::int64_t batch) { return try_batch(batch); });
  }

  /// Of the largest batch that fits where the search came to an answer, else of the last trial.
  ProbeResult shown(const BatchSearch& search) const {
    return search.largest && !search.stopped ? fitting_ : last_;
  }

 private:
  Result<BatchTrial> try_batch(std::int64_t batch) {
    request_.batch = batch;
    Result<ProbeResult> run = run_(request_);
    if (!run) return run.error();
    BatchTrial trial = trial_of(batch, *run, budget_);
    // What fits comes in rising order: the last one is the largest.
    if (trial.outcome == BatchOutcome::kFits) fitting_ = *run;
    last_ = std::move(*run);
    return trial;
  }

  ProbeRequest request_;
  std::optional<std::int64_t> budget_;
  const RunProbe& run_;
  ProbeResult fitting_, last_;
};

void take(MaxBatch& found, const BatchSearch& search, const Trials& trials) {
  found.trials.insert(found.trials.end(), search.trials.begin(), search.trials.end());
  found.largest = search.largest;
  found.next_fails = search.next_fails;
  found.stopped = search.stopped;
  found.run = trials.shown(search);
}

BatchBudget cpu_budget(const DeviceReport& devices) {
  const bool limited =
      devices.cpu_limit_bytes && *devices.cpu_limit_bytes < devices.cpu_available_bytes;
  const std::int64_t has = limited ? *devices.cpu_limit_bytes : devices.cpu_available_bytes;
  BatchBudget budget;
  budget.bytes = std::max<std::int64_t>(has - kReserveBytes, 1);
  budget.cap_bytes = *budget.bytes;
  budget.source = std::string(limited ? "what the control group allows" : "memory available") +
                  " (" + bytes_text(has) + ") less " + bytes_text(kReserveBytes) +
                  " for the rest of the system";
  return budget;
}

BatchBudget cuda_budget(const CudaDevice& device) {
  if (!device.free_bytes || !device.context_bytes)
    return {std::nullopt, "the device's own: what is free is not known without NVML", 0, true};
  const std::int64_t free = *device.free_bytes - *device.context_bytes;
  return {free,
          "free on " + device.name + " (" + bytes_text(*device.free_bytes) +
              ") less a context of " + bytes_text(*device.context_bytes),
          0, true};
}

}  // namespace

BatchBudget batch_budget(const ProbeRequest& request, const std::optional<DeviceReport>& devices) {
  if (request.limit_bytes > 0) return {request.limit_bytes, "--limit", request.limit_bytes};
  if (!devices) return {std::nullopt, "not known"};
  if (devices->no_cuda.empty()) {
    for (const CudaDevice& device : devices->cuda) {
      if (request.device.is_auto() || request.device == cuda_device(device.index))
        return cuda_budget(device);
    }
  }
  return cpu_budget(*devices);
}

Result<MaxBatch> find_max_batch(const ProbeRequest& request, const BatchBudget& budget,
                                const RunProbe& run) {
  MaxBatch found;
  found.budget = budget;
  ProbeRequest virtually = request;
  virtually.device = kMetaDevice;
  virtually.limit_bytes = 0;
  virtually.attribute = false;
  std::int64_t first = 1;
  if (budget.bytes) {
    Trials trials(virtually, budget.bytes, run);
    const Result<BatchSearch> search = trials.search(first);
    if (search) {
      take(found, *search, trials);
      first = std::max<std::int64_t>(search->largest.value_or(1), 1);
      if (search->stopped) found.no_virtual = search->trials.back().reason;
    } else if (request.device.is_meta()) {
      return search.error();
    } else {
      found.no_virtual = search.error().message;
    }
  } else {
    found.no_virtual = "what fits is not known";
  }
  if (request.device.is_meta()) return found;
  ProbeRequest measured = request;
  measured.limit_bytes = budget.cap_bytes;
  measured.attribute = false;
  Trials trials(measured, budget.cap_bytes > 0 ? budget.bytes : std::nullopt, run);
  const Result<BatchSearch> search = trials.search(first);
  if (!search) return search.error();
  take(found, *search, trials);
  return found;
}

}  // namespace tally::app
