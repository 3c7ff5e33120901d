// What a change of the specification does to each term, in symbols and with numbers.
#pragma once

#include <inspector/reconcile/hold/reconciliation.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector {

/// One term that a change made larger or smaller.
struct TermChange {
  formulas::TermKey term;
  std::int64_t params = 0;  ///< what the change adds to its prediction
  /// The addends that came, went or have other numbers now: "L·n_q·d = 3·4·5",
  /// "no L·n_q·d = 3·4·5", "L·F·H = 3·88·20 instead of 3·80·20".
  std::string formula;
};

/// The terms whose predictions differ, in the order of their keys.
std::vector<TermChange> term_changes(const std::vector<TermLine>& before,
                                     const std::vector<TermLine>& after);

}  // namespace tally::inspector
