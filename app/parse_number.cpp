#include <app/parse_number.h>
#include <base/wide.h>

#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace tally::app {
namespace {

Error bad_value(const std::string& field, const std::string& text, const std::string& expected) {
  return {ErrorCode::kUsage, field + " must be " + expected + ", and is \"" + text + "\"", ""};
}

/// The power of 1000 that a suffix stands for, or 0 where it stands for none.
std::int64_t suffix_factor(char suffix) {
  switch (suffix) {
    case 'k':
    case 'K':
      return 1'000;
    case 'm':
    case 'M':
      return 1'000'000;
    case 'b':
    case 'B':
    case 'g':
    case 'G':
      return 1'000'000'000;
    case 't':
    case 'T':
      return 1'000'000'000'000;
    default:
      return 0;
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<std::int64_t> parse_count(const std::string& field, const std::string& text,
                                 std::int64_t low, std::int64_t high) {
  static const std::string kExpected = "a whole number (such as 4096, 7B or 1.5M)";
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) ++at;
  std::string mantissa;
  std::size_t decimals = 0;
  bool point = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
    } else {
      mantissa += text[at];
      if (point) ++decimals;
    }
  }
  std::int64_t factor = 1;
  if (at + 1 == text.size()) {
    factor = suffix_factor(text[at]);
    ++at;
  }
  if (mantissa.empty() || at != text.size() || factor == 0) {
    return bad_value(field, text, kExpected);
  }
  for (; decimals > 0; --decimals) {  // a shift of the point that leaves a fraction is no count
    if (factor % 10 == 0) {
      factor /= 10;
    } else if (mantissa.back() == '0') {
      mantissa.pop_back();
    } else {
      return bad_value(field, text, kExpected);
    }
  }
  Wide wide;
  for (const char digit : mantissa) wide = wide * 10 + (digit - '0');
  auto value = (wide * factor).to_int64();
  if (!value) return bad_value(field, text, "at most 9223372036854775807");
  if (negative) value = -*value;
  if (*value < low) {
    return bad_value(field, text, low == 1 ? "positive" : "at least " + std::to_string(low));
  }
  if (*value > high) return bad_value(field, text, "at most " + std::to_string(high));
  return *value;
}

Result<std::int64_t> parse_bytes(const std::string& field, const std::string& text) {
  static const std::string kExpected = "a size in bytes (such as 4096, 512M or 1.5G)";
  constexpr std::size_t kMostDigits = 18;
  std::int64_t mantissa = 0, divisor = 1;
  std::size_t at = 0, digits = 0;
  bool point = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    if (++digits > kMostDigits) return bad_value(field, text, kExpected);
    mantissa = mantissa * 10 + (text[at] - '0');
    if (point) divisor *= 10;
  }
  std::int64_t factor = 1;
  std::string suffix = text.substr(at);
  for (char& c : suffix) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (!suffix.empty() && suffix != "B") {
    static const std::string kSuffixes = "KMGT";
    const std::size_t power = kSuffixes.find(suffix[0]);
    const std::string rest = suffix.substr(1);
    if (power == std::string::npos || (!rest.empty() && rest != "B" && rest != "IB"))
      return bad_value(field, text, kExpected);
    factor = std::int64_t{1} << (10 * (power + 1));
  }
  if (digits == 0) return bad_value(field, text, kExpected);
  // At most 18 digits times 2^40: fits 128 bits.
  const auto bytes = static_cast<Int128>(mantissa) * factor / divisor;
  if (bytes > INT64_MAX) return bad_value(field, text, "at most 9223372036854775807");
  return static_cast<std::int64_t>(bytes);
}

Result<double> parse_number(const std::string& field, const std::string& text, double low,
                            double high) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool plain = !text.empty() && (is_digit(text[0]) || text[0] == '-' || text[0] == '.');
  if (!plain || *end != '\0' || !std::isfinite(value)) return bad_value(field, text, "a number");
  if (value < low || value > high) {
    char range[96];
    std::snprintf(range, sizeof range, "between %g and %g", low, high);
    return bad_value(field, text, range);
  }
  return value;
}

}  // namespace tally::app
