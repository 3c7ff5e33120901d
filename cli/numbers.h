// Numbers as people write and read them: grouped counts, fixed decimals, bytes; and counts read
// from flags.
#pragma once

#include <base/result.h>
#include <base/wide.h>

#include <cstdint>
#include <string>

namespace tally::cli {

/// "124,439,808": digits in groups of three.
std::string grouped(std::int64_t value);
std::string grouped(Int128 value);

/// The digits alone, exact: "11283364246097756160".
std::string digits(Int128 value);

/// `value` with `decimals` decimals, rounded as C's printf and Python's format do.
std::string fixed(double value, int decimals);

/// "6.02e+23": three significant digits.
std::string scientific(double value);

/// "12.3 GiB", "412 bytes": bytes in the largest unit of 1024 that leaves a figure of at least 1.
std::string human_bytes(std::int64_t bytes);
std::string human_bytes(double bytes);

/// A count from a flag: decimal digits, or a decimal number with one of the suffixes k, M, B, T
/// (powers of 1000), as in 7B or 1.5M. Errors name `field`, what was found and what is accepted;
/// the value may lie in [low, high] only.
Result<std::int64_t> parse_count(const std::string& field, const std::string& text,
                                 std::int64_t low = 1, std::int64_t high = INT64_MAX);

/// A number from a flag, within [low, high]. Errors as for parse_count.
Result<double> parse_number(const std::string& field, const std::string& text, double low,
                            double high);

}  // namespace tally::cli
