#include <report/numbers.h>
#include <report/quantities.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace tally::report {
namespace {

std::string digits_of(Int128 value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return digits;
}

std::string with_commas(std::string digits) {
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

// value / 10^decimals, in all its digits.
std::string with_decimals(Int128 value, int decimals) {
  Int128 scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  std::string text = with_commas(digits_of(value / scale));
  if (decimals > 0) {
    const std::string fraction = digits_of(value % scale);
    text += '.' + std::string(static_cast<std::size_t>(decimals) - fraction.size(), '0') + fraction;
  }
  return text;
}

// `amount` in the largest unit that leaves at least 1, to one decimal. `symbols` start with that of
// the plain unit.
template <std::size_t N>
std::string scaled(std::int64_t amount, int base, const std::array<std::string_view, N>& symbols) {
  const bool negative = amount < 0;
  const Int128 size = negative ? -static_cast<Int128>(amount) : static_cast<Int128>(amount);
  if (size < base) return grouped(amount) + std::string(symbols[0]);
  Int128 unit = 1;
  std::size_t symbol = 0;
  const auto tenths = [&] { return (size * 10 + unit / 2) / unit; };
  // Tenths, not the amount itself, so that 999,960 is 1.0 M and not 1,000.0 k.
  while (symbol + 1 < N && (symbol == 0 || tenths() >= Int128{10} * base)) {
    unit *= base;
    ++symbol;
  }
  return (negative ? "-" : "") + with_decimals(tenths(), 1) + std::string(symbols[symbol]);
}

}  // namespace

std::string grouped(std::int64_t count) {
  return count < 0 ? "-" + with_commas(digits_of(-static_cast<Int128>(count)))
                   : with_commas(digits_of(count));
}

std::string percent(Int128 part, Int128 whole, int decimals) {
  if (whole == 0) return "-";
  decimals = std::clamp(decimals, 0, 6);
  // 2 * 100 * 10^6 times a part or a whole must stay below 2^127.
  constexpr Int128 kMost = Int128{1} << 96;
  if (part > kMost || part < -kMost || whole > kMost || whole < -kMost)
    return fixed(100 * static_cast<double>(part) / static_cast<double>(whole), decimals) + " %";
  Int128 scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const Int128 hundred = 100 * scale;
  Int128 numerator = part * hundred;
  Int128 denominator = whole;
  if (denominator < 0) {
    numerator = -numerator;
    denominator = -denominator;
  }
  const bool negative = numerator < 0;
  if (negative) numerator = -numerator;
  const Int128 value = (2 * numerator + denominator) / (2 * denominator);
  const std::string sign = negative ? "-" : "";
  if (value == 0 && part != 0) return (negative ? ">-" : "<") + with_decimals(1, decimals) + " %";
  if (value == hundred && numerator < hundred * denominator) {
    return (negative ? "<-" : ">") + with_decimals(hundred - 1, decimals) + " %";
  }
  return sign + with_decimals(value, decimals) + " %";
}

std::optional<Units> units_named(std::string_view name) {
  if (name == "exact") return Units::kExact;
  if (name == "si") return Units::kSi;
  if (name == "iec") return Units::kIec;
  return std::nullopt;
}

std::string bytes_text(std::int64_t bytes, Units units) {
  using Symbols = std::array<std::string_view, 7>;
  switch (units) {
    case Units::kSi:
      return scaled(bytes, 1000, Symbols{" B", " kB", " MB", " GB", " TB", " PB", " EB"});
    case Units::kIec:
      return scaled(bytes, 1024, Symbols{" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"});
    case Units::kExact:
      break;
  }
  return grouped(bytes) + " B";
}

std::string count_text(std::int64_t count, Units units) {
  using Symbols = std::array<std::string_view, 7>;
  if (units == Units::kSi)
    return scaled(count, 1000, Symbols{"", " k", " M", " G", " T", " P", " E"});
  return grouped(count);
}

}  // namespace tally::report
