// NVIDIA's driver without LibTorch and without its headers: which devices there are, or why there
// are none.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector {

struct CudaDriver {
  int version = 0;  ///< of CUDA, the highest that the driver supports, as it says it: 13000 is 13.0
  /// In CUDA's order, which CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER change.
  struct Device {
    std::string name;
    std::string compute_capability;
    std::int64_t total_bytes = 0;
    std::string uuid;        ///< 8-4-4-4-12 hexadecimal digits; empty: not known
    std::string pci_bus_id;  ///< "0000:65:00.0"; empty: not known
  };
  std::vector<Device> devices;
};

/// "13.0" of 13000.
std::string cuda_version_text(int version);

/// Asks libcuda.so.1 (or `library`). Makes no context. Errors are kUnavailable: no driver, no
/// device, or what else the driver says, each as a plain sentence with what to do about it.
Result<CudaDriver> query_cuda_driver(const char* library = "libcuda.so.1");

/// Whether the driver runs programs built for that version of CUDA: those of its own major version
/// and of earlier ones. The error is kUnavailable.
Result<Unit> check_driver_version(const CudaDriver& driver, int built_for);

}  // namespace tally::inspector
