// Activations that the backward pass needs: what the layers keep from the forward pass.
//
// Source: Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models"
// (arXiv:2205.05198), section 4: 2-byte values, 1-byte dropout masks, LayerNorm statistics
// neglected. The paper gives the constants of a GPT layer; parts that it does not give (gated MLPs,
// mixtures, grouped and latent attention, qk-norms, cross attention, flash attention's statistics)
// follow from the same rule, "what an operator's backward reads is kept once", and are marked as
// derived.
#pragma once

#include <base/result.h>
#include <base/wide.h>
#include <formulas/costs/flops.h>
#include <formulas/spec/spec.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::formulas {

/// How scores and probabilities of attention are computed.
enum class AttentionKernel {
  kEager,  ///< scores and probabilities lie in memory: 5as^2b with dropout
  kFlash,  ///< never: one fp32 log-sum-exp a head and query instead (Dao et al. 2022,
           ///< arXiv:2205.14135, algorithm 2)
};

/// How a model is run, as far as it changes what is kept.
struct ActivationOptions {
  AttentionKernel kernel = AttentionKernel::kEager;    ///< of self and cross attention
  Recomputation recomputation = Recomputation::kNone;  ///< what is computed again instead of kept
  bool dropout = true;               ///< masks, and dropped-out copies of probabilities, are kept
  std::int64_t value_bytes = 2;      ///< 4 in fp32
  std::int64_t tensor_parallel = 1;  ///< t devices
  bool sequence_parallel =
      false;  ///< what t does not divide by columns, it divides by positions (section 4.2.2)
  bool norm_statistics = false;  ///< mean and rstd of each norm, which the paper neglects
  /// PyTorch's eager attention keeps a contiguous copy of the scaled queries, which Megatron's
  /// fused kernel avoids.
  bool scaled_query_copy = false;
};

/// One kept tensor, or several of one purpose.
struct ActivationPart {
  std::string id;        ///< "attention.q", "mlp.inner", "norm.inputs", ...
  Wide bytes;            ///< of one layer on one device
  bool derived = false;  ///< by the rule above, not a constant of the paper
};

/// Per-layer bytes of one layer of `group` on one device. With full recomputation: the layer's
/// input only. `tokens` are queries, keys and encoder positions of one sequence; `batch` sequences
/// at once.
std::vector<ActivationPart> layer_activations(const LayerGroup& group, std::int64_t hidden_size,
                                              std::int64_t batch, const StackTokens& tokens,
                                              const ActivationOptions& options);

/// Bytes that full recomputation, or selective recomputation, makes again for one layer while it
/// works on it.
Wide recomputed_activations(const LayerGroup& group, std::int64_t hidden_size, std::int64_t batch,
                            const StackTokens& tokens, const ActivationOptions& options);

/// Sum of parts.
Wide total_bytes(const std::vector<ActivationPart>& parts);

/// The paper's own closed forms, in bytes of one layer, for a GPT layer of width h with a heads and
/// an MLP of width 4h.
struct KorthikantiLayer {
  std::int64_t seq = 0;              ///< s tokens
  std::int64_t micro_batch = 1;      ///< b sequences
  std::int64_t hidden_size = 0;      ///< h
  std::int64_t num_heads = 0;        ///< a
  std::int64_t tensor_parallel = 1;  ///< t devices
};
/// sbh (34 + 5as/h) bytes, eq. 1.
Wide korthikanti_no_parallelism(const KorthikantiLayer& layer);
/// sbh (10 + 24/t + 5as/(ht)) bytes, eq. 2.
Wide korthikanti_tensor_parallel(const KorthikantiLayer& layer);
/// sbh/t (34 + 5as/h) bytes, eq. 4.
Wide korthikanti_tensor_sequence_parallel(const KorthikantiLayer& layer);
/// sbh (10 + 24/t) bytes, table 2.
Wide korthikanti_tensor_parallel_selective(const KorthikantiLayer& layer);
/// 34 sbh/t bytes, eq. 6.
Wide korthikanti_tensor_sequence_parallel_selective(const KorthikantiLayer& layer);
/// 2 sbh bytes, table 2.
Wide korthikanti_full_recomputation(const KorthikantiLayer& layer);

/// 1 + (p-1)/(pm) for p > 1 stages with m chunks a stage: how much more the first stage of an
/// interleaved schedule keeps (section 4.2.3); 1 where m is 1 or p is 1.
double interleaving_factor(std::int64_t pipeline_parallel, std::int64_t chunks);

/// Outside the layers: sbhL/t (p/L + [p=1] 4/L (1 + v/h)), exactly: embedding dropout, final norm,
/// head and fp32 loss (section 4.3).
Wide korthikanti_extra(const KorthikantiLayer& layer, std::int64_t pipeline_parallel,
                       std::int64_t vocab_size);

/// ZeRO's rule for a whole model without recomputation: 12 values of 2 bytes a layer, position and
/// unit of width (Rajbhandari et al. 2020, arXiv:1910.02054, section 3.2, footnote).
Wide zero_activation_bytes(std::int64_t num_layers, std::int64_t hidden_size, std::int64_t seq,
                           std::int64_t batch);

}  // namespace tally::formulas
