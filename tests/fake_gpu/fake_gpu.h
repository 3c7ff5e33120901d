// The machine that the fake libraries describe: two devices, on which another process holds memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace fake_gpu {

constexpr int kDevices = 2;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kOtherProcess = 5 * kMiB;  // on each device
constexpr std::int64_t kContext = 3 * kMiB;       // that this process's first use of one takes
constexpr std::int64_t kDriverKeeps =
    1 * kMiB;  // NVML counts it as used, the driver does not count it at all
constexpr std::int64_t kWorkspace = 64 << 10;  // for matrix products
constexpr unsigned kOtherPid = 4711;

inline std::int64_t environment(const char* name, std::int64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::atoll(text) : otherwise;
}

inline std::int64_t total(int device) {
  return environment("TORCHTALLY_FAKE_GPU_TOTAL", 64 * kMiB) * (device == 0 ? 1 : 4);
}

/// Bytes that this process holds on each device, its context included: defined in libcuda.so.1.
using Held = std::atomic<std::int64_t>[kDevices];

}  // namespace fake_gpu
