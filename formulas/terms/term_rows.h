// The table behind terms(): when a term exists, and which of a specification's parts it is counted
// in. For terms.cpp only.
#pragma once

#include <formulas/terms/expression.h>
#include <formulas/terms/terms.h>

#include <vector>

namespace tally::formulas {

/// What one evaluation of a row looks at. Pointers that do not apply to the row's scope are null.
struct TermContext {
  const StackSpec* stack = nullptr;
  const LayerGroup* group = nullptr;
  const AttentionSpec* attention = nullptr;
  bool cross = false;
  const OutputHead* output = nullptr;
  const HeadLayer* head_layer = nullptr;
};

enum class TermScope { kEmbedding, kLayer, kAttention, kFinalNorm, kOutput, kHeadLayer };

struct TermRow {
  TermName name;  ///< of the head layers: without which
  TermInfo info;
  TermScope scope = TermScope::kEmbedding;
  bool (*present)(const TermContext&) = nullptr;
  Slot packing;  ///< the stored tensor that this is a part of, where `packed`; invalid: never
  bool (*packed)(const TermContext&) = nullptr;
  bool transposable = false;  ///< stored input-first where the specification says so
  TermTraits traits;
};

const std::vector<TermRow>& term_rows();

/// The symbols of `context`, with their values.
SymbolValues symbol_values(const TermContext& context);

}  // namespace tally::formulas
