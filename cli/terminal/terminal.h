// What the standard streams are, and writing to them.
#pragma once

#include <base/result.h>
#include <cli/terminal/output.h>

#include <string>
#include <string_view>

namespace tally::cli {

/// Call first in main(). Opens /dev/null in place of standard streams that the caller closed, so
/// that no file of ours gets their numbers, and ignores SIGPIPE, so that a reader that goes away
/// (`| head`, a worker that died) is an error of write() and not the end of the program. Child
/// processes inherit an ignored SIGPIPE: reset it for them.
void prepare_standard_streams();

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
