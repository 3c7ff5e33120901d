// Wide: the one checked count, whole numbers of 128 bits for products and sums of sizes, bytes and
// FLOPs. A count that would overflow is refused, never wrapped. Training FLOPs pass 2^63
// (GPT-3: 3.1e23); they stay exact here up to 1.7e38, and what goes beyond is known to have done so
// instead of wrapping.
#pragma once

#include <cstdint>
#include <optional>

namespace tally {

/// 128-bit integers, a GCC and Clang extension.
__extension__ using Int128 = __int128;

/// A whole number with checked arithmetic: once an operation leaves 128 bits (or divides by zero),
/// the value and all that is computed from it is lost, and `fits()` says so. Formulas are written
/// plainly and checked once at their end.
class Wide {
 public:
  Wide(std::int64_t value = 0)
      : value_(value) {}  // NOLINT: implicit, so that formulas read like formulas
  /// The count of that value.
  static Wide of(Int128 value) {
    Wide wide;
    wide.value_ = value;
    return wide;
  }

  bool fits() const { return fits_; }  ///< whether no operation on the way here left 128 bits
  /// The value; 0 where it is lost.
  Int128 value() const { return fits_ ? value_ : 0; }
  /// The value where std::int64_t holds it.
  std::optional<std::int64_t> to_int64() const {
    if (!fits_ || value_ > INT64_MAX || value_ < INT64_MIN) return std::nullopt;
    return static_cast<std::int64_t>(value_);
  }
  /// The value, rounded to a double; 0 where it is lost.
  double to_double() const { return static_cast<double>(value()); }

  friend Wide operator+(const Wide& a, const Wide& b) {
    Wide result;
    result.fits_ =
        a.fits_ && b.fits_ && !__builtin_add_overflow(a.value_, b.value_, &result.value_);
    return result;
  }
  friend Wide operator-(const Wide& a, const Wide& b) {
    Wide result;
    result.fits_ =
        a.fits_ && b.fits_ && !__builtin_sub_overflow(a.value_, b.value_, &result.value_);
    return result;
  }
  friend Wide operator*(const Wide& a, const Wide& b) {
    Wide result;
    result.fits_ =
        a.fits_ && b.fits_ && !__builtin_mul_overflow(a.value_, b.value_, &result.value_);
    return result;
  }
  /// Rounded towards zero.
  friend Wide operator/(const Wide& a, const Wide& b) {
    Wide result;
    result.fits_ = a.fits_ && b.fits_ && b.value_ != 0;
    if (result.fits_) result.value_ = a.value_ / b.value_;
    return result;
  }
  Wide& operator+=(const Wide& other) { return *this = *this + other; }
  Wide& operator*=(const Wide& other) { return *this = *this * other; }
  friend bool operator==(const Wide& a, const Wide& b) {
    return a.fits_ == b.fits_ && a.value() == b.value();
  }

 private:
  Int128 value_ = 0;
  bool fits_ = true;
};

/// a / b rounded up, for shares of what does not divide; in the unit of `a`. Both positive.
inline Wide ceil_div(const Wide& a, const Wide& b) { return (a + b - 1) / b; }

}  // namespace tally
