// What was in use on a GPU before a model came: by other processes, and by this one's context.
#pragma once

#include <cstdint>
#include <optional>

namespace tally::inspector {

struct DeviceBaseline {
  std::optional<std::int64_t> context_bytes;          ///< nothing: not known
  std::optional<std::int64_t> other_processes_bytes;  ///< nothing: not known
};

/// Of a device that was touched for the first time: `used_before` and `used_after` that are NVML's
/// counts around it (nothing without NVML), `reserved` the allocator's segments and `driver` the
/// driver's count after it. NVML's and the driver's counts differ by what the driver keeps for
/// itself, so the context is the difference of two of NVML's, and the rest of the driver's count is
/// the others'. Not known where that is negative: another process gave memory back meanwhile.
inline DeviceBaseline device_baseline(std::optional<std::int64_t> used_before,
                                      std::optional<std::int64_t> used_after, std::int64_t reserved,
                                      std::int64_t driver) {
  if (!used_before || !used_after) return {};
  const std::int64_t context = *used_after - *used_before - reserved;
  const std::int64_t others = driver - reserved - context;
  if (context < 0 || others < 0) return {};
  return {context, others};
}

}  // namespace tally::inspector
