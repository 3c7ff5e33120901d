// Checked arithmetic on counts. A count that would overflow is refused, never wrapped.
#pragma once

#include <cstdint>
#include <optional>

namespace tally {

/// 128-bit integers, a GCC and Clang extension: for products of counts that are checked afterwards.
__extension__ using Int128 = __int128;

/// a + b, or nothing where std::int64_t cannot hold it.
inline std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// a * b, or nothing where std::int64_t cannot hold it.
inline std::optional<std::int64_t> checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// Whether std::int64_t holds `value`.
inline bool fits_int64(Int128 value) { return value >= INT64_MIN && value <= INT64_MAX; }

}  // namespace tally
