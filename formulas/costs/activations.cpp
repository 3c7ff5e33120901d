#include <formulas/costs/activations.h>

#include <algorithm>

namespace tally::formulas {
namespace {

/// Adds parts of one layer. A part is divided among the tensor-parallel devices by columns
/// (`inner`), or lies between the parallel regions, where only sequence parallelism divides it
/// (`outer`).
class LayerParts {
 public:
  LayerParts(std::int64_t batch, const ActivationOptions& options) : batch_(batch), o_(options) {}

  /// `values` are per sequence, at the width of activations.
  void outer(const std::string& id, const Wide& values, bool derived = false) {
    add(id, values * o_.value_bytes, o_.sequence_parallel, derived);
  }
  void inner(const std::string& id, const Wide& values, bool derived = false) {
    add(id, values * o_.value_bytes, true, derived);
  }
  void outer_mask(const std::string& id, const Wide& values, bool derived = false) {
    if (o_.dropout) add(id, values, o_.sequence_parallel, derived);
  }
  void inner_bytes(const std::string& id, const Wide& bytes, bool derived = false) {
    add(id, bytes, true, derived);
  }
  void outer_bytes(const std::string& id, const Wide& bytes, bool derived = false) {
    add(id, bytes, o_.sequence_parallel, derived);
  }
  const ActivationOptions& options() const { return o_; }
  std::vector<ActivationPart> take() { return std::move(parts_); }

 private:
  void add(const std::string& id, const Wide& bytes, bool divided, bool derived) {
    if (bytes == Wide(0)) return;
    const Wide all = bytes * batch_;
    parts_.push_back({id, divided ? ceil_div(all, o_.tensor_parallel) : all, derived});
  }

  std::int64_t batch_;
  const ActivationOptions& o_;
  std::vector<ActivationPart> parts_;
};

struct AttentionWidths {
  Wide query, key, value, output;  ///< of all heads
};

AttentionWidths widths_of(const AttentionSpec& a) {
  const Wide heads = a.num_heads;
  if (a.kind == AttentionKind::kLatent) {
    const Wide query = heads * (Wide(a.qk_nope_head_dim) + a.qk_rope_head_dim);
    return {query, query, heads * a.value_head_dim, heads * a.value_head_dim};
  }
  const Wide kv = a.num_key_value_heads;
  return {heads * a.head_dim, kv * a.head_dim, kv * a.value_head_dim, heads * a.value_head_dim};
}

/// Scores to weighted values: 2as^2b softmax output, as^2b dropout mask, 2as^2b dropout output
/// (section 4.1).
void add_attention_core(LayerParts& parts, const std::string& prefix, const AttentionSpec& a,
                        const Wide& queries, const Wide& keys) {
  const auto& o = parts.options();
  if (o.kernel == AttentionKernel::kFlash) {
    parts.inner_bytes(prefix + ".log_sum_exp", Wide(a.num_heads) * queries * 4, true);
    return;
  }
  if (o.recomputation == Recomputation::kSelective) return;
  const Wide scores = Wide(a.num_heads) * queries * keys;
  parts.inner(prefix + ".softmax", scores);
  if (o.dropout) {
    parts.inner_bytes(prefix + ".softmax_dropout_mask", scores);
    parts.inner(prefix + ".softmax_dropout", scores);
  }
}

void add_attention(LayerParts& parts, const std::string& prefix, const AttentionSpec& a,
                   std::int64_t hidden_size, const Wide& queries, const Wide& keys,
                   const Wide& projected_keys) {
  const AttentionWidths w = widths_of(a);
  const bool latent = a.kind == AttentionKind::kLatent;
  const bool grouped = !latent && a.num_key_value_heads != a.num_heads;
  const bool general = latent || grouped;
  if (latent) {  // inputs of the second projections and of the norms between the two
    parts.outer(prefix + ".latents", queries * 2 * (Wide(a.q_lora_rank) + a.kv_lora_rank), true);
  }
  if (a.qk_norm != QkNorm::kNone) {
    parts.inner(prefix + ".qk_norm_inputs", queries * w.query + projected_keys * w.key, true);
  }
  parts.inner(prefix + ".q", queries * w.query, general);
  parts.inner(prefix + ".k", projected_keys * w.key, general);
  parts.inner(prefix + ".v", projected_keys * w.value, general);
  if (parts.options().scaled_query_copy) {
    parts.inner(prefix + ".scaled_query_copy", queries * w.query, true);
  }
  add_attention_core(parts, prefix, a, queries, keys);
  parts.inner(prefix + ".projection_input", queries * w.output, general);
  parts.outer_mask(prefix + ".dropout_mask", queries * hidden_size);
}

void add_mlp(LayerParts& parts, const MlpSpec& mlp, std::int64_t hidden_size, const Wide& tokens) {
  const bool gated = mlp.kind == MlpKind::kGated;
  // Two matrices: input and output of the activation. Gated: gate, its activation, up, and their
  // product.
  const std::int64_t values = gated ? 4 : 2;
  if (mlp.num_experts == 0) {
    parts.inner("mlp.inner", tokens * mlp.intermediate_size * values, gated);
  } else {
    const Wide routed = tokens * mlp.num_experts_per_token;
    parts.outer_bytes("mlp.router_probabilities", tokens * mlp.num_experts * 4, true);
    parts.outer("mlp.expert_inputs", routed * hidden_size, true);
    parts.inner("mlp.experts_inner", routed * mlp.intermediate_size * values, true);
    parts.outer("mlp.expert_outputs", routed * hidden_size, true);
  }
  parts.inner("mlp.shared_inner", tokens * mlp.shared_intermediate_size * values, true);
  parts.outer_mask("mlp.dropout_mask", tokens * hidden_size);
}

/// Norms whose input is kept: before and behind each part.
std::int64_t count_norms(const LayerGroup& g) {
  return std::int64_t{g.attention_pre_norm} + g.attention_post_norm + g.cross_attention_norm +
         g.mlp_pre_norm + g.mlp_post_norm;
}

std::vector<ActivationPart> all_parts(const LayerGroup& group, std::int64_t hidden_size,
                                      std::int64_t batch, const StackTokens& tokens,
                                      const ActivationOptions& options) {
  LayerParts parts(batch, options);
  const Wide queries = tokens.queries;
  const Wide width = Wide(hidden_size) * queries;
  const std::int64_t norms = count_norms(group);
  parts.outer("norm.inputs", width * norms, norms != 2);
  if (options.norm_statistics) {
    parts.outer("norm.statistics", queries * 2 * norms, true);
  }
  parts.outer("attention.input", width);
  add_attention(parts, "attention", group.attention, hidden_size, queries, tokens.keys, queries);
  if (group.has_cross_attention) {
    parts.outer("cross_attention.input", width, true);
    add_attention(parts, "cross_attention", group.cross_attention, hidden_size, queries,
                  tokens.cross, tokens.cross);
  }
  // In a parallel block with one norm the MLP reads attention's input, which is kept once.
  if (!group.parallel_block || group.mlp_pre_norm) parts.outer("mlp.input", width);
  add_mlp(parts, group.mlp, hidden_size, queries);
  if (group.layer_scale) parts.outer("layer_scale.inputs", width * 2, true);
  return parts.take();
}

/// A product of sizes over t, rounded up.
Wide over_t(const Wide& bytes, const KorthikantiLayer& l) {
  return ceil_div(bytes, l.tensor_parallel);
}
Wide sbh(const KorthikantiLayer& l) { return Wide(l.seq) * l.micro_batch * l.hidden_size; }
Wide core(const KorthikantiLayer& l) {
  return Wide(5) * l.num_heads * l.seq * l.seq * l.micro_batch;
}

}  // namespace

std::vector<ActivationPart> layer_activations(const LayerGroup& group, std::int64_t hidden_size,
                                              std::int64_t batch, const StackTokens& tokens,
                                              const ActivationOptions& options) {
  if (options.recomputation == Recomputation::kFull) {
    // Whole on every tensor-parallel device: table 2 of the paper divides it neither by t nor by
    // positions.
    return {
        {"layer.input", Wide(batch) * tokens.queries * hidden_size * options.value_bytes, false}};
  }
  return all_parts(group, hidden_size, batch, tokens, options);
}

Wide recomputed_activations(const LayerGroup& group, std::int64_t hidden_size, std::int64_t batch,
                            const StackTokens& tokens, const ActivationOptions& options) {
  if (options.recomputation == Recomputation::kNone) return 0;
  ActivationOptions kept = options;
  kept.recomputation = Recomputation::kNone;
  const Wide all = total_bytes(all_parts(group, hidden_size, batch, tokens, kept));
  return all - total_bytes(layer_activations(group, hidden_size, batch, tokens, options));
}

Wide total_bytes(const std::vector<ActivationPart>& parts) {
  Wide sum;
  for (const auto& part : parts) sum += part.bytes;
  return sum;
}

Wide korthikanti_no_parallelism(const KorthikantiLayer& l) { return sbh(l) * 34 + core(l); }

Wide korthikanti_tensor_parallel(const KorthikantiLayer& l) {
  return sbh(l) * 10 + over_t(sbh(l) * 24 + core(l), l);
}

Wide korthikanti_tensor_sequence_parallel(const KorthikantiLayer& l) {
  return over_t(sbh(l) * 34 + core(l), l);
}

Wide korthikanti_tensor_parallel_selective(const KorthikantiLayer& l) {
  return sbh(l) * 10 + over_t(sbh(l) * 24, l);
}

Wide korthikanti_tensor_sequence_parallel_selective(const KorthikantiLayer& l) {
  return over_t(sbh(l) * 34, l);
}

Wide korthikanti_full_recomputation(const KorthikantiLayer& l) { return sbh(l) * 2; }

double interleaving_factor(std::int64_t pipeline_parallel, std::int64_t chunks) {
  if (pipeline_parallel < 2 || chunks < 2) return 1;
  const auto p = static_cast<double>(pipeline_parallel);
  return 1 + (p - 1) / (p * static_cast<double>(chunks));
}

Wide korthikanti_extra(const KorthikantiLayer& l, std::int64_t pipeline_parallel,
                       std::int64_t vocab_size) {
  const Wide sb = Wide(l.seq) * l.micro_batch;
  Wide bytes = sb * l.hidden_size * pipeline_parallel;
  if (pipeline_parallel == 1) bytes += sb * 4 * (Wide(l.hidden_size) + vocab_size);
  return over_t(bytes, l);
}

Wide zero_activation_bytes(std::int64_t num_layers, std::int64_t hidden_size, std::int64_t seq,
                           std::int64_t batch) {
  return Wide(24) * num_layers * hidden_size * seq * batch;
}

}  // namespace tally::formulas
