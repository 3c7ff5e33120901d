// compare_model: a model held against the formulas of a transformer, in one call and as plain
// values. Part of the public library; hold/comparison.h has what `torchtally compare` shows.
#pragma once

#include <base/result.h>
#include <formulas/spec/spec.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

/// One term of the formulas (docs/reconcile.md, `torchtally formulas`) and the tensors that are it.
struct ComparedTerm {
  std::string id;       ///< "decoder.attention.qkv.weight"
  std::string symbols;  ///< its formula, "L·n_q·d·H"; `torchtally formulas` explains the symbols
  std::int64_t predicted_params = 0;  ///< elements that the specification gives it
  std::int64_t real_params = 0;       ///< elements of its tensors in the file
  std::vector<std::string> tensors;   ///< their full names
};

/// Both sides add up: the real figures of `terms` and `unexplained_params` are `real_params`; the
/// predicted ones are `predicted_params`. All figures are elements, tied tensors counted once.
struct ModelComparison {
  bool transformer = false;              ///< recognised as one by its tensors
  std::string recognised_as;             ///< in words, or why it is none
  std::vector<ComparedTerm> terms;       ///< in the order of the forward pass
  std::vector<std::string> unexplained;  ///< full names of tensors that no term takes
  std::int64_t predicted_params = 0;     ///< elements, all terms together
  std::int64_t real_params = 0;          ///< elements of the file's tensors
  std::int64_t unexplained_params = 0;   ///< elements of the tensors that no term takes

  /// Every term is met to the element, and no tensor is left over.
  bool exact = false;
};

/// Holds `snapshot` against `spec`, or without one against the specification that its own tensors
/// show. A model that is no transformer is no error: then, without `spec`, there are no terms and
/// all of it is unexplained. Errors: kUsage where no model can have `spec`, kMalformed where a
/// total passes 2^63 - 1. The formulas' sources stand at formulas/terms.
Result<ModelComparison> compare_model(
    const ModelSnapshot& snapshot,
    const std::optional<formulas::TransformerSpec>& spec = std::nullopt);

}  // namespace tally::inspector
