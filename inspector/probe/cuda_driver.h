// NVIDIA's driver without LibTorch and without its headers: which devices there are, or why there
// are none.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

struct CudaDriver {
  std::string version;  ///< of CUDA, that the driver supports: "13.0"
  struct Device {
    std::string name;
    std::string compute_capability;
    std::int64_t total_bytes = 0;
  };
  std::vector<Device> devices;
};

/// Asks libcuda.so.1 (or `library`). Makes no context. Errors are kUnavailable: no driver, no
/// device, or what else the driver says, each as a plain sentence.
Result<CudaDriver> query_cuda_driver(const char* library = "libcuda.so.1");

/// Memory in use on a device by all processes, and what is free, from NVML; nothing where that is
/// not present.
struct DeviceUse {
  std::int64_t used_bytes = 0, free_bytes = 0;
};
std::optional<DeviceUse> device_use(int index);

}  // namespace tally::inspector
