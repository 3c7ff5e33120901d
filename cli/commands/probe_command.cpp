#include <app/probe/probe_model.h>
#include <app/probe/probe_report.h>
#include <app/sandbox.h>
#include <cli/commands/command.h>
#include <cli/flags/idle_flags.h>
#include <cli/flags/probe_flags.h>
#include <cli/terminal/output_file.h>
#include <inspector/archive/byte_source.h>
#include <inspector/formats/registry.h>
#include <inspector/probe/backends/gpu_device.h>
#include <inspector/probe/backends/host_memory.h>
#include <inspector/process/find_program.h>
#include <inspector/worker/probe_client.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace tally::cli {
using namespace report;
using namespace app;
namespace {

using namespace inspector;

struct ProbeOptions {
  OutputOptions output;
  ProbeFlags flags;
};

Result<Unit> refuse_other_files(const std::string& path) {
  const Result<FileSource> file = FileSource::open(path);
  if (!file) return file.error();
  Result<Unit> checked = refuse_other_kinds(*file);
  if (checked) return checked;
  const Error& error = checked.error();
  return Error{error.code, path + ": " + error.message, error.hint};
}

ProbePlan plan_of(const ProbeFlags& flags, const ProbeRequest& request, ProbeLimits limits) {
  ProbePlan plan;
  plan.request = request;
  plan.request.cuda_snapshot = !flags.cuda_snapshot.empty();
  plan.requested_device = flags.device;
  plan.batches = flags.batches;
  plan.sequences = flags.sequences;
  plan.max_batch = flags.max_batch;
  plan.repeats = flags.repeats;
  plan.modules = flags.modules;
  plan.virtual_run = flags.virtual_run;
  plan.virtual_for = virtual_target(flags);
  plan.formulas = flags.formulas;
  plan.limits = limits;
  return plan;
}

Result<ProbeClientOptions> client_of(const ProbeFlags& flags) {
  const Result<std::string> worker = find_worker();
  if (!worker) return worker.error();
  ProbeClientOptions client;
  client.worker = *worker;
  client.seconds_per_phase = flags.seconds_per_phase;
  // CUDA and virtual runs reserve more addresses than there is memory: a limit would count them.
  const Device device = *device_from_name(flags.device);
  const bool may_use_gpu = device.is_cuda() || (device.is_auto() && has_nvidia_device());
  const bool is_limited = !may_use_gpu && !device.is_meta();
  client.memory_limit_bytes =
      flags.memory_limit_bytes.value_or(is_limited ? spare_host_memory() : 0);
  client.on_phase = [](const std::string& phase) { spdlog::info("probe: {}", phase); };
  client.on_log = [](const std::string& text) { spdlog::info("worker: {}", text); };
  return client;
}

ProbeWorker worker_of(const ProbeClientOptions& client, const ProbeFlags& flags) {
  ProbeWorker worker;
  worker.run = [&client, is_default = !flags.memory_limit_bytes](const ProbeRequest& request) {
    if (request.batch) spdlog::info("probe: batch {} on {}", *request.batch, name(request.device));
    ProbeClientOptions options = client;
    // The virtual run beside a measured one.
    if (is_default && request.device.is_meta()) options.memory_limit_bytes = 0;
    return probe_in_worker(request, options);
  };
  worker.list_devices = [&client] { return list_devices_in_worker(false, client); };
  return worker;
}

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

void run(const CLI::App& command, Session& session, const ProbeOptions& options) {
  const Format format = options.output.format;
  std::vector<std::string> inputs = options.flags.libraries;
  inputs.push_back(options.flags.path);
  auto output = Output::open(options.output, inputs);
  if (!output) return fail(session, output.error(), format);
  if (auto sensible = refuse_idle_probe_flags(command, options.flags); !sensible)
    return fail(session, sensible.error(), format);
  if (auto shown = refuse_unshown(
          command, *output, {{"--rows", kForPeople, "in JSON and CSV, which list every module"}});
      !shown)
    return fail(session, shown.error(), format);
  std::optional<OutputFile> snapshot_file;
  if (!options.flags.cuda_snapshot.empty()) {
    Result<OutputFile> opened = OutputFile::open(options.flags.cuda_snapshot, inputs);
    if (!opened) return fail(session, opened.error(), format);
    snapshot_file = std::move(*opened);
  }
  if (auto usable = refuse_other_files(options.flags.path); !usable)
    return fail(session, usable.error(), format);
  const Result<ProbeRequest> request = probe_request(options.flags);
  if (!request) return fail(session, request.error(), format);
  const Result<ProbeClientOptions> client = client_of(options.flags);
  if (!client) return fail(session, client.error(), format);
  const ProbePlan plan =
      plan_of(options.flags, *request, {client->seconds_per_phase, client->memory_limit_bytes});
  const Result<ProbeOutcome> outcome = probe_model(plan, worker_of(*client, options.flags));
  if (!outcome) return fail(session, outcome.error(), format);
  const ProbeReport& report = outcome->report;
  const auto written =
      output->write(with_sandbox_notes(session.sandbox, probe_report(report, options.flags.rows)));
  if (!written) return fail(session, written.error());
  if (has_failure(report)) session.exit_code = kExitCheckFailed;
  // The report is there; what is missing in it goes to stderr.
  if (auto recorded = write_snapshot(snapshot_file, outcome->cuda_snapshot); !recorded)
    return fail(session, recorded.error());
  if (const auto missing = missing_part(plan, report)) fail(session, *missing);
}

void add_flags(CLI::App& command, Session& session) {
  auto options = std::make_shared<ProbeOptions>();
  add_probe_flags(command, options->flags);
  add_output_flags(command, options->output);
  command.callback([&session, options, &command] { run(command, session, *options); });
}

}  // namespace

const Command kProbeCommand{
    "probe",
    "Measure the memory that a model takes, beside its prediction. RUNS the model's code; of all "
    "commands only this one and audit --load do",
    add_flags};

}  // namespace tally::cli
