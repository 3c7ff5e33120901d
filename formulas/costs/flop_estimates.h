// Published estimates of parameters, training FLOPs and data, from a handful of sizes; no
// specification needed. Each function names its paper and equation. Exact whole numbers are `Wide`;
// what a paper rounds is `double`.
#pragma once

#include <base/wide.h>

#include <cstdint>

namespace tally::formulas {

/// 6 N D: forward and backward of N parameters over D tokens. `flops_per_param_token` is 3 for T5,
/// half of whose parameters see each token. Source: Kaplan et al. 2020, arXiv:2001.08361,
/// section 2.1; Brown et al. 2020, arXiv:2005.14165, table D.1.
Wide training_flops_6nd(std::int64_t num_params, std::int64_t num_tokens,
                        std::int64_t flops_per_param_token = 6);

/// One PF-day: 1e15 FLOP/s for a day, 8.64e19 FLOPs (Brown et al. 2020, table D.1).
inline constexpr double kFlopsPerPetaflopDay = 8.64e19;

/// Non-embedding parameters without biases: 2 d L (2 d_attn + d_ff). Source: Kaplan et al. 2020,
/// table 1.
Wide kaplan_params(std::int64_t num_layers, std::int64_t d_model, std::int64_t d_attn,
                   std::int64_t d_ff);
/// Forward FLOPs a token: 2 N + 2 L n_ctx d_attn, half of PaLM's attention. Source: Kaplan et al.
/// 2020, table 1.
Wide kaplan_forward_flops_per_token(std::int64_t non_embedding_params, std::int64_t num_layers,
                                    std::int64_t n_ctx, std::int64_t d_attn);

/// Attention's share of PaLM's FLOPs a token, forward and backward: 12 L H Q T, for L layers, H
/// heads of width Q and sequences of T tokens. Source: Chowdhery et al. 2022, arXiv:2204.02311,
/// appendix B.
Wide palm_attention_flops_per_token(std::int64_t num_layers, std::int64_t num_heads,
                                    std::int64_t head_dim, std::int64_t seq);
/// FLOPs 6 N + 12 L H Q T a token. Source: the same.
Wide palm_flops_per_token(std::int64_t num_params, std::int64_t num_layers, std::int64_t num_heads,
                          std::int64_t head_dim, std::int64_t seq);
/// Model FLOPs utilisation, a share: tokens a second x FLOPs a token / (devices x peak). Source:
/// the same.
double model_flops_utilization(double tokens_per_second, double flops_per_token,
                               std::int64_t num_devices, double peak_flops_per_second);

/// A GPT of Megatron's shape: sizes in the papers' letters.
struct MegatronShape {
  std::int64_t num_layers = 0;   ///< l
  std::int64_t hidden_size = 0;  ///< h
  std::int64_t vocab_size = 0;   ///< V
  std::int64_t seq = 0;          ///< s, tokens
};
/// P = 12 l h^2 (1 + 13/(12h) + (V+s)/(12lh)), exactly. Source: Narayanan et al. 2021,
/// arXiv:2104.04473, eq. 2.
Wide narayanan_params(const MegatronShape& shape);
/// F = 96 B s l h^2 (1 + s/6h + V/16lh) an iteration, with full recomputation, exactly.
/// Source: the same, eq. 3.
Wide narayanan_iteration_flops(const MegatronShape& shape, std::int64_t batch);
/// 8 T P / (n X) seconds for T tokens on n devices at X FLOP/s each. Source: the same, eq. 4.
double narayanan_training_seconds(double num_params, double num_tokens, std::int64_t num_devices,
                                  double achieved_flops_per_second);
/// 72 B L s h^2 (1 + s/6h + v/12hL): model FLOPs an iteration, exactly. Source: Korthikanti et
/// al. 2022, arXiv:2205.05198, appendix A.
Wide korthikanti_model_flops(const MegatronShape& shape, std::int64_t batch);
/// 72 B L s h^2 (1 + s/3h + v/12hL): hardware FLOPs with selective recomputation, exactly.
/// Source: the same, eq. 8.
Wide korthikanti_hardware_flops(const MegatronShape& shape, std::int64_t batch);

/// A model of Chinchilla's shape (Hoffmann et al. 2022, arXiv:2203.15556, table A9).
struct ChinchillaShape {
  std::int64_t num_layers = 0;       ///< L
  std::int64_t d_model = 0;          ///< d, width of the residual stream
  std::int64_t ffw_size = 0;         ///< F, width of the feed-forward part
  std::int64_t kv_size = 0;          ///< k, width of a head
  std::int64_t num_heads = 0;        ///< h
  std::int64_t vocab_size = 32'000;  ///< V, rows of the token table
};
/// V d + L (5 d k h + 2 d F): the fifth projection is that of the relative positions. Source:
/// derived, not printed in the paper; within 0.81 % of each row of its table A9.
Wide chinchilla_params(const ChinchillaShape& shape);
/// Forward FLOPs of one sequence as its appendix F counts them, embeddings (2 S V d) and softmax
/// (3 h S^2) included. Source: the same, appendix F.
Wide chinchilla_forward_flops(const ChinchillaShape& shape, std::int64_t seq);

/// Compute-optimal tokens for N parameters by the rule of 20 a parameter. Source: Hoffmann et al.
/// 2022, table 3: 20.2 billion tokens for 1 billion parameters.
Wide chinchilla_optimal_tokens(std::int64_t num_params);

/// The size and the length of a training that give the lowest loss for its FLOPs.
struct ComputeOptimum {
  double num_params = 0;  ///< N
  double num_tokens = 0;  ///< D
};
/// The N and D that minimise 1.69 + 406.4/N^0.34 + 410.7/D^0.28 under 6 N D = `flops`. Source:
/// approach 3 of the same paper, section 3.3, eq. 4 and 10.
ComputeOptimum chinchilla_parametric_optimum(double flops);
/// The loss that the fit predicts, in nats a token. Source: the same, eq. 10.
double chinchilla_loss(double num_params, double num_tokens);

}  // namespace tally::formulas
