// Numbers in ZIP archives: little-endian, and read only where they are.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace tally::inspector {

/// The number at `at`; nothing where it would reach past the end.
template <class T>
std::optional<T> zip_number(std::string_view s, std::uint64_t at) {
  if (s.size() < sizeof(T) || at > s.size() - sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, s.data() + at, sizeof(T));
  return value;
}

}  // namespace tally::inspector
