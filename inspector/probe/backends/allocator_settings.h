// The settings of LibTorch's caching allocator: a list of KEY:VALUE in the environment, and the cap
// in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tally::inspector {

/// As LibTorch takes them from the environment: PYTORCH_CUDA_ALLOC_CONF, and only without it
/// PYTORCH_ALLOC_CONF (c10/cuda/CUDAAllocatorConfig.h). Both empty where neither is set.
struct AllocatorSettings {
  std::string variable;
  std::string text;
};
AllocatorSettings allocator_settings();

/// The share of a device's memory that `settings` let a process reserve; nothing where they have no
/// such key. Of several the last counts, as LibTorch has it.
std::optional<double> memory_fraction(const std::string& settings);

/// `settings` with a cap of `limit_bytes` on what the process may reserve of a device's
/// `total_bytes`. Everything else in them stays, a lower cap as well.
std::string with_memory_limit(const std::string& settings, std::int64_t limit_bytes,
                              std::int64_t total_bytes);

}  // namespace tally::inspector
