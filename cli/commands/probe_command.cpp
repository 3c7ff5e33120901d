#include <app/max_batch.h>
#include <app/probe_report.h>
#include <cli/commands/command.h>
#include <cli/flags/probe_flags.h>
#include <cli/terminal/output_file.h>
#include <inspector/archive/mapped_file.h>
#include <inspector/formats/file_kind.h>
#include <inspector/worker/probe_client.h>
#include <inspector/worker/worker_pool.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

using namespace inspector;

struct ProbeOptions {
  OutputOptions output;
  ProbeFlags flags;
};

Result<Unit> refuse_other_files(const std::string& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  if (auto refusal = refuse_unless_zip(file->bytes()))
    return Error{refusal->code, path + ": " + refusal->message, refusal->hint};
  return Unit{};
}

class Probe {
 public:
  explicit Probe(const ProbeFlags& flags) : flags_(flags) {}

  Result<ProbeReport> run() {
    if (auto usable = refuse_other_files(flags_.path); !usable) return usable.error();
    Result<ProbeRequest> request = probe_request(flags_);
    if (!request) return request.error();
    const Result<std::string> worker = find_worker();
    if (!worker) return worker.error();
    client_.worker = *worker;
    client_.timeout_seconds = flags_.timeout_seconds;
    client_.on_phase = [](const std::string& phase) { spdlog::info("probe: {}", phase); };
    client_.on_log = [](const std::string& text) { spdlog::info("worker: {}", text); };
    ProbeReport report;
    report.path = flags_.path;
    report.requested_device = flags_.device;
    report.extent = request->extent;
    report.optimizer = request->optimizer;
    report.limit_bytes = request->limit_bytes;
    if (auto budget = max_batch_budget(*request); !budget) return budget.error();
    report.warm_ups = request->warm_ups;
    for (const auto batch : or_none(flags_.batches)) {
      for (const auto sequence : or_none(flags_.sequences)) {
        request->batch = batch;
        request->sequence = sequence;
        Result<ProbedConfiguration> configuration =
            flags_.max_batch ? probe_max_batch(*request) : probe(*request, std::nullopt);
        if (!configuration) return configuration.error();
        report.configurations.push_back(std::move(*configuration));
      }
    }
    add_formulas(report, request->dtype);
    report.reason = report.configurations.front().runs.front().reason;
    return report;
  }

  /// What --cuda-snapshot wants; empty where no run came to its end.
  const std::string& snapshot() const { return snapshot_; }

 private:
  /// The values of a sweep; without one, one configuration that leaves the inputs' sizes alone.
  static std::vector<std::optional<std::int64_t>> or_none(const std::vector<std::int64_t>& values) {
    if (values.empty()) return {std::nullopt};
    return {values.begin(), values.end()};
  }

  /// One plain run; the first with a snapshot of CUDA's allocator, where that was asked for.
  Result<ProbeResult> measure(ProbeRequest request) {
    request.cuda_snapshot = !flags_.cuda_snapshot.empty() && snapshot_.empty();
    Result<ProbeResult> run = probe_in_worker(request, client_);
    if (run) snapshot_ += std::exchange(run->cuda_snapshot, "");
    return run;
  }

  /// The formulas' word on training forwards that were run.
  void add_formulas(ProbeReport& report, const std::optional<Dtype>& dtype) const {
    if (report.extent != ProbeExtent::kTrain || !flags_.formulas) return;
    const FormulaModel model = FormulaModel::read(flags_.path);
    report.recognised = model.recognised();
    for (ProbedConfiguration& c : report.configurations)
      c.formulas = model.predict(c.runs.front().inputs, dtype);
  }

  Result<Unit> max_batch_budget(ProbeRequest& request) {
    if (!flags_.max_batch) return Unit{};
    std::optional<DeviceReport> devices;
    if (request.limit_bytes == 0) {
      auto listed = list_devices_in_worker(false, client_);
      if (!listed) return listed.error();
      devices = std::move(*listed);
    }
    budget_ = batch_budget(request, devices);
    // "auto" may become a GPU.
    if (budget_.of_cuda && flags_.virtual_for == "auto")
      request.virtual_target = VirtualTarget::kCuda;
    return Unit{};
  }

  Result<ProbedConfiguration> probe_max_batch(ProbeRequest request) {
    Result<MaxBatch> found = find_max_batch(request, budget_, [this](const ProbeRequest& trial) {
      spdlog::info("probe: batch {} on {}", *trial.batch, trial.device);
      return probe_in_worker(trial, client_);
    });
    if (!found) return found.error();
    request.batch = found->answered() ? *found->largest : found->trials.back().batch;
    request.limit_bytes = budget_.cap_bytes;
    Result<ProbedConfiguration> configuration = probe(request, std::move(found->run));
    if (configuration) configuration->max_batch = std::move(*found);
    return configuration;
  }

  /// `first` is a run that was made already, without a snapshot.
  Result<ProbedConfiguration> probe(ProbeRequest request, std::optional<ProbeResult> first) {
    ProbedConfiguration configuration;
    configuration.batch = request.batch;
    configuration.sequence = request.sequence;
    if (first && flags_.cuda_snapshot.empty()) configuration.runs.push_back(std::move(*first));
    while (configuration.runs.size() < static_cast<std::size_t>(flags_.repeats)) {
      Result<ProbeResult> run = measure(request);
      if (!run) return run.error();
      configuration.runs.push_back(std::move(*run));
    }
    if (configuration.runs.front().used_device != "meta" && flags_.virtual_run &&
        request.extent != ProbeExtent::kLoad) {
      ProbeRequest predicted = request;
      predicted.device = "meta";
      predicted.limit_bytes = 0;
      // "auto" may have become a GPU.
      if (flags_.virtual_for == "auto" &&
          configuration.runs.front().used_device.rfind("cuda", 0) == 0) {
        predicted.virtual_target = VirtualTarget::kCuda;
      }
      Result<ProbeResult> run = probe_in_worker(predicted, client_);
      if (!run) return run.error();
      configuration.virtual_run = std::move(*run);
    }
    if (flags_.modules && request.extent != ProbeExtent::kLoad) {
      request.attribute = true;
      Result<ProbeResult> run = probe_in_worker(request, client_);
      if (!run) return run.error();
      configuration.modules = std::move(*run);
      for (ProbeResult& plain : configuration.runs) name_module(plain, *configuration.modules);
    }
    return configuration;
  }

  /// A plain run does not know which module ran; the one with callbacks stops at the same place.
  static void name_module(ProbeResult& plain, const ProbeResult& attributed) {
    if (plain.failure && attributed.failure && plain.failure->phase == attributed.failure->phase &&
        plain.failure->kind == attributed.failure->kind)
      plain.failure->module = attributed.failure->module;
  }

  const ProbeFlags& flags_;
  ProbeClientOptions client_;
  BatchBudget budget_;
  std::string snapshot_;
};

/// Nothing to do without --cuda-snapshot.
Result<Unit> write_snapshot(const std::optional<OutputFile>& file, const std::string& snapshot) {
  if (!file) return Unit{};
  if (snapshot.empty()) {
    return Error{ErrorCode::kUnavailable,
                 "there is no snapshot of the allocator: no run came to its end",
                 "see the report of the probe without --cuda-snapshot"};
  }
  return file->write(snapshot);
}

bool failed(const ProbeReport& report) {
  for (const ProbedConfiguration& c : report.configurations) {
    if (c.max_batch && !c.max_batch->answered()) return true;
    for (const ProbeResult& run : c.runs) {
      if (run.failure) return true;
    }
  }
  return false;
}

void run(Session& session, const ProbeOptions& options) {
  const Format format = options.output.format;
  auto output = Output::open(options.output);
  if (!output) return fail(session, output.error(), format);
  std::optional<OutputFile> snapshot_file;
  if (!options.flags.cuda_snapshot.empty()) {
    Result<OutputFile> opened = OutputFile::open(options.flags.cuda_snapshot);
    if (!opened) return fail(session, opened.error(), format);
    snapshot_file = std::move(*opened);
  }
  Probe probe(options.flags);
  const Result<ProbeReport> report = probe.run();
  if (!report) return fail(session, report.error(), format);
  if (auto recorded = write_snapshot(snapshot_file, probe.snapshot()); !recorded)
    return fail(session, recorded.error(), format);
  const auto written = output->write({[&] { return probe_document(*report, options.flags.rows); },
                                      [&] { return probe_json(*report); }});
  if (!written) return fail(session, written.error(), format);
  if (failed(*report)) session.exit_code = kExitCheckFailed;
}

}  // namespace

void add_probe_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "probe",
      "Measure the memory that a model takes, beside its prediction. RUNS the model's code; of all "
      "commands only this one and audit --load do");
  auto options = std::make_shared<ProbeOptions>();
  add_probe_flags(*command, options->flags);
  add_output_flags(*command, options->output);
  command->callback([&session, options] { run(session, *options); });
}

}  // namespace tally::cli
