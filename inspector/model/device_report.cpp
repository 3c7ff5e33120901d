#include <inspector/model/device_report.h>

#include <nlohmann/json.hpp>

namespace tally::inspector {
namespace {

using nlohmann::json;

json or_null(const std::optional<std::int64_t>& value) {
  return value ? json(*value) : json(nullptr);
}

std::optional<std::int64_t> read_optional(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<std::int64_t>();
}

json processes_json(const std::optional<std::vector<CudaDevice::Process>>& processes) {
  if (!processes) return nullptr;
  json rows = json::array();
  for (const CudaDevice::Process& p : *processes)
    rows.push_back(json::array({p.pid, or_null(p.bytes)}));
  return rows;
}

std::optional<std::vector<CudaDevice::Process>> read_processes(const json& rows) {
  if (rows.is_null()) return std::nullopt;
  std::vector<CudaDevice::Process> processes;
  for (const json& row : rows)
    processes.push_back({row.at(0).get<std::int64_t>(), read_optional(row.at(1))});
  return processes;
}

}  // namespace

json to_json(const DeviceReport& r) {
  json cuda = json::array();
  for (const CudaDevice& d : r.cuda) {
    cuda.push_back(json::array({d.index, d.name, d.compute_capability, d.total_bytes,
                                or_null(d.free_bytes), or_null(d.used_by_others_bytes),
                                or_null(d.context_bytes), or_null(d.largest_block_bytes), d.uuid,
                                d.pci_bus_id, processes_json(d.processes)}));
  }
  return {{"cpu_total", r.cpu_total_bytes},
          {"cpu_available", r.cpu_available_bytes},
          {"cpu_threads", r.cpu_threads},
          {"cpu_limit", or_null(r.cpu_limit_bytes)},
          {"cpu_largest_block", or_null(r.cpu_largest_block_bytes)},
          {"libtorch", r.libtorch_version},
          {"no_cuda", r.no_cuda},
          {"driver", r.driver_version},
          {"driver_release", r.driver_release},
          {"allocator_settings", r.allocator_settings},
          {"cuda", std::move(cuda)}};
}

Result<DeviceReport> device_report_from_json(const json& value) try {
  DeviceReport r;
  r.cpu_total_bytes = value.at("cpu_total").get<std::int64_t>();
  r.cpu_available_bytes = value.at("cpu_available").get<std::int64_t>();
  r.cpu_threads = value.at("cpu_threads").get<int>();
  r.cpu_limit_bytes = read_optional(value.at("cpu_limit"));
  r.cpu_largest_block_bytes = read_optional(value.at("cpu_largest_block"));
  r.libtorch_version = value.at("libtorch").get<std::string>();
  r.no_cuda = value.at("no_cuda").get<std::string>();
  r.driver_version = value.at("driver").get<std::string>();
  r.driver_release = value.at("driver_release").get<std::string>();
  r.allocator_settings = value.at("allocator_settings").get<std::string>();
  for (const json& row : value.at("cuda")) {
    CudaDevice d;
    d.index = row.at(0).get<int>();
    d.name = row.at(1).get<std::string>();
    d.compute_capability = row.at(2).get<std::string>();
    d.total_bytes = row.at(3).get<std::int64_t>();
    d.free_bytes = read_optional(row.at(4));
    d.used_by_others_bytes = read_optional(row.at(5));
    d.context_bytes = read_optional(row.at(6));
    d.largest_block_bytes = read_optional(row.at(7));
    d.uuid = row.at(8).get<std::string>();
    d.pci_bus_id = row.at(9).get<std::string>();
    d.processes = read_processes(row.at(10));
    r.cuda.push_back(std::move(d));
  }
  return r;
} catch (const std::exception& e) {
  return Error{ErrorCode::kInternal, std::string("a list of devices cannot be read: ") + e.what(),
               "both programs must come from the same build"};
}

}  // namespace tally::inspector
