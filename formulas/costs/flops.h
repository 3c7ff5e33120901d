// FLOPs of one pass through a specification, matmul by matmul: what PyTorch's own counter counts,
// to the unit.
//
// Source: the convention is torch.utils.flop_counter's: 2 FLOPs a multiply-add, for matrix products
// and convolutions only; bias additions, softmax, norms, activations and look-ups count nothing.
// Attention counts in full: neither a causal mask nor a sliding window halves anything. Counts are
// 128 bits wide; forward passes of today's models fit 64, trainings do not. Published estimates
// that need no specification are in flop_estimates.h.
#pragma once

#include <base/result.h>
#include <base/wide.h>
#include <formulas/spec/spec.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tally::formulas {

/// What goes through the model. Zero means: the specification's own.
struct PassShape {
  std::int64_t batch = 1;  ///< sequences at once
  std::int64_t seq =
      0;  ///< tokens of the text stack (decoder, where there are two); 0: max_positions
  std::int64_t encoder_seq =
      0;  ///< of a text or audio encoder with a decoder; 0: seq, or the audio stem's own length
  std::int64_t past_tokens =
      0;  ///< already in the KV cache: `seq` new tokens attend to these as well
  bool last_logits_only = false;  ///< the head sees one position a sequence, as in generation
};

/// Tokens that each stack of a specification sees, by PassShape's rules; patches and class tokens
/// included.
struct StackTokens {
  std::int64_t queries = 0;  ///< positions computed
  std::int64_t keys = 0;     ///< positions attended to: queries and past
  std::int64_t cross = 0;    ///< positions of the encoder that cross attention sees; 0: none
};

/// The longest sequence that a stack's table of learned positions holds; nothing where it has no
/// such table of text.
std::optional<std::int64_t> longest_text(const StackSpec& stack);

/// The tokens of each stack, in the specification's order. Errors: kUsage, which names `batch`,
/// `seq`, `encoder_seq` or `past_tokens`: a batch below 1, another one below 0, any past 2^40, a
/// sequence longer than longest_text, none where the specification names no longest one.
Result<std::vector<StackTokens>> stack_tokens(const TransformerSpec& spec, const PassShape& shape);

/// Where a product stands, as far as recomputation asks.
enum class FlopKind {
  kProjection,     ///< inside a layer, with weights
  kAttentionCore,  ///< scores and weighted values: what selective recomputation repeats
  kOutside,        ///< stems, embeddings' projections, heads
};

/// One kind of product in one stack.
struct FlopPart {
  std::string id;                         ///< "decoder.attention.q", "encoder.mlp", "head.output"
  FlopKind kind = FlopKind::kProjection;  ///< where it stands
  Int128 forward_flops = 0;               ///< of the whole batch
  Int128 backward_flops = 0;  ///< twice forward, or once where the input needs no gradient
};

/// FLOPs of one pass through a model, forward and backward.
struct FlopCount {
  std::vector<FlopPart>
      parts;                  ///< in the order of the forward pass; parts of equal id are one part
  Int128 forward_flops = 0;   ///< sum of the parts
  Int128 backward_flops = 0;  ///< sum of the parts
  Int128 layer_forward_flops = 0;           ///< of forward: inside layers
  Int128 attention_core_forward_flops = 0;  ///< of forward: scores and weighted values
};

/// Exact FLOPs of one pass. Errors: kUsage, those of stack_tokens, and counts past 2^127.
Result<FlopCount> pass_flops(const TransformerSpec& spec, const PassShape& shape);

/// FLOPs of a convolution's forward pass: 2 · batch · outputs · out_channels · in_channels/groups ·
/// kernel elements.
Wide convolution_flops(std::int64_t batch, std::int64_t in_channels, std::int64_t out_channels,
                       std::int64_t kernel_elements, std::int64_t output_positions,
                       std::int64_t groups = 1);

/// FLOPs of the two products of attention: 2 · batch · heads · queries · keys · (head_dim +
/// value_head_dim).
Wide attention_core_flops(std::int64_t batch, std::int64_t heads, std::int64_t queries,
                          std::int64_t keys, std::int64_t head_dim, std::int64_t value_head_dim);

/// What is computed again in the backward pass because its activations were not kept (Korthikanti
/// et al. 2022).
enum class Recomputation {
  kNone,
  kSelective,  ///< the core of attention: scores, softmax, dropout, weighted values (section 5)
  kFull,       ///< every layer, from its input
};

/// Forward + backward: "model FLOPs".
Int128 model_step_flops(const FlopCount& count);
/// Model FLOPs and what `recomputation` repeats: "hardware FLOPs" (Korthikanti et al. 2022,
/// appendix A).
Int128 hardware_step_flops(const FlopCount& count, Recomputation recomputation);

}  // namespace tally::formulas
