#include <report/tree_lines.h>

#include <algorithm>
#include <array>

namespace tally::report {
using namespace layout;

std::vector<std::string> tree_lines(const std::vector<Row>& rows, const TreeGlyphs& glyphs) {
  constexpr int kDeepest = 64;
  std::vector<std::string> lines(rows.size());
  // Backwards: has_later[d] says whether a row of depth d follows before the tree goes above that
  // depth.
  std::array<bool, kDeepest + 1> has_later{};
  for (std::size_t i = rows.size(); i-- > 0;) {
    const int depth = std::clamp(rows[i].depth, 0, kDeepest);
    for (int level = 1; level < depth; ++level) {
      lines[i] += has_later[static_cast<std::size_t>(level)] ? glyphs.pass : glyphs.blank;
    }
    const auto own = static_cast<std::size_t>(depth);
    if (depth > 0) lines[i] += has_later[own] ? glyphs.branch : glyphs.last;
    has_later[own] = true;
    std::fill(has_later.begin() + depth + 1, has_later.end(), false);
  }
  return lines;
}

}  // namespace tally::report
