// Stable names of ErrorCode, for JSON.
#pragma once

#include <base/result.h>

#include <array>
#include <optional>
#include <string_view>

namespace tally {

/// In the order of the enumerators.
inline constexpr std::array<std::string_view, 7> kErrorCodeNames = {
    "usage", "not_found", "not_a_model", "malformed", "limit_exceeded", "unavailable", "internal"};

inline std::string_view name(ErrorCode code) {
  return kErrorCodeNames[static_cast<std::size_t>(code)];
}

inline std::optional<ErrorCode> error_code_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kErrorCodeNames.size(); ++i) {
    if (kErrorCodeNames[i] == name) return static_cast<ErrorCode>(i);
  }
  return std::nullopt;
}

}  // namespace tally
