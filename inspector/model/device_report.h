// DeviceReport: the devices of this machine, as plain values.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

struct CudaDevice {
  /// A process that has a context on the device.
  struct Process {
    std::int64_t pid = 0;               ///< as the machine numbers it, which a container may not
    std::optional<std::int64_t> bytes;  ///< nothing where the driver does not tell
  };
  int index =
      0;  ///< CUDA's, which CUDA_VISIBLE_DEVICES changes; `uuid` and `pci_bus_id` do not change
  std::string name;
  std::string compute_capability;  ///< "9.0"
  std::string uuid;                ///< 8-4-4-4-12 hexadecimal digits; empty: not known
  std::string pci_bus_id;          ///< "0000:65:00.0"; empty: not known
  std::int64_t total_bytes = 0;
  std::optional<std::int64_t>
      free_bytes;  ///< before this process used it; from NVML, where that is present
  std::optional<std::int64_t>
      used_by_others_bytes;  ///< the same; with what the driver keeps for itself
  std::optional<std::vector<Process>> processes;  ///< that hold it; nothing without NVML
  std::optional<std::int64_t> context_bytes;      ///< what this process's context alone took
  std::optional<std::int64_t>
      largest_block_bytes;  ///< allocated and given back; where it was asked for
};

struct DeviceReport {
  std::int64_t cpu_total_bytes = 0, cpu_available_bytes = 0;
  int cpu_threads = 0;
  std::optional<std::int64_t>
      cpu_limit_bytes;  ///< of this process's control group, where it has one
  std::optional<std::int64_t> cpu_largest_block_bytes;  ///< where it was asked for
  std::string libtorch_version;
  std::string no_cuda;             ///< why there is none, a plain sentence; empty where there is
  std::string driver_version;      ///< CUDA's, as the driver states it: "13.0"
  std::string driver_release;      ///< the driver's own, "580.65.06"; empty without NVML
  std::string allocator_settings;  ///< of LibTorch's caching allocator, "VARIABLE=TEXT"; empty: its
                                   ///< defaults
  std::vector<CudaDevice> cuda;
};

nlohmann::json to_json(const DeviceReport& report);
Result<DeviceReport> device_report_from_json(const nlohmann::json& value);

}  // namespace tally::inspector
