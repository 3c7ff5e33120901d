// What names suggest. Names are hints only: they decide between roles that shapes leave open, never
// against shapes.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace tally::inspector {

std::string lower(std::string_view text);

/// Whether one of `parts` occurs in `text`.
bool holds_any(std::string_view text, std::initializer_list<std::string_view> parts);

enum class Hint {
  kNone,
  kQuery,
  kKey,
  kValue,
  kOutput,
  kPositionKey,
  kPositionQuery,
  kGate,
  kUp,
  kDown,
};

/// What the last parts of a lower-case name say: "self_attn.q_proj" is a query, "feed_forward.w1" a
/// gate.
Hint projection_hint(std::string_view name);

enum class BlockHint { kNone, kAttention, kCrossAttention, kMlp };

/// What a lower-case path says of the block that it names: "layer.1.encdecattention", "h.0.mlp".
BlockHint block_hint(std::string_view path);

/// The id of a layer behind the stacks by its lower-case path (formulas::head_layer_table()), or
/// "".
std::string_view head_layer_hint(std::string_view path);

}  // namespace tally::inspector
