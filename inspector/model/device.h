// Device: where a model runs, as a value. It is parsed and printed here and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::inspector {

enum class DeviceKind : std::uint8_t {
  kAuto,  ///< the first CUDA device, or the CPU where there is none; only in requests
  kCpu,
  kCuda,
  kMeta,  ///< virtual: sizes are computed, no operator is executed
};

struct Device {
  DeviceKind kind = DeviceKind::kCpu;
  int index = 0;  ///< of a CUDA device, as CUDA_VISIBLE_DEVICES numbers them; else 0

  bool is_auto() const { return kind == DeviceKind::kAuto; }
  bool is_cuda() const { return kind == DeviceKind::kCuda; }
  bool is_meta() const { return kind == DeviceKind::kMeta; }

  friend bool operator==(const Device& a, const Device& b) {
    return a.kind == b.kind && a.index == b.index;
  }
  friend bool operator!=(const Device& a, const Device& b) { return !(a == b); }
};

constexpr Device kAnyDevice{DeviceKind::kAuto, 0};
constexpr Device kCpuDevice{DeviceKind::kCpu, 0};
constexpr Device kMetaDevice{DeviceKind::kMeta, 0};
constexpr Device cuda_device(int index) { return {DeviceKind::kCuda, index}; }

/// "auto", "cpu", "cuda:0", "meta".
std::string name(const Device& device);

/// Reads what name() writes, and "cuda", the first of its devices; an index has at most 3 digits.
/// Nothing for other texts.
std::optional<Device> device_from_name(std::string_view text);

}  // namespace tally::inspector
