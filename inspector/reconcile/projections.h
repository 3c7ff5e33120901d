// Projections: which sets of matrices are an attention or an MLP, told by their shapes.
//
// With H the width that layers pass on, A = n_q·d and B = n_kv·d, an attention is one of
//   q [A, H], k [B, H], v [B, H], o [H, A]
//   qkv [A + 2 B, H], o [H, A]
//   q [A, H], kv [2 B, H], o [H, A]
// and an MLP one of
//   up [F, H], down [H, F]
//   gate [F, H], up [F, H], down [H, F]
//   gate_up [2 F, H], down [H, F]
// or the same with a number of experts in front. Names decide only where shapes leave it open.
#pragma once

#include <inspector/reconcile/units.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {

/// A set of matrices that is one block.
struct Block {
  enum class Kind { kAttention, kMlp };
  Kind kind = Kind::kAttention;
  /// Each matrix (index into Units::matrices) with its term: "attention.q", "attention.qkv",
  /// "mlp.gate_up", "mlp.down".
  std::vector<std::pair<std::size_t, std::string>> roles;
  std::int64_t query_width = 0;      ///< A
  std::int64_t key_value_width = 0;  ///< B
  std::int64_t intermediate = 0;     ///< F
  std::int64_t experts = 0;
  bool gated = false;
  bool fused = false;        ///< q, k, v or gate, up in one matrix
  bool fused_two = false;    ///< only k and v are
  bool either = false;       ///< shapes fit an attention and an MLP alike
  std::int32_t module = -1;  ///< below which all of its matrices lie
  std::size_t first = 0;     ///< the first of its matrices
};

/// The attention that exactly `set` (indices into `matrices`) is, with residual width `hidden`;
/// nothing if it is none.
std::optional<Block> match_attention(const std::vector<Matrix>& matrices,
                                     const std::vector<std::size_t>& set, std::int64_t hidden);

/// The MLP that exactly `set` is.
std::optional<Block> match_mlp(const std::vector<Matrix>& matrices,
                               const std::vector<std::size_t>& set, std::int64_t hidden);

}  // namespace tally::inspector
