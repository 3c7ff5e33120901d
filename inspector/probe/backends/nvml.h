// NVIDIA's management library, without its headers: what all processes together hold of a device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

struct DeviceUse {
  std::int64_t used_bytes = 0,
               free_bytes = 0;  ///< used: by all processes, and what the driver keeps for itself
  struct Process {
    std::int64_t pid = 0;               ///< as the machine numbers it, which a container may not
    std::optional<std::int64_t> bytes;  ///< nothing where NVML may not tell
  };
  std::vector<Process> processes;  ///< that have a context on the device
};

/// What is in use on a device now. It is found by its UUID (as CudaDriver has it), else by its PCI
/// bus: NVML numbers devices otherwise than CUDA does. Nothing where NVML is not present or does
/// not know it.
std::optional<DeviceUse> device_use(const std::string& uuid, const std::string& pci_bus_id);

/// The driver's own version, "580.65.06"; empty where NVML is not present.
std::string nvidia_driver_version();

}  // namespace tally::inspector
