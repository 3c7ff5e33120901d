// What the standard streams are, and writing to them.
#pragma once

#include <base/result.h>
#include <cli/terminal/output.h>

#include <string>
#include <string_view>

namespace tally::cli {

/// Call first in main(). Whatever the caller closed, ignored or lowered, what goes wrong later
/// comes as an error that can be told, and not as the end of the program:
/// - Standard streams that are closed are opened so that nothing can be written to or read from
///   them, and no file of ours gets their numbers.
/// - SIGPIPE (`| head`, a worker that died) and SIGXFSZ (`ulimit -f`) are ignored. Child processes
///   inherit that: reset SIGPIPE for them. SIGCHLD is not ignored: children are waited for.
/// - Limits of descriptors and stack are raised as far as they may be.
void prepare_process();

/// The text style for stdout, from `color` (auto, always, never), NO_COLOR, TERM, COLUMNS, the
/// locale and what stdout is. Colour is for terminals unless `color` says otherwise; bars and a
/// width are for terminals only.
report::TextStyle stdout_style(const std::string& color);

/// Whether the locale's characters are UTF-8, by LC_ALL, LC_CTYPE or LANG, the first that is set.
bool locale_is_utf8();

/// Writes all of `text` to stdout. A reader that has gone away is no error: it has seen what it
/// wanted.
Result<Unit> write_to_stdout(std::string_view text);

/// Writes all of `text` to the file descriptor. Returns 0 or errno.
int write_all(int descriptor, std::string_view text);

}  // namespace tally::cli
