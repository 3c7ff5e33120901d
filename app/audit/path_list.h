// Names of files from a list, for more of them than a command line takes.
#pragma once

#include <base/result.h>

#include <string>
#include <vector>

namespace tally::app {

/// The paths that the file at `path` lists ("-": stdin): one a line, blank lines left out. Where it
/// has a NUL byte, they end in NUL bytes instead, as `find -print0` writes them. kNotFound where it
/// cannot be read, kLimitExceeded past 256 MiB, kUsage where it lists none.
Result<std::vector<std::string>> read_path_list(const std::string& path);

}  // namespace tally::app
