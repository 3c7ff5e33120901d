#include <app/probe/probe_model.h>

#include <utility>

namespace tally::app {
namespace {

using namespace inspector;

/// The values of a sweep; without one, one configuration that leaves the inputs' sizes alone.
std::vector<std::optional<std::int64_t>> or_none(const std::vector<std::int64_t>& values) {
  if (values.empty()) return {std::nullopt};
  return {values.begin(), values.end()};
}

/// A run that could not be made, as a result.
ProbeResult not_run(const ProbeRequest& request, const Error& error) {
  ProbeResult result;
  result.used_device = request.device;
  result.kind = "not run";
  result.failure =
      ProbeFailure{ProbeFailure::Kind::kUnavailable, "starting", error.message, {}, {}, {}};
  return result;
}

ProbeResult or_not_run(Result<ProbeResult> run, const ProbeRequest& request) {
  return run ? std::move(*run) : not_run(request, run.error());
}

/// A plain run does not know which module ran; the one with callbacks stops at the same place.
void name_module(ProbeResult& plain, const ProbeResult& attributed) {
  if (plain.failure && attributed.failure && plain.failure->phase == attributed.failure->phase &&
      plain.failure->kind == attributed.failure->kind)
    plain.failure->module = attributed.failure->module;
}

class Probe {
 public:
  Probe(const ProbePlan& plan, const ProbeWorker& worker) : plan_(plan), worker_(worker) {}

  Result<ProbeOutcome> run() {
    ProbeRequest request = plan_.request;
    ProbeReport& report = outcome_.report;
    report.path = request.path;
    report.requested_device = plan_.requested_device;
    report.extent = request.extent;
    report.optimizer = request.optimizer;
    report.limit_bytes = request.limit_bytes;
    report.warm_ups = request.warm_ups;
    report.limits = plan_.limits;
    request.cuda_snapshot = false;  // only the first plain run makes one
    request.virtual_target = target_for(request.device);
    if (plan_.max_batch) {
      if (auto known = find_budget(request); !known) return known.error();
    }
    for (const auto batch : or_none(plan_.batches)) {
      for (const auto sequence : or_none(plan_.sequences)) {
        request.batch = batch;
        request.sequence = sequence;
        Result<ProbedConfiguration> found =
            plan_.max_batch ? probe_max_batch(request) : probe(request, std::nullopt);
        if (!found && report.configurations.empty()) return found.error();
        report.configurations.push_back(found ? std::move(*found)
                                              : not_probed(request, found.error()));
      }
    }
    add_formulas();
    report.reason = report.configurations.front().runs.front().reason;
    return std::move(outcome_);
  }

 private:
  VirtualTarget target_for(const Device& measured) const {
    return plan_.virtual_for.value_or(measured.is_cuda() ? VirtualTarget::kCuda
                                                         : VirtualTarget::kCpu);
  }

  static ProbedConfiguration not_probed(const ProbeRequest& request, const Error& error) {
    ProbedConfiguration configuration;
    configuration.batch = request.batch;
    configuration.sequence = request.sequence;
    configuration.runs.push_back(not_run(request, error));
    return configuration;
  }

  /// One plain run; the first with a snapshot of CUDA's allocator, where that was asked for.
  Result<ProbeResult> measure(ProbeRequest request) {
    request.cuda_snapshot = plan_.request.cuda_snapshot && outcome_.cuda_snapshot.empty();
    Result<ProbeResult> run = worker_.run(request);
    if (run) outcome_.cuda_snapshot += std::exchange(run->cuda_snapshot, "");
    return run;
  }

  /// The formulas' word on training forwards that were run.
  void add_formulas() {
    ProbeReport& report = outcome_.report;
    if (report.extent != ProbeExtent::kTrain || !plan_.formulas) return;
    const FormulaModel model = FormulaModel::read(report.path);
    report.recognised = model.recognised();
    for (ProbedConfiguration& c : report.configurations)
      c.formulas = model.predict(c.runs.front().inputs, plan_.request.dtype);
  }

  Result<Unit> find_budget(ProbeRequest& request) {
    std::optional<DeviceReport> devices;
    if (request.limit_bytes == 0) {
      auto listed = worker_.list_devices();
      if (!listed) return listed.error();
      devices = std::move(*listed);
    }
    budget_ = batch_budget(request, devices);
    // "auto" may become a GPU.
    if (budget_.of_cuda) request.virtual_target = target_for(cuda_device(0));
    return Unit{};
  }

  Result<ProbedConfiguration> probe_max_batch(ProbeRequest request) {
    Result<MaxBatch> found = find_max_batch(request, budget_, worker_.run);
    if (!found) return found.error();
    request.batch = found->answered() ? *found->largest : found->trials.back().batch;
    request.limit_bytes = budget_.cap_bytes;
    Result<ProbedConfiguration> configuration = probe(request, std::move(found->run));
    if (configuration) configuration->max_batch = std::move(*found);
    return configuration;
  }

  /// `first` is a run that was made already, without a snapshot. The error is the first run's.
  Result<ProbedConfiguration> probe(ProbeRequest request, std::optional<ProbeResult> first) {
    ProbedConfiguration configuration;
    configuration.batch = request.batch;
    configuration.sequence = request.sequence;
    std::vector<ProbeResult>& runs = configuration.runs;
    if (first && !plan_.request.cuda_snapshot) runs.push_back(std::move(*first));
    while (runs.size() < static_cast<std::size_t>(plan_.repeats)) {
      Result<ProbeResult> run = measure(request);
      if (!run && runs.empty()) return run.error();
      runs.push_back(or_not_run(std::move(run), request));
    }
    if (request.extent == ProbeExtent::kLoad) return configuration;
    if (plan_.virtual_run && !runs.front().used_device.is_meta()) {
      ProbeRequest predicted = request;
      predicted.device = kMetaDevice;
      predicted.limit_bytes = 0;
      predicted.virtual_target = target_for(runs.front().used_device);
      configuration.virtual_run = or_not_run(worker_.run(predicted), predicted);
    }
    if (plan_.modules) {
      request.attribute = true;
      configuration.modules = or_not_run(worker_.run(request), request);
      for (ProbeResult& plain : runs) name_module(plain, *configuration.modules);
      note_missing_modules(configuration);
    }
    return configuration;
  }

  /// What stopped the run with callbacks, where it did not stop the plain one.
  static void note_missing_modules(ProbedConfiguration& configuration) {
    ProbeResult& plain = configuration.runs.front();
    const auto& failure = configuration.modules->failure;
    if (failure && !plain.failure) {
      plain.notes.push_back("The further run, which books to modules, did not come to its end. " +
                            failure_text(*failure));
    }
  }

  const ProbePlan& plan_;
  const ProbeWorker& worker_;
  BatchBudget budget_;
  ProbeOutcome outcome_;
};

}  // namespace

Result<ProbeOutcome> probe_model(const ProbePlan& plan, const ProbeWorker& worker) {
  return Probe(plan, worker).run();
}

bool has_failure(const ProbeReport& report) {
  for (const ProbedConfiguration& c : report.configurations) {
    if (c.max_batch && !c.max_batch->answered()) return true;
    for (const ProbeResult& run : c.runs) {
      if (run.failure) return true;
    }
  }
  return false;
}

std::optional<Error> missing_part(const ProbePlan& plan, const ProbeReport& report) {
  if (!plan.virtual_for || !plan.virtual_run) return std::nullopt;
  for (const ProbedConfiguration& c : report.configurations) {
    if (c.virtual_run && c.virtual_run->failure) {
      return Error{ErrorCode::kUnavailable,
                   "--virtual-for: " + failure_text(*c.virtual_run->failure),
                   "without the flag a virtual run that fails leaves the rest as it is"};
    }
  }
  return std::nullopt;
}

}  // namespace tally::app
