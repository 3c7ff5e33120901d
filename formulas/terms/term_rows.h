// The table behind terms(): when a term exists, and which of a specification's parts it is counted
// in. For terms.cpp only.
#pragma once

#include <formulas/terms/expression.h>
#include <formulas/terms/terms.h>

#include <string_view>
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
  TermInfo info;
  TermScope scope = TermScope::kEmbedding;
  bool (*present)(const TermContext&) = nullptr;
  std::string_view
      packing;  ///< slot of the stored tensor that this is a part of, where `packed`; "" : never
  bool (*packed)(const TermContext&) = nullptr;
  bool expert = false;        ///< idle for tokens that another expert takes
  bool transposable = false;  ///< stored input-first where the specification says so
  TermTraits traits = {};
  std::string slot = {};  ///< of TermKey; with `part` it is info.id
  std::string part = {};
};

const std::vector<TermRow>& term_rows();

/// The symbols of `context`, with their values.
SymbolValues symbol_values(const TermContext& context);

}  // namespace tally::formulas
