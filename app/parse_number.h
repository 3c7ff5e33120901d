// Numbers that flags give, read exactly or refused with the field's name.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string>

namespace tally::app {

/// A count from a flag: decimal digits, or a decimal number with one of the suffixes k, M, B, T
/// (powers of 1000), as in 7B or 1.5M. Errors name `field`, what was found and what is accepted;
/// the value may lie in [low, high] only.
Result<std::int64_t> parse_count(const std::string& field, const std::string& text,
                                 std::int64_t low = 1, std::int64_t high = INT64_MAX);

/// A size from a flag, in bytes: 0, or a positive number with or without decimals, with or without
/// one of the suffixes K, M, G, T (powers of 1024), as in 24G or 1.5G; KB and KiB mean the same.
/// Cut to whole bytes. Errors as for parse_count.
Result<std::int64_t> parse_bytes(const std::string& field, const std::string& text);

/// A number from a flag, within [low, high]. Errors as for parse_count.
Result<double> parse_number(const std::string& field, const std::string& text, double low,
                            double high);

}  // namespace tally::app
