// Expressions: the symbol formulas of the table of terms ("n_q·(d_n+d_v)"), evaluated exactly or
// rewritten.
//
// Grammar: sums of products of whole numbers, symbols and parentheses; '·' multiplies.
#pragma once

#include <formulas/spec/switches.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::formulas {

struct SymbolValue {
  std::string_view symbol;
  std::int64_t value = 0;
  /// The field of the specification that it is: "num_heads" of an attention.
  std::string_view field = {};
  FieldPart part = FieldPart::kStack;
};

/// What each symbol stands for; few entries, searched in order.
using SymbolValues = std::vector<SymbolValue>;

/// The value of `expression`. Nothing where a symbol is unknown, the text is no expression, or the
/// value does not fit in std::int64_t; the table of terms is constant, so that in practice only the
/// last happens.
std::optional<std::int64_t> evaluate(std::string_view expression, const SymbolValues& values);

/// `expression` with every symbol that `values` has replaced by its number.
std::string with_numbers(std::string_view expression, const SymbolValues& values);

/// `expression` with whole symbols renamed: pairs of (from, to).
std::string with_names(std::string_view expression,
                       const std::vector<std::pair<std::string_view, std::string_view>>& names);

/// The symbols of `expression`, each once, in its order.
std::vector<std::string> symbols_in(std::string_view expression);

}  // namespace tally::formulas
