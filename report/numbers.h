// Numbers as people read them. Nothing here rounds unless the reader asked for a unit.
#pragma once

#include <base/wide.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::report {

/// 124439808 as "124,439,808".
std::string grouped(std::int64_t count);

/// part / whole as "31.62 %", rounded half up, computed in integers. A part that is not nothing
/// never shows as zero
/// ("<0.01 %"), one that is not all never as 100 (">99.99 %"). "-" where whole is 0. `decimals` is
/// 0 to 6. Beyond 2^96 it is rounded twice, from a double.
std::string percent(Int128 part, Int128 whole, int decimals = 2);

/// How amounts are shown: `--units exact|si|iec`.
enum class Units {
  kExact,  ///< every digit: 497,759,232 B
  kSi,     ///< powers of 1000, four digits: 497.8 MB
  kIec,    ///< powers of 1024, four digits: 474.7 MiB
};

/// The units that `name` names ("exact", "si", "iec"), or nothing.
std::optional<Units> units_named(std::string_view name);

/// An amount of bytes with its unit.
std::string bytes_text(std::int64_t bytes, Units units = Units::kExact);

/// A count of something else, such as parameters: every digit, or with kSi "124.4 M". kIec is for
/// bytes; here it is the same as kExact.
std::string count_text(std::int64_t count, Units units = Units::kExact);

}  // namespace tally::report
