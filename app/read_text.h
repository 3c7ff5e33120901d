// The text of a file, a pipe or stdin.
#pragma once

#include <base/result.h>

#include <cstddef>
#include <string>

namespace tally::app {

/// What a text that is read is.
struct TextKind {
  std::size_t most_bytes = 0;
  const char* too_large = "";  ///< "more than 16 MiB, too large for a config.json"
  const char* hint = "";       ///< the next thing to try
};

/// What `path` holds, read to its end: a file, or a pipe such as <(…) or /dev/stdin. Errors name
/// the path: kNotFound where it cannot be opened or read, where nobody writes to a named pipe for
/// 5 s or to any for 60 s; kLimitExceeded past `kind.most_bytes`.
Result<std::string> read_text(const std::string& path, const TextKind& kind);

/// The same of stdin.
Result<std::string> read_stdin(const TextKind& kind);

}  // namespace tally::app
