// Projections: which sets of matrices are an attention or an MLP, told by their shapes.
//
// With H the width that layers pass on, A = n_q·d and B = n_kv·d, an attention is one of
//   q [A, H], k [B, H], v [B, H], o [H, A]
//   qkv [A + 2 B, H], o [H, A]
//   q [A, H], kv [2 B, H], o [H, A]
//   the first with pos_key [A, H], pos_query [A, H], where B = A (DeBERTa)
//   kv_a [r + d_r, H], kv_b [n·(d_n + d_v), r], o [H, n·d_v], and q [n·(d_n + d_r), H] or the same
//   through q_a [r_q, H], q_b [·, r_q] (multi-head latent attention)
// and an MLP one of
//   up [F, H], down [H, F]
//   gate [F, H], up [F, H], down [H, F]
//   gate_up [2 F, H], down [H, F]
// or the same with a number of experts in front. Names decide only where shapes leave it open.
#pragma once

#include <formulas/terms/term_key.h>
#include <inspector/reconcile/facts/units.h>

#include <optional>
#include <utility>
#include <vector>

namespace tally::inspector {

/// Multi-head latent attention: its shapes leave one number of heads.
struct LatentSizes {
  std::int64_t num_heads = 0;
  std::int64_t nope_dim = 0;    ///< of queries and keys, per head, without rotation
  std::int64_t rope_dim = 0;    ///< rotated
  std::int64_t value_dim = 0;   ///< per head
  std::int64_t query_rank = 0;  ///< 0: queries come from the hidden width directly
  std::int64_t key_value_rank = 0;
};

/// A set of matrices that is one block.
struct Block {
  enum class Kind { kAttention, kMlp };
  Kind kind = Kind::kAttention;
  /// Each matrix (index into Units::matrices) with its place: slot::kQ, slot::kQkv (also of keys
  /// and values alone), slot::kDown; of experts too those of a dense MLP.
  std::vector<std::pair<std::size_t, formulas::Slot>> roles;
  std::int64_t query_width = 0;      ///< A
  std::int64_t key_value_width = 0;  ///< B
  std::int64_t intermediate = 0;     ///< F
  std::int64_t experts = 0;
  bool gated = false;
  bool fused = false;      ///< q, k, v or gate, up in one matrix
  bool fused_two = false;  ///< only k and v are
  std::optional<LatentSizes> latent;
  bool either = false;    ///< shapes fit an attention and an MLP alike
  ModuleId module;        ///< below which all of its matrices lie
  std::size_t first = 0;  ///< the first of its matrices
};

/// The attention that exactly `set` (indices into `matrices`) is, with residual width `hidden`;
/// nothing if it is none.
std::optional<Block> match_attention(const std::vector<Matrix>& matrices,
                                     const std::vector<std::size_t>& set, std::int64_t hidden);

/// The MLP that exactly `set` is.
std::optional<Block> match_mlp(const std::vector<Matrix>& matrices,
                               const std::vector<std::size_t>& set, std::int64_t hidden);

}  // namespace tally::inspector
