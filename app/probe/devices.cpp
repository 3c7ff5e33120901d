#include <app/probe/devices.h>
#include <inspector/model/device.h>
#include <inspector/process/find_program.h>
#include <inspector/worker/probe_client.h>
#include <report/columns.h>

#include <optional>
#include <utility>

namespace tally::app {
namespace {

using inspector::CudaDevice;
using inspector::DeviceReport;
using namespace report;

Value or_null(const std::optional<std::int64_t>& bytes) {
  return bytes ? Value(Bytes{*bytes}) : Value();
}

/// A value with its key; where it is not known, people read why.
Phrase or_unknown(const char* key, const std::optional<std::int64_t>& bytes) {
  if (bytes) return {{key, Bytes{*bytes}}};
  return {{key, Value()}, {"", "not known (no NVML)"}};
}

Phrase or_unknown(const char* key, const std::string& text) {
  return {{key, text}, {"", text.empty() ? "not known" : ""}};
}

/// People see only what was asked for, programs a null.
void add_largest_block(Facts& facts, const std::optional<std::int64_t>& bytes, const char* what) {
  facts.facts.push_back(
      {bytes ? "largest block" : "", {{"largest_block_bytes", or_null(bytes)}, {"", what}}});
}

/// "2: 4711 with 1.0 GiB (…), 4712": the driver does not tell of each what it holds.
Phrase processes_phrase(const CudaDevice& d) {
  if (!d.processes) return {{"processes", Value()}, {"", "not known (no NVML)"}};
  Phrase phrase = {{"", Count{static_cast<std::int64_t>(d.processes->size())}}};
  const char* separator = ": ";
  for (const CudaDevice::Process& p : *d.processes) {
    phrase.push_back({"", separator});
    phrase.push_back({"", Integer{p.pid}});
    if (p.bytes) {
      phrase.push_back({"", " with "});
      phrase.push_back({"", Bytes{*p.bytes}});
    }
    separator = ", ";
  }
  return phrase;
}

List processes_value(const std::vector<CudaDevice::Process>& processes) {
  List list;
  for (const CudaDevice::Process& p : processes)
    list.emplace_back(Object{{"pid", Integer{p.pid}}, {"bytes", or_null(p.bytes)}});
  return list;
}

Section device_section(const std::string& device) {
  Section section;
  section.key = "devices";
  section.of_list = true;
  section.add(Heading{{{"device", device}}});
  return section;
}

Section cpu_section(const DeviceReport& r) {
  Section section = device_section(name(inspector::kCpuDevice));
  Facts facts;
  facts.facts = {{"threads", {{"threads", Count{r.cpu_threads}}}},
                 {"total", {{"total_bytes", Bytes{r.cpu_total_bytes}}}},
                 {"available", {{"available_bytes", Bytes{r.cpu_available_bytes}}}},
                 {r.cpu_limit_bytes ? "control group's limit" : "",
                  {{"control_group_limit_bytes", or_null(r.cpu_limit_bytes)}}}};
  add_largest_block(facts, r.cpu_largest_block_bytes,
                    "  of address space that the system promises memory for");
  section.add(std::move(facts));
  return section;
}

Section cuda_section(const CudaDevice& d) {
  Section section = device_section(name(inspector::cuda_device(d.index)));
  Facts facts;
  facts.facts = {{"name", {{"name", d.name}}},
                 {"compute capability", {{"compute_capability", d.compute_capability}}},
                 {"UUID", or_unknown("uuid", d.uuid)},
                 {"PCI bus", or_unknown("pci_bus_id", d.pci_bus_id)},
                 {"total", {{"total_bytes", Bytes{d.total_bytes}}}},
                 {"free", or_unknown("free_bytes", d.free_bytes)},
                 {"used by others", or_unknown("used_by_others_bytes", d.used_by_others_bytes)},
                 {"processes", processes_phrase(d)},
                 {"context alone", or_unknown("context_bytes", d.context_bytes)}};
  if (d.processes) facts.facts.push_back({"", {{"processes", processes_value(*d.processes)}}});
  add_largest_block(facts, d.largest_block_bytes, "  allocated and given back");
  section.add(std::move(facts));
  return section;
}

/// The devices side by side, for CSV.
Table devices_table(const DeviceReport& r) {
  Table table;
  table.programs = true;
  table.main = true;
  for (const char* key : {"device", "name", "total_bytes", "free_bytes", "used_by_others_bytes",
                          "context_bytes", "largest_block_bytes"})
    table.columns.push_back(hidden(key));
  table.rows.push_back(
      {{name(inspector::kCpuDevice), "", Bytes{r.cpu_total_bytes}, Bytes{r.cpu_available_bytes},
        Value(), Value(), or_null(r.cpu_largest_block_bytes)}});
  for (const CudaDevice& d : r.cuda) {
    table.rows.push_back({{name(inspector::cuda_device(d.index)), d.name, Bytes{d.total_bytes},
                           or_null(d.free_bytes), or_null(d.used_by_others_bytes),
                           or_null(d.context_bytes), or_null(d.largest_block_bytes)}});
  }
  return table;
}

}  // namespace

Result<DeviceReport> list_devices(const DevicesRequest& request) {
  const Result<std::string> worker = inspector::find_worker();
  if (!worker) return worker.error();
  inspector::ProbeClientOptions client;
  client.worker = *worker;
  client.on_log = request.on_log;
  return list_devices_in_worker(request.largest_block, client);
}

report::Report devices_report(const DeviceReport& r) {
  report::Report report;
  report.command = "devices";
  report.title = "Devices";
  Section& body = report.body;
  body.add(cpu_section(r));
  for (const CudaDevice& d : r.cuda) body.add(cuda_section(d));
  body.add(devices_table(r));
  body.add(Heading{{{"", "CUDA"}}});
  const bool usable = r.no_cuda.empty();
  body.add(Facts{
      {{"usable",
        {{"cuda.usable", Value::of(usable)}, {"", usable ? "" : ": "}, {"cuda.reason", r.no_cuda}},
        usable ? Tone::kGood : Tone::kWarning},
       {r.driver_version.empty() ? "" : "driver supports",
        {{"", "CUDA "}, {"cuda.driver_supports", r.driver_version}}},
       {r.driver_release.empty() ? "" : "driver", {{"cuda.driver", r.driver_release}}},
       {"LibTorch", {{"libtorch", r.libtorch_version}}},
       {"allocator settings",
        {{"cuda.allocator_settings", r.allocator_settings},
         {"", r.allocator_settings.empty() ? "the defaults" : ""}}}}});
  return report;
}

}  // namespace tally::app
