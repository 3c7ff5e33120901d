// The lines that show which row of a table belongs to which, where rows have a depth.
#pragma once

#include <report/document.h>

#include <string>
#include <string_view>
#include <vector>

namespace tally::report {

struct TreeGlyphs {
  std::string_view branch;  ///< beside a row that has a later sibling
  std::string_view last;    ///< beside the last sibling
  std::string_view pass;    ///< beside the descendants of a row that has a later sibling
  std::string_view blank;   ///< beside those of a last sibling
};

inline constexpr TreeGlyphs kUnicodeTree{"├─ ", "└─ ", "│  ", "   "};
inline constexpr TreeGlyphs kAsciiTree{"|- ", "`- ", "|  ", "   "};
/// With no-break spaces, which Markdown does not fold.
inline constexpr TreeGlyphs kMarkdownTree{"├─\u00a0", "└─\u00a0", "│\u00a0\u00a0",
                                          "\u00a0\u00a0\u00a0"};

/// What stands before the first cell of each row; empty strings for rows of depth 0. Rows follow
/// each other as a walk through the tree meets them. Levels below the 64th are drawn as the 64th.
std::vector<std::string> tree_lines(const std::vector<layout::Row>& rows, const TreeGlyphs& glyphs);

}  // namespace tally::report
