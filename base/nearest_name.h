// The name that was likely meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace tally {

/// The one of `names` that `name` was likely meant to be, told by letters that are missing,
/// surplus, wrong or swapped; empty if none is near.
inline std::string nearest_name(const std::string& name, const std::vector<std::string>& names) {
  // Edit distance with swaps of neighbours (optimal string alignment).
  const auto distance = [](const std::string& a, const std::string& b) {
    std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
      for (std::size_t j = 0; j <= b.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = static_cast<int>(i + j);
          continue;
        }
        const bool same = a[i - 1] == b[j - 1];
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (same ? 0 : 1)});
        const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
    return d[a.size()][b.size()];
  };
  constexpr std::size_t kLongest = 64;  // no name of ours is near that long
  if (name.size() > kLongest) return "";
  const std::string letters = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  std::string nearest;
  int least = std::max(1, static_cast<int>(letters.size()) / 3) + 1;
  for (const std::string& candidate : names) {
    const bool begins = letters.size() >= 2 && candidate.compare(0, name.size(), name) == 0;
    const int steps = begins ? 1 : distance(name, candidate);
    if (steps < least) {
      least = steps;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace tally
