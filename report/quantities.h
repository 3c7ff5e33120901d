// Figures of any size as text: 128-bit counts, fixed decimals, powers of ten.
#pragma once

#include <base/wide.h>

#include <string>

namespace tally::report {

/// "11,283,364,246,097,756,160": digits in groups of three, exact.
std::string grouped(Int128 value);

/// "1 tensor", "1,234 tensors": a count and what is counted.
std::string plural(Int128 n, const std::string& noun);

/// The digits alone, exact: "11283364246097756160". How JSON holds counts that may pass 2^63.
std::string digits(Int128 value);

/// `value` with `decimals` decimals, rounded as C's printf and Python's format do.
std::string fixed(double value, int decimals);

/// "6.02e+23": three significant digits.
std::string scientific(double value);

}  // namespace tally::report
