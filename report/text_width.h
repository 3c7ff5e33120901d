// How wide text is on a terminal, and text fitted to a width. All text is UTF-8 that went through
// printable().
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tally::report {

/// Columns that `text` takes on a terminal: 2 for East Asian wide characters, 0 for combining ones,
/// else 1.
int display_width(std::string_view text);

/// `text`, or, where it is wider than `width`, its beginning and end with `ellipsis` between,
/// `width` columns at most. Combining characters stay with their base.
std::string shortened(std::string_view text, int width, std::string_view ellipsis);

/// `text` in lines of at most `width` columns, broken at spaces. A word that is wider gets a line
/// of its own.
std::vector<std::string> wrapped(std::string_view text, int width);

}  // namespace tally::report
