#include <cli/commands/command.h>
#include <inspector/process/find_program.h>
#include <inspector/worker/probe_client.h>
#include <report/json_text.h>
#include <report/numbers.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

using namespace inspector;
using Json = nlohmann::ordered_json;

struct DevicesOptions {
  OutputOptions output;
  bool largest_block = false;
};

std::string or_unknown(const std::optional<std::int64_t>& bytes) {
  return bytes ? bytes_text(*bytes) : "not known (no NVML)";
}

/// "2: 4711 with 1.0 GiB (…), 4712": the driver does not tell of each what it holds.
std::string processes_text(const CudaDevice& d) {
  if (!d.processes) return or_unknown(std::nullopt);
  std::string text = grouped(static_cast<std::int64_t>(d.processes->size()));
  const char* separator = ": ";
  for (const CudaDevice::Process& p : *d.processes) {
    text += separator + std::to_string(p.pid);
    if (p.bytes) text += " with " + bytes_text(*p.bytes);
    separator = ", ";
  }
  return text;
}

void add_device(Document& document, const CudaDevice& d) {
  document.add(Heading{name(cuda_device(d.index))});
  Facts facts;
  facts.facts = {{"name", d.name},
                 {"compute capability", d.compute_capability},
                 {"UUID", d.uuid.empty() ? "not known" : d.uuid},
                 {"PCI bus", d.pci_bus_id.empty() ? "not known" : d.pci_bus_id},
                 {"total", bytes_text(d.total_bytes)},
                 {"free", or_unknown(d.free_bytes)},
                 {"used by others", or_unknown(d.used_by_others_bytes)},
                 {"processes", processes_text(d)},
                 {"context alone", or_unknown(d.context_bytes)}};
  if (d.largest_block_bytes)
    facts.facts.push_back(
        {"largest block", bytes_text(*d.largest_block_bytes) + "  allocated and given back"});
  document.add(std::move(facts));
}

Document devices_document(const DeviceReport& r) {
  Document document;
  document.title = "Devices";
  document.add(Heading{name(kCpuDevice)});
  Facts cpu;
  cpu.facts = {{"threads", grouped(static_cast<std::int64_t>(r.cpu_threads))},
               {"total", bytes_text(r.cpu_total_bytes)},
               {"available", bytes_text(r.cpu_available_bytes)}};
  if (r.cpu_limit_bytes)
    cpu.facts.push_back({"control group's limit", bytes_text(*r.cpu_limit_bytes)});
  if (r.cpu_largest_block_bytes)
    cpu.facts.push_back(
        {"largest block", bytes_text(*r.cpu_largest_block_bytes) +
                              "  of address space that the system promises memory for"});
  document.add(std::move(cpu));
  for (const CudaDevice& d : r.cuda) add_device(document, d);
  document.add(Heading{"CUDA"});
  Facts cuda;
  cuda.facts.push_back({"usable", r.no_cuda.empty() ? "yes" : "no: " + r.no_cuda,
                        r.no_cuda.empty() ? Tone::kGood : Tone::kWarning});
  if (!r.driver_version.empty())
    cuda.facts.push_back({"driver supports", "CUDA " + r.driver_version});
  if (!r.driver_release.empty()) cuda.facts.push_back({"driver", r.driver_release});
  cuda.facts.push_back({"LibTorch", r.libtorch_version});
  cuda.facts.push_back(
      {"allocator settings", r.allocator_settings.empty() ? "the defaults" : r.allocator_settings});
  document.add(std::move(cuda));
  return document;
}

Json or_null(const std::optional<std::int64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json processes_json(const CudaDevice& d) {
  if (!d.processes) return nullptr;
  Json processes = Json::array();
  for (const CudaDevice::Process& p : *d.processes)
    processes.push_back({{"pid", p.pid}, {"bytes", or_null(p.bytes)}});
  return processes;
}

std::string devices_json(const DeviceReport& r) {
  Json devices = Json::array();
  devices.push_back({{"device", name(kCpuDevice)},
                     {"threads", r.cpu_threads},
                     {"total_bytes", r.cpu_total_bytes},
                     {"available_bytes", r.cpu_available_bytes},
                     {"control_group_limit_bytes", or_null(r.cpu_limit_bytes)},
                     {"largest_block_bytes", or_null(r.cpu_largest_block_bytes)}});
  for (const CudaDevice& d : r.cuda) {
    devices.push_back({{"device", name(cuda_device(d.index))},
                       {"name", d.name},
                       {"compute_capability", d.compute_capability},
                       {"uuid", d.uuid},
                       {"pci_bus_id", d.pci_bus_id},
                       {"total_bytes", d.total_bytes},
                       {"free_bytes", or_null(d.free_bytes)},
                       {"used_by_others_bytes", or_null(d.used_by_others_bytes)},
                       {"processes", processes_json(d)},
                       {"context_bytes", or_null(d.context_bytes)},
                       {"largest_block_bytes", or_null(d.largest_block_bytes)}});
  }
  return json_text({{"schema_version", 1},
                    {"libtorch", r.libtorch_version},
                    {"cuda",
                     {{"usable", r.no_cuda.empty()},
                      {"reason", r.no_cuda},
                      {"driver_supports", r.driver_version},
                      {"driver", r.driver_release},
                      {"allocator_settings", r.allocator_settings}}},
                    {"devices", std::move(devices)}});
}

void run(Session& session, const DevicesOptions& options) {
  const Format format = options.output.format;
  auto output = Output::open(options.output);
  if (!output) return fail(session, output.error(), format);
  const Result<std::string> worker = find_worker();
  if (!worker) return fail(session, worker.error(), format);
  ProbeClientOptions client;
  client.worker = *worker;
  client.on_log = [](const std::string& text) { spdlog::info("worker: {}", text); };
  const Result<DeviceReport> report = list_devices_in_worker(options.largest_block, client);
  if (!report) return fail(session, report.error(), format);
  const auto written = output->write(
      {[&] { return devices_document(*report); }, [&] { return devices_json(*report); }});
  if (!written) fail(session, written.error(), format);
}

}  // namespace

void add_devices_command(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("devices", "Which devices can be probed, and the memory that each has");
  auto options = std::make_shared<DevicesOptions>();
  command->add_flag(
      "--largest-block", options->largest_block,
      "Find the largest block that can be had on each device: it is allocated and given back");
  add_output_flags(*command, options->output);
  command->callback([&session, options] { run(session, *options); });
}

}  // namespace tally::cli
