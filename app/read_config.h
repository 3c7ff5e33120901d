// The text of a config.json, from a file or a pipe.
#pragma once

#include <base/result.h>
#include <formulas/families/config_json.h>

#include <cstddef>
#include <string>

namespace tally::app {

/// A config.json is a few kilobytes; what is larger than this is none.
inline constexpr std::size_t kMostConfigBytes = formulas::kLargestConfig;

/// What `path` holds, read to its end: a file, or a pipe such as <(…) or /dev/stdin. Errors name
/// the path: kNotFound where it cannot be opened or read, kLimitExceeded past kMostConfigBytes.
Result<std::string> read_config(const std::string& path);

}  // namespace tally::app
