#include <inspector/model/device.h>

#include <charconv>

namespace tally::inspector {
namespace {

constexpr std::string_view kCuda = "cuda";

/// What stands behind "cuda".
std::optional<Device> cuda_from(std::string_view rest) {
  if (rest.empty()) return cuda_device(0);
  constexpr std::size_t kMostDigits = 3;
  if (rest[0] != ':' || rest.size() < 2 || rest.size() > 1 + kMostDigits) return std::nullopt;
  int index = 0;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), index);
  if (error != std::errc() || end != rest.data() + rest.size() || index < 0) return std::nullopt;
  return cuda_device(index);
}

}  // namespace

std::string name(const Device& device) {
  switch (device.kind) {
    case DeviceKind::kAuto:
      return "auto";
    case DeviceKind::kCpu:
      return "cpu";
    case DeviceKind::kCuda:
      return std::string(kCuda) + ":" + std::to_string(device.index);
    case DeviceKind::kMeta:
      break;
  }
  return "meta";
}

std::optional<Device> device_from_name(std::string_view text) {
  for (const Device device : {kAnyDevice, kCpuDevice, kMetaDevice}) {
    if (text == name(device)) return device;
  }
  if (text.substr(0, kCuda.size()) == kCuda) return cuda_from(text.substr(kCuda.size()));
  return std::nullopt;
}

}  // namespace tally::inspector
