// MemoryBackend: the one seam of the probes. CPU, CUDA and meta stand behind it, and a fake in
// tests.
//
// A backend counts bytes of tensors on one device of this process. It knows nothing of models,
// phases or modules.
#pragma once

#include <inspector/model/probe_result.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tally::inspector {

struct MemoryReading {
  std::int64_t current_bytes = 0;  ///< in use now, as requested
  std::int64_t peak_bytes = 0;     ///< most in use since the last reset_peak()
};

/// An allocation that was refused.
struct Refusal {
  std::optional<std::int64_t> wanted_bytes;  ///< nothing: not known
  std::optional<std::int64_t> free_bytes;    ///< that could still be had; nothing: not known
};

class MemoryBackend {
 public:
  virtual ~MemoryBackend() = default;
  virtual Device device() const = 0;
  virtual MemoryReading read() = 0;
  virtual void reset_peak() = 0;
  /// What the device's memory is made of now, where there is more to it than tensors. Lets go what
  /// libraries keep for themselves, and says how much: what is in use after it is tensors alone.
  virtual std::optional<DeviceSplit> split() { return std::nullopt; }
  /// Refuses allocations that would bring more than `bytes` into use; 0: none is refused.
  virtual void set_limit(std::int64_t bytes) = 0;
  /// The allocation whose refusal explains an exception that was thrown now; nothing where none
  /// was refused.
  virtual std::optional<Refusal> refusal() const = 0;
  /// Exceptions from now on are explained by later refusals alone.
  virtual void forget_refusal() = 0;
  /// Waits until the device has done what it was given.
  virtual void synchronize() {}
};

}  // namespace tally::inspector
