// The text of a configuration -> ConfigValue, for texts that nobody vouches for.
#pragma once

#include <base/result.h>
#include <formulas/families/config_value.h>

#include <string_view>

namespace tally::formulas {

/// Largest text that is read, in bytes.
inline constexpr std::size_t kLargestConfig = std::size_t{16} << 20;

/// Reads any JSON value in one pass, without a document of the parser's own. Errors (the message
/// says where): kLimitExceeded beyond kLargestConfig; kMalformed where it is no JSON, nests deeper
/// than 32, or names a field of an object twice (of which other readers keep one or the other).
Result<ConfigValue> parse_config_value(std::string_view json);

}  // namespace tally::formulas
