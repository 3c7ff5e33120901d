// Export changes: what an export did to a model's weights, as far as the file proves it, in
// numbers.
#pragma once

#include <inspector/reconcile/hold/reconciliation.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

/// One thing that an export changed.
struct ExportChange {
  enum class What {
    kPackedWeights,    ///< weights inside packed objects and states: their tensors and elements
    kFoldedNorms,      ///< batch norms that fusing left an Identity of: how many, their parameters
    kBiasesForNorms,   ///< frozen: convolutions with a bias where no batch norm runs: each may have
                       ///< taken one in, which the file does not say; `params` if each did, at a
                       ///< weight and a bias a channel
    kRunningNorms,     ///< frozen: batch norms that still run: not folded
    kMergedConstants,  ///< constants that several layers take: how many, and the elements that the
                       ///< layers would have more if each had its own
    kNoParameters,  ///< constants that are no parameters: numbers, statistics, rotary frequencies
    kDropped,  ///< terms of the specification of which the file has nothing: how many, and what
               ///< they want
    kDtypes,   ///< weights that are not all of one type: how many types; `by_dtype`
  };
  What what = What::kPackedWeights;
  std::int64_t count = 0;
  std::optional<std::int64_t> params;            ///< none: not to be told from the file
  std::map<std::string, std::int64_t> by_dtype;  ///< elements
  std::vector<std::string> terms;                ///< kDropped: their names
};

/// "packed-weights": stable, for programs.
std::string_view name(ExportChange::What what);

/// What the export of `snapshot` changed, `terms` being what it was compared to. Nothing for models
/// whose weights are parameters.
std::vector<ExportChange> export_changes(const ModelSnapshot& snapshot, const Weights& weights,
                                         const Reconciliation& terms);

}  // namespace tally::inspector
