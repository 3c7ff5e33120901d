#include <formulas/costs/kv_cache.h>

#include <algorithm>
#include <string>

namespace tally::formulas {
namespace {

/// Elements that one layer keeps of one token, on one device.
Wide elements_per_token(const AttentionSpec& a, std::int64_t tensor_parallel) {
  if (a.kind == AttentionKind::kLatent) return Wide(a.kv_lora_rank) + a.qk_rope_head_dim;
  return ceil_div(a.num_key_value_heads, tensor_parallel) * (Wide(a.head_dim) + a.value_head_dim);
}

}  // namespace

Result<KvCache> kv_cache(const TransformerSpec& spec, std::int64_t tokens,
                         std::int64_t encoder_tokens, std::int64_t tensor_parallel) {
  if (tokens < 0 || encoder_tokens < 0) {
    return Error{
        ErrorCode::kUsage,
        "tokens must not be negative, and are " + std::to_string(std::min(tokens, encoder_tokens)),
        ""};
  }
  if (tensor_parallel < 1) {
    return Error{ErrorCode::kUsage,
                 "tensor_parallel must be positive, and is " + std::to_string(tensor_parallel), ""};
  }
  KvCache cache;
  for (const auto& stack : spec.stacks) {
    if (!stack.causal) continue;
    for (const auto& group : stack.groups) {
      const auto& a = group.attention;
      const Wide each = elements_per_token(a, tensor_parallel);
      const Wide applied = group.num_applied;
      const Wide windowed = a.sliding_window > 0 ? Wide(a.num_windowed_layers) : Wide(0);
      cache.elements_per_token += applied * each;
      cache.elements += (applied - windowed) * each * tokens;
      cache.elements += windowed * each * std::min(tokens, a.sliding_window);
      if (group.has_cross_attention) {
        cache.elements +=
            applied * elements_per_token(group.cross_attention, tensor_parallel) * encoder_tokens;
      }
    }
  }
  return cache;
}

}  // namespace tally::formulas
