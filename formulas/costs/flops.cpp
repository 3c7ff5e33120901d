#include <formulas/costs/flops.h>
#include <formulas/terms/terms.h>

#include <algorithm>
#include <utility>

namespace tally::formulas {
namespace {

/// Collects parts; equal ids add up.
class Collector {
 public:
  /// `backward_passes`: 2, or 1 where the input needs no gradient.
  void add(std::string id, FlopKind kind, const Wide& forward, int backward_passes = 2) {
    if (forward == Wide(0)) return;
    fits_ = fits_ && forward.fits();
    const Wide backward = forward * backward_passes;
    forward_ += forward;
    backward_ += backward;
    if (kind != FlopKind::kOutside) layer_ += forward;
    if (kind == FlopKind::kAttentionCore) core_ += forward;
    const auto same = std::find_if(parts_.begin(), parts_.end(),
                                   [&](const FlopPart& part) { return part.id == id; });
    if (same != parts_.end()) {
      same->forward_flops = (Wide::of(same->forward_flops) + forward).value();
      same->backward_flops = (Wide::of(same->backward_flops) + backward).value();
      return;
    }
    parts_.push_back({std::move(id), kind, forward.value(), backward.value()});
  }

  Result<FlopCount> finish() && {
    if (!forward_.fits() || !(forward_ + backward_ + layer_).fits()) {
      return Error{ErrorCode::kUsage, "batch and seq give more than 2^127 FLOPs",
                   "give a smaller batch or sequence"};
    }
    FlopCount count;
    count.parts = std::move(parts_);
    count.forward_flops = forward_.value();
    count.backward_flops = backward_.value();
    count.layer_forward_flops = layer_.value();
    count.attention_core_forward_flops = core_.value();
    return count;
  }

 private:
  std::vector<FlopPart> parts_;
  Wide forward_, backward_, layer_, core_;
  bool fits_ = true;
};

/// x · W for `rows` vectors.
Wide linear(const Wide& rows, const Wide& in, const Wide& out) { return Wide(2) * rows * in * out; }

/// Self attention (states == queries' own stack) or cross attention.
struct AttentionPass {
  std::string prefix;
  std::int64_t applied = 0;  ///< layers
  std::int64_t batch = 0;
  std::int64_t hidden_size = 0;
  std::int64_t queries = 0;
  std::int64_t projected_keys = 0;  ///< positions whose k and v are computed in this pass
  std::int64_t keys = 0;            ///< positions attended to
  std::int64_t relative_rows = 0;   ///< DeBERTa
};

void add_standard_projections(Collector& out, const AttentionSpec& a, const AttentionPass& p) {
  const Wide rows = Wide(p.applied) * p.batch * p.queries;
  const Wide key_rows = Wide(p.applied) * p.batch * p.projected_keys;
  const auto kind = FlopKind::kProjection;
  out.add(p.prefix + ".q", kind, linear(rows, p.hidden_size, Wide(a.num_heads) * a.head_dim));
  out.add(p.prefix + ".k", kind,
          linear(key_rows, p.hidden_size, Wide(a.num_key_value_heads) * a.head_dim));
  out.add(p.prefix + ".v", kind,
          linear(key_rows, p.hidden_size, Wide(a.num_key_value_heads) * a.value_head_dim));
}

void add_latent_projections(Collector& out, const AttentionSpec& a, const AttentionPass& p) {
  const Wide rows = Wide(p.applied) * p.batch * p.queries;
  const Wide q_out = Wide(a.num_heads) * (Wide(a.qk_nope_head_dim) + a.qk_rope_head_dim);
  const auto kind = FlopKind::kProjection;
  if (a.q_lora_rank > 0) {
    out.add(p.prefix + ".q_a", kind, linear(rows, p.hidden_size, a.q_lora_rank));
    out.add(p.prefix + ".q_b", kind, linear(rows, a.q_lora_rank, q_out));
  } else {
    out.add(p.prefix + ".q", kind, linear(rows, p.hidden_size, q_out));
  }
  out.add(p.prefix + ".kv_a", kind,
          linear(rows, p.hidden_size, Wide(a.kv_lora_rank) + a.qk_rope_head_dim));
  out.add(p.prefix + ".kv_b", kind,
          linear(rows, a.kv_lora_rank,
                 Wide(a.num_heads) * (Wide(a.qk_nope_head_dim) + a.value_head_dim)));
}

/// XLNet: the projection of 2S relative positions (whose input is a constant), their product with
/// the queries, and the two segments, given token types (whose comparison is a constant).
void add_xl_terms(Collector& out, const AttentionSpec& a, const AttentionPass& p) {
  const Wide width = Wide(a.num_heads) * a.head_dim;
  const Wide positions = Wide(p.queries) + p.keys;
  const Wide rows = Wide(p.applied) * p.batch * p.queries;
  constexpr std::int64_t kSegments = 2;
  const auto core = FlopKind::kAttentionCore;
  out.add(p.prefix + ".r", FlopKind::kProjection,
          linear(Wide(p.applied) * p.batch * positions, p.hidden_size, width), 1);
  out.add(p.prefix + ".relative_scores", core, linear(rows, width, positions));
  out.add(p.prefix + ".segment_queries", core, linear(rows, width, kSegments));
  out.add(p.prefix + ".segment_scores", core, linear(rows * a.num_heads, p.keys, kSegments), 1);
}

/// DeBERTa: the table of relative positions goes through the key and query projections of every
/// layer, once for the whole batch, and meets the content's queries and keys (He et al. 2021,
/// arXiv:2006.03654, eq. 4: c2p and p2c).
void add_disentangled_terms(Collector& out, const AttentionSpec& a, const AttentionPass& p) {
  const Wide width = Wide(a.num_heads) * a.head_dim;
  out.add(p.prefix + ".position_projections", FlopKind::kProjection,
          Wide(2) * linear(Wide(p.applied) * p.relative_rows, p.hidden_size, width));
  out.add(p.prefix + ".position_scores", FlopKind::kAttentionCore,
          linear(Wide(p.applied) * p.batch * (Wide(p.queries) + p.keys), width, p.relative_rows));
}

void add_attention(Collector& out, const AttentionSpec& a, const AttentionPass& p) {
  const bool latent = a.kind == AttentionKind::kLatent;
  if (latent) {
    add_latent_projections(out, a, p);
  } else {
    add_standard_projections(out, a, p);
  }
  const std::int64_t head_dim =
      latent ? (Wide(a.qk_nope_head_dim) + a.qk_rope_head_dim).to_int64().value_or(0) : a.head_dim;
  out.add(
      p.prefix + ".scores", FlopKind::kAttentionCore,
      Wide(p.applied) * attention_core_flops(p.batch, a.num_heads, p.queries, p.keys, head_dim, 0));
  if (a.xl_relative) add_xl_terms(out, a, p);
  if (p.relative_rows > 0) add_disentangled_terms(out, a, p);
  out.add(p.prefix + ".values", FlopKind::kAttentionCore,
          Wide(p.applied) *
              attention_core_flops(p.batch, a.num_heads, p.queries, p.keys, 0, a.value_head_dim));
  out.add(p.prefix + ".o", FlopKind::kProjection,
          linear(Wide(p.applied) * p.batch * p.queries, Wide(a.num_heads) * a.value_head_dim,
                 p.hidden_size));
}

void add_mlp(Collector& out, const std::string& prefix, const MlpSpec& mlp,
             std::int64_t hidden_size, const Wide& rows) {
  const std::int64_t matrices = mlp.kind == MlpKind::kGated ? 3 : 2;
  const auto kind = FlopKind::kProjection;
  if (mlp.num_experts == 0) {
    out.add(prefix + ".mlp", kind, linear(rows, hidden_size, mlp.intermediate_size) * matrices);
  } else {
    out.add(prefix + ".mlp.router", kind, linear(rows, hidden_size, mlp.num_experts));
    out.add(
        prefix + ".mlp.experts", kind,
        linear(rows * mlp.num_experts_per_token, hidden_size, mlp.intermediate_size) * matrices);
  }
  out.add(prefix + ".mlp.shared", kind,
          linear(rows, hidden_size, mlp.shared_intermediate_size) * matrices);
  if (mlp.shared_gate) out.add(prefix + ".mlp.shared_gate", kind, linear(rows, hidden_size, 1));
}

void add_stem(Collector& out, const StackSpec& stack, std::int64_t batch,
              const StackTokens& tokens) {
  const auto& e = stack.embedding;
  const auto kind = FlopKind::kOutside;
  if (e.num_channels > 0) {
    const std::int64_t patches = tokens.queries - (e.class_token ? 1 : 0);
    out.add(stack.name + ".embedding.patch", kind,
            convolution_flops(batch, e.num_channels, stack.hidden_size,
                              e.patch_height * e.patch_width, patches),
            1);
  }
  if (e.num_mel_bins > 0) {  // the second convolution has stride 2 (Whisper)
    out.add(stack.name + ".embedding.conv1", kind,
            convolution_flops(batch, e.num_mel_bins, stack.hidden_size, e.conv_kernel,
                              2 * tokens.queries),
            1);
    out.add(stack.name + ".embedding.conv2", kind,
            convolution_flops(batch, stack.hidden_size, stack.hidden_size, e.conv_kernel,
                              tokens.queries));
  }
  if (e.conv_layer) {
    out.add(stack.name + ".embedding.conv", kind,
            convolution_flops(batch, stack.hidden_size, stack.hidden_size, e.conv_kernel,
                              tokens.queries, e.conv_groups));
  }
  const Wide rows = Wide(batch) * tokens.queries;
  if (e.project_in) {
    out.add(stack.name + ".embedding.project_in", kind,
            linear(rows, e.embedding_size, stack.hidden_size));
  }
}

void add_stack(Collector& out, const StackSpec& stack, std::int64_t batch,
               const StackTokens& tokens) {
  add_stem(out, stack, batch, tokens);
  for (const auto& group : stack.groups) {
    AttentionPass pass{stack.name + ".attention",
                       group.num_applied,
                       batch,
                       stack.hidden_size,
                       tokens.queries,
                       tokens.queries,
                       tokens.keys,
                       stack.embedding.relative_rows};
    add_attention(out, group.attention, pass);
    if (group.has_cross_attention) {
      pass.prefix = stack.name + ".cross_attention";
      pass.projected_keys = tokens.cross;
      pass.keys = tokens.cross;
      pass.relative_rows = 0;
      add_attention(out, group.cross_attention, pass);
    }
    add_mlp(out, stack.name, group.mlp, stack.hidden_size,
            Wide(group.num_applied) * batch * tokens.queries);
  }
  if (stack.embedding.project_out) {
    out.add(
        stack.name + ".embedding.project_out", FlopKind::kOutside,
        linear(Wide(batch) * tokens.queries, stack.hidden_size, stack.embedding.embedding_size));
  }
}

void add_heads(Collector& out, const TransformerSpec& spec, const PassShape& shape,
               const StackTokens& last) {
  const auto kind = FlopKind::kOutside;
  const Wide sequences = shape.batch;
  const Wide positions = sequences * last.queries;
  int projections = 0;
  std::int64_t projection_width = 0;
  for (const auto& layer : spec.head_layers) {
    if (layer.kind != HeadLayerKind::kLinear) continue;
    const auto info = head_layer_info(layer.id);
    out.add("head." + layer.id, kind,
            linear(info.every_position ? positions : sequences, layer.in, layer.out));
    if (info.projection) {
      ++projections;
      projection_width = layer.out;
    }
  }
  if (projections == 2) {  // two towers: every text against every image
    out.add("head.similarity", kind, linear(sequences, projection_width, sequences));
  }
  if (spec.output.present) {
    out.add("head.output", kind,
            linear(shape.last_logits_only ? sequences : positions, spec.output.width,
                   spec.output.vocab_size));
  }
}

Error bad_shape(const std::string& field, std::int64_t value, const std::string& expected) {
  return {ErrorCode::kUsage, field + " must be " + expected + ", and is " + std::to_string(value),
          ""};
}

}  // namespace

Wide convolution_flops(std::int64_t batch, std::int64_t in_channels, std::int64_t out_channels,
                       std::int64_t kernel_elements, std::int64_t output_positions,
                       std::int64_t groups) {
  return Wide(2) * batch * output_positions * out_channels * (Wide(in_channels) / groups) *
         kernel_elements;
}

Wide attention_core_flops(std::int64_t batch, std::int64_t heads, std::int64_t queries,
                          std::int64_t keys, std::int64_t head_dim, std::int64_t value_head_dim) {
  return Wide(2) * batch * heads * queries * keys * (Wide(head_dim) + value_head_dim);
}

std::optional<std::int64_t> longest_text(const StackSpec& stack) {
  const auto& e = stack.embedding;
  const bool text = e.num_channels == 0 && e.num_mel_bins == 0;
  if (!text || e.positions != PositionKind::kLearned || stack.max_positions < 1)
    return std::nullopt;
  return stack.max_positions;
}

Result<std::vector<StackTokens>> stack_tokens(const TransformerSpec& spec, const PassShape& shape) {
  // Positions that a size can name without products of three of them leaving 128 bits.
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  const std::pair<const char*, std::int64_t> fields[] = {
      {"seq", shape.seq}, {"encoder_seq", shape.encoder_seq}, {"past_tokens", shape.past_tokens}};
  if (shape.batch < 1) return bad_shape("batch", shape.batch, "positive");
  if (shape.batch > kMost) return bad_shape("batch", shape.batch, "at most 2^40");
  for (const auto& [field, value] : fields) {
    if (value < 0) return bad_shape(field, value, "zero or positive");
    if (value > kMost) return bad_shape(field, value, "at most 2^40");
  }
  std::vector<StackTokens> tokens;
  for (const auto& stack : spec.stacks) {
    const bool sole = spec.stacks.size() == 1;
    const bool decodes = sole || stack.causal;
    const auto& e = stack.embedding;
    std::int64_t queries = 0;
    if (e.num_channels > 0) {
      queries = sole && shape.seq > 0 ? shape.seq : e.position_rows;
    } else if (e.num_mel_bins > 0) {
      queries = shape.encoder_seq > 0 ? shape.encoder_seq : e.position_rows;
    } else if (!decodes && stack.name == "encoder" && shape.encoder_seq > 0) {
      queries = shape.encoder_seq;
    } else {
      queries = shape.seq > 0 ? shape.seq : stack.max_positions;
    }
    if (queries < 1) {
      return Error{ErrorCode::kUsage, "seq is needed: the configuration names no longest sequence",
                   "give --seq"};
    }
    const std::int64_t past = decodes ? shape.past_tokens : 0;
    if (const auto limit = longest_text(stack); limit && queries + past > *limit) {
      return bad_shape("seq", queries + past,
                       "at most the " + std::to_string(*limit) + " positions that the model has");
    }
    if (e.num_channels > 0 && e.class_token && queries < 2) {
      return bad_shape("seq", queries, "at least 2 for a class token and one patch");
    }
    StackTokens stack_tokens{queries, queries, 0};
    stack_tokens.keys += past;
    for (const auto& group : stack.groups) {
      if (group.has_cross_attention && !tokens.empty()) stack_tokens.cross = tokens.back().queries;
    }
    tokens.push_back(stack_tokens);
  }
  return tokens;
}

Result<FlopCount> pass_flops(const TransformerSpec& spec, const PassShape& shape) {
  const auto tokens = stack_tokens(spec, shape);
  if (!tokens) return tokens.error();
  Collector out;
  for (std::size_t i = 0; i < spec.stacks.size(); ++i) {
    add_stack(out, spec.stacks[i], shape.batch, (*tokens)[i]);
  }
  if (!tokens->empty()) add_heads(out, spec, shape, tokens->back());
  return std::move(out).finish();
}

Int128 model_step_flops(const FlopCount& count) {
  return count.forward_flops + count.backward_flops;
}

Int128 hardware_step_flops(const FlopCount& count, Recomputation recomputation) {
  switch (recomputation) {
    case Recomputation::kNone:
      return model_step_flops(count);
    case Recomputation::kSelective:
      return model_step_flops(count) + count.attention_core_forward_flops;
    case Recomputation::kFull:
      return model_step_flops(count) + count.layer_forward_flops;
  }
  return model_step_flops(count);
}

}  // namespace tally::formulas
