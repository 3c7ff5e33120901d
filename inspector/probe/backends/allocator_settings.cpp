#include <inspector/probe/backends/allocator_settings.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace tally::inspector {
namespace {

constexpr char kFraction[] = "per_process_memory_fraction";

}  // namespace

AllocatorSettings allocator_settings() {
  for (const char* variable : {"PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"}) {
    if (const char* text = std::getenv(variable)) return {variable, text};
  }
  return {};
}

std::optional<double> memory_fraction(const std::string& settings) {
  const std::size_t key = settings.rfind(kFraction);
  if (key == std::string::npos) return std::nullopt;
  const std::size_t colon = settings.find(':', key);
  if (colon == std::string::npos) return std::nullopt;
  const char* const text = settings.c_str() + colon + 1;
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || !(value >= 0)) return std::nullopt;
  return value;
}

std::string with_memory_limit(const std::string& settings, std::int64_t limit_bytes,
                              std::int64_t total_bytes) {
  double fraction = 1;
  if (limit_bytes < total_bytes) {
    // The next above: LibTorch multiplies and cuts off, which must not take a byte away.
    fraction =
        std::nextafter(static_cast<double>(limit_bytes) / static_cast<double>(total_bytes), 1.0);
  }
  if (const auto theirs = memory_fraction(settings); theirs && *theirs <= fraction) return settings;
  char own[96];
  std::snprintf(own, sizeof own, "%s:%.17g", kFraction, fraction);
  return settings.empty() ? own : settings + "," + own;
}

}  // namespace tally::inspector
