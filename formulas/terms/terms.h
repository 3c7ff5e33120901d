// Terms: every parameter tensor that a TransformerSpec has, as a formula, as numbers and as an
// exact count.
//
// The table `term_table()` is data: an id, the shape of one tensor and how many there are, written
// in the symbols that `symbol_table()` lists. Those strings are what is evaluated, so the formula
// shown is the formula counted. Arithmetic is checked: a count beyond 2^63 - 1 is an Error.
#pragma once

#include <base/result.h>
#include <formulas/spec/spec.h>
#include <formulas/terms/term_key.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tally::formulas {

/// What a term is counted under: the columns in which papers report parameters.
enum class Component { kEmbedding, kAttention, kMlp, kNorm, kHead };
/// How many components there are.
inline constexpr int kNumComponents = 5;

/// "embedding", "attention", "mlp", "norm" or "head".
std::string_view component_name(Component component);

/// What costs ask of a term: columns of its row.
struct TermTraits {
  bool token_table = false;  ///< the table of token vectors
  bool final_norm = false;   ///< stands behind the last layer
  bool expert = false;       ///< of one expert: idle for tokens that another expert takes
  bool whole = false;  ///< lies whole on every device of a tensor-parallel group, though a matrix
  bool kept = false;   ///< keeps its precision where weights are quantized
};

/// One family of equal tensors: shape times copies.
struct TermCount {
  TermKey key;          ///< which term it is
  std::string id;       ///< key.text(): "decoder.attention.q.weight"
  std::string term_id;  ///< row of term_table(): "attention.q.weight"
  TermTraits traits;    ///< what costs ask of it
  int stack = -1;       ///< index in spec.stacks; -1: belongs to none (head)
  int group = -1;       ///< index in the stack's groups; -1: not in a layer
  Component component = Component::kEmbedding;  ///< what it is counted under
  std::string symbols;                          ///< "L·n_q·d·H"
  std::string numbers;                          ///< "32·32·128·4096"
  std::string source;                           ///< paper or implementation that has this tensor

  std::vector<std::int64_t>
      shape;                ///< of one tensor as PyTorch stores it, output first unless transposed
  bool transposed = false;  ///< stored input-first
  std::int64_t copies = 0;  ///< tensors of that shape that are stored
  std::int64_t copies_per_layer = 0;  ///< tensors of one layer: X for experts; 0: not per layer
  /// Tensors of terms with the same packing and layer are rows of one stored tensor:
  /// "decoder.attention.qkv.weight". No slot: stored alone.
  TermKey packing;
  /// Further names under which the same tensors are registered; each counts again in
  /// `tied_counted_again`.
  std::int64_t aliases = 0;
  std::string alias_of;  ///< id of the term whose tensors these are; then `unique_params` is 0

  std::int64_t tensor_params = 0;  ///< product of shape
  std::int64_t unique_params = 0;  ///< tensor_params · copies, 0 for an alias
  std::int64_t tied_params = 0;    ///< what aliases add when tied weights are counted again
  std::int64_t idle_params =
      0;  ///< of unique_params, what a token does not pass through (experts not chosen)
};

/// All terms of `spec`, in the order of the forward pass. Errors: kUsage where validate()
/// refuses it, or a count passes 2^63 - 1; the message names the field.
Result<std::vector<TermCount>> terms(const TransformerSpec& spec);

/// One row of the table of terms.
struct TermInfo {
  std::string id;                               ///< "attention.q.weight"
  Component component = Component::kEmbedding;  ///< what it is counted under
  std::string shape;                            ///< of one tensor: "n_q·d, H"
  std::string copies;                           ///< "L", "L·X" or "1"
  std::string meaning;                          ///< in words
  std::string source;                           ///< paper or implementation that has this tensor
  bool cross = false;  ///< of a cross-attention: an attention's term once more

  /// Copies times shape as one product: "L·n_q·d·H".
  std::string formula() const;
};
/// Every term that a specification can have. Valid as long as the program runs.
const std::vector<TermInfo>& term_table();

/// A symbol of the terms' formulas and what it stands for.
struct SymbolInfo {
  std::string_view symbol;   ///< "n_kv"
  std::string_view meaning;  ///< in words, the field of the specification first
};
/// Every symbol that term_table() uses. Valid as long as the program runs.
const std::vector<SymbolInfo>& symbol_table();

/// A layer behind the stacks: a pooler, a classifier.
struct HeadLayerInfo {
  std::string_view id;          ///< "pooler"
  std::string_view meaning;     ///< in words
  bool every_position = false;  ///< sees every position, not one vector a sequence
  bool projection = false;      ///< takes a tower's output to where both towers meet
};
/// The head layers that configurations ask for; a HeadLayer may have any other id as well.
const std::vector<HeadLayerInfo>& head_layer_table();
/// The row of that id, or one of its own without any properties.
HeadLayerInfo head_layer_info(std::string_view id);

}  // namespace tally::formulas
