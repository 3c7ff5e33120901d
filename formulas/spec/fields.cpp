// The rows. Their order is that of the forward pass, as reports show it.
#include <formulas/spec/fields.h>

#include <type_traits>

namespace tally::formulas {
namespace {

const std::vector<std::string>& names_of(bool) {
  static const auto* const kNames = new std::vector<std::string>{"no", "yes"};
  return *kNames;
}
const std::vector<std::string>& names_of(NormKind) {
  static const auto* const kNames =
      new std::vector<std::string>{"none", "layer_norm", "layer_norm_no_bias", "rms_norm"};
  return *kNames;
}
const std::vector<std::string>& names_of(AttentionKind) {
  static const auto* const kNames = new std::vector<std::string>{"standard", "latent"};
  return *kNames;
}
const std::vector<std::string>& names_of(QkNorm) {
  static const auto* const kNames =
      new std::vector<std::string>{"none", "head_dim", "full", "per_head", "each_head"};
  return *kNames;
}
const std::vector<std::string>& names_of(PositionKind) {
  static const auto* const kNames =
      new std::vector<std::string>{"none", "learned", "rotary", "alibi", "relative"};
  return *kNames;
}
const std::vector<std::string>& names_of(MlpKind) {
  static const auto* const kNames = new std::vector<std::string>{"two_matrix", "gated"};
  return *kNames;
}
const std::vector<std::string>& names_of(HeadLayerKind) {
  static const auto* const kNames = new std::vector<std::string>{"linear", "norm", "vector"};
  return *kNames;
}
const std::vector<std::string>& names_of(std::int64_t) {
  static const auto* const kNone = new std::vector<std::string>;
  return *kNone;
}

template <class Owner, class Value>
Field<Owner> field(std::string_view name, Value Owner::*member) {
  Field<Owner> row;
  row.name = name;
  row.kind = std::is_same_v<Value, bool> ? SwitchKind::kFlag
             : std::is_enum_v<Value>     ? SwitchKind::kChoice
                                         : SwitchKind::kSize;
  row.value_names = &names_of(Value{});
  row.get = [member](const Owner& owner) { return static_cast<std::int64_t>(owner.*member); };
  row.set = [member](Owner& owner, std::int64_t value) {
    owner.*member = static_cast<Value>(value);
  };
  return row;
}

Bounds from(std::int64_t least) { return {least, kMaxSize}; }

template <class Owner>
Bounds needed(const Owner&) {
  return from(1);
}

std::string_view only_if(bool applies, std::string_view reason) {
  return applies ? std::string_view() : reason;
}

bool is_latent(const AttentionSpec& a) { return a.kind == AttentionKind::kLatent; }

std::string_view latent_only(const AttentionSpec& a) {
  return only_if(is_latent(a), "latent attention only");
}
std::string_view standard_only(const AttentionSpec& a) {
  return only_if(!is_latent(a), "latent attention has no projection of this kind");
}
std::string_view needs_direct_query(const AttentionSpec& a) {
  return only_if(!is_latent(a) || a.q_lora_rank == 0,
                 "queries come from a latent, whose projection has no bias");
}
std::string_view no_parameters(const AttentionSpec&) {
  return "changes memory and FLOPs, not parameters";
}

void sum_head_dim(AttentionSpec& a) {
  if (is_latent(a)) a.head_dim = a.qk_nope_head_dim + a.qk_rope_head_dim;
}
void same_value_head_dim(AttentionSpec& a) {
  if (!is_latent(a)) a.value_head_dim = a.head_dim;
}

bool is_mixture(const MlpSpec& m) { return m.num_experts > 0; }
bool has_shared(const MlpSpec& m) { return is_mixture(m) && m.shared_intermediate_size > 0; }

std::string_view mixture_only(const MlpSpec& m) { return only_if(is_mixture(m), "mixtures only"); }
std::string_view shared_only(const MlpSpec& m) {
  return only_if(has_shared(m), "there are no shared experts");
}

bool has_norms(const LayerGroup& g) {
  return g.attention_pre_norm || g.attention_post_norm || g.mlp_pre_norm || g.mlp_post_norm ||
         g.cross_attention_norm;
}

std::string_view needs_norm(const LayerGroup& g) {
  return only_if(g.norm != NormKind::kNone, "norm is none");
}

bool has_tokens(const EmbeddingSpec& e) { return e.vocab_size > 0 && !e.shares_token_table; }
bool has_positions(const EmbeddingSpec& e) { return e.positions == PositionKind::kLearned; }
bool has_conv(const EmbeddingSpec& e) { return e.conv_layer || e.num_mel_bins > 0; }

std::string_view needs_tokens(const EmbeddingSpec& e) {
  return only_if(has_tokens(e), "the stack has no token table");
}
std::string_view needs_positions(const EmbeddingSpec& e) {
  return only_if(has_positions(e), "no learned positions");
}
std::string_view needs_patches(const EmbeddingSpec& e) {
  return only_if(e.num_channels > 0, "no patch embedding");
}
Bounds of_positions(const EmbeddingSpec& e) { return from(has_positions(e) ? 1 : 0); }
Bounds of_patches(const EmbeddingSpec& e) { return from(e.num_channels > 0 ? 1 : 0); }

std::string_view needs_output(const OutputHead& o) { return only_if(o.present, "no output head"); }
Bounds of_output(const OutputHead& o) { return from(o.present ? 1 : 0); }

std::string_view needs_layer(const HeadLayer& l) {
  return only_if(l.present, "the layer is not present");
}
std::string_view needs_linear(const HeadLayer& l) {
  return only_if(l.present && l.kind == HeadLayerKind::kLinear, "linear layers only");
}

template <class Kind>
const std::string& name_of(Kind kind) {
  return names_of(kind)[static_cast<std::size_t>(kind)];
}

}  // namespace

const std::string& value_name(NormKind kind) { return name_of(kind); }
const std::string& value_name(QkNorm kind) { return name_of(kind); }
const std::string& value_name(MlpKind kind) { return name_of(kind); }
const std::string& value_name(AttentionKind kind) { return name_of(kind); }
const std::string& value_name(PositionKind kind) { return name_of(kind); }

const std::vector<Field<AttentionSpec>>& attention_fields() {
  using A = AttentionSpec;
  static const auto* const kRows = new std::vector<Field<A>>{
      field("kind", &A::kind),
      field("num_heads", &A::num_heads).within(needed<A>),
      field("num_key_value_heads", &A::num_key_value_heads)
          .within(needed<A>)
          .inert_where(standard_only),
      field("head_dim", &A::head_dim).within(needed<A>).then(same_value_head_dim),
      field("value_head_dim", &A::value_head_dim).within(needed<A>).with(Changes::kFollows),
      field("q_bias", &A::q_bias).inert_where(needs_direct_query),
      field("k_bias", &A::k_bias).inert_where(standard_only),
      field("v_bias", &A::v_bias).inert_where(standard_only),
      field("o_bias", &A::o_bias),
      field("qk_norm", &A::qk_norm).inert_where([](const A& a) {
        return only_if(a.qk_norm_kind != NormKind::kNone, "qk_norm_kind is none");
      }),
      field("qk_norm_kind", &A::qk_norm_kind).inert_where([](const A& a) {
        return only_if(a.qk_norm != QkNorm::kNone, "there is no query-key norm");
      }),
      field("sinks", &A::sinks),
      field("relative_buckets", &A::relative_buckets),
      field("xl_relative", &A::xl_relative),
      field("position_key_proj", &A::position_key_proj),
      field("position_query_proj", &A::position_query_proj),
      field("fused_qkv", &A::fused_qkv).with(Changes::kStorage).inert_where([](const A& a) {
        return only_if(!is_latent(a) || a.q_lora_rank == 0, "there is no projection to fuse");
      }),
      field("transposed", &A::transposed).with(Changes::kStorage),
      field("q_lora_rank", &A::q_lora_rank).inert_where(latent_only),
      field("kv_lora_rank", &A::kv_lora_rank)
          .within([](const A& a) { return from(is_latent(a) ? 1 : 0); })
          .inert_where(latent_only),
      field("qk_nope_head_dim", &A::qk_nope_head_dim).inert_where(latent_only).then(sum_head_dim),
      field("qk_rope_head_dim", &A::qk_rope_head_dim).inert_where(latent_only).then(sum_head_dim),
      field("latent_bias", &A::latent_bias).inert_where(latent_only),
      field("sliding_window", &A::sliding_window).with(Changes::kUse).inert_where(no_parameters),
      field("num_windowed_layers", &A::num_windowed_layers)
          .with(Changes::kUse)
          .inert_where(no_parameters),
  };
  return *kRows;
}

const std::vector<Field<MlpSpec>>& mlp_fields() {
  using M = MlpSpec;
  static const auto* const kRows = new std::vector<Field<M>>{
      field("kind", &M::kind),
      field("intermediate_size", &M::intermediate_size).within(needed<M>),
      field("up_bias", &M::up_bias),
      field("down_bias", &M::down_bias),
      field("num_experts", &M::num_experts)
          .within([](const M&) {
            return Bounds{0, kMaxLayers};
          })
          .then([](M& m) {
            if (m.num_experts > 0 && m.num_experts_per_token == 0) m.num_experts_per_token = 1;
          }),
      field("num_experts_per_token", &M::num_experts_per_token)
          .with(Changes::kUse)
          .within([](const M& m) {
            return is_mixture(m) ? Bounds{1, m.num_experts} : from(0);
          })
          .inert_where(mixture_only),
      field("router_bias", &M::router_bias).inert_where(mixture_only),
      field("shared_intermediate_size", &M::shared_intermediate_size).inert_where(mixture_only),
      field("shared_bias", &M::shared_bias).inert_where(shared_only),
      field("shared_gate", &M::shared_gate).inert_where(shared_only),
      field("fused_gate_up", &M::fused_gate_up).with(Changes::kStorage).inert_where([](const M& m) {
        return only_if(!is_mixture(m) && m.kind == MlpKind::kGated, "a dense gated MLP only");
      }),
      field("stacked_experts", &M::stacked_experts)
          .with(Changes::kStorage)
          .inert_where(mixture_only),
      field("transposed", &M::transposed).with(Changes::kStorage),
  };
  return *kRows;
}

const std::vector<Field<LayerGroup>>& group_fields() {
  using G = LayerGroup;
  static const auto* const kRows = new std::vector<Field<G>>{
      field("num_applied", &G::num_applied)
          .with(Changes::kUse)
          .within([](const G& g) { return from(g.num_layers()); })
          .inert_where(
              [](const G&) -> std::string_view { return "changes FLOPs, not parameters"; }),
      field("has_cross_attention", &G::has_cross_attention).then([](G& g) {
        if (!g.has_cross_attention || g.cross_attention.num_heads > 0) return;
        g.cross_attention = g.attention;
        g.cross_attention.relative_buckets = 0;
      }),
      field("norm", &G::norm).inert_where([](const G& g) {
        return only_if(has_norms(g), "the layers have no norm");
      }),
      field("attention_pre_norm", &G::attention_pre_norm).inert_where(needs_norm),
      field("attention_post_norm", &G::attention_post_norm).inert_where(needs_norm),
      field("cross_attention_norm", &G::cross_attention_norm).inert_where(needs_norm),
      field("mlp_pre_norm", &G::mlp_pre_norm).inert_where(needs_norm),
      field("mlp_post_norm", &G::mlp_post_norm).inert_where(needs_norm),
      field("layer_scale", &G::layer_scale),
      field("parallel_block", &G::parallel_block)
          .with(Changes::kUse)
          .inert_where([](const G&) -> std::string_view {
            return "says what reads what; its norms are switches of their own";
          }),
  };
  return *kRows;
}

const std::vector<Field<EmbeddingSpec>>& embedding_fields() {
  using E = EmbeddingSpec;
  static const auto* const kRows = new std::vector<Field<E>>{
      field("vocab_size", &E::vocab_size).inert_where([](const E& e) {
        return only_if(!e.shares_token_table, "the token table is another stack's");
      }),
      field("embedding_size", &E::embedding_size)
          .within([](const E& e) { return from(e.vocab_size > 0 ? 1 : 0); })
          .inert_where([](const E& e) {
            return only_if(has_tokens(e) || e.type_rows > 0 || e.project_in || e.project_out,
                           "nothing has this width");
          }),
      field("shares_token_table", &E::shares_token_table).inert_where([](const E& e) {
        return only_if(e.vocab_size > 0, "the stack reads no tokens");
      }),
      field("token_tables", &E::token_tables)
          .within([](const E&) {
            return Bounds{1, 16};
          })
          .inert_where(needs_tokens),
      field("token_table_aliases", &E::token_table_aliases)
          .with(Changes::kNames)
          .within([](const E&) {
            return Bounds{0, 16};
          })
          .inert_where(needs_tokens),
      field("positions", &E::positions).inert_where([](const E& e) {
        return only_if(e.position_rows > 0, "position_rows is 0: only a table has parameters");
      }),
      field("position_rows", &E::position_rows).within(of_positions).inert_where(needs_positions),
      field("position_width", &E::position_width).within(of_positions).inert_where(needs_positions),
      field("type_rows", &E::type_rows),
      field("norm", &E::norm).then([](E& e) {
        if (e.norm_width == 0) e.norm_width = e.embedding_size;
      }),
      field("norm_width", &E::norm_width)
          .within([](const E& e) { return from(e.norm != NormKind::kNone ? 1 : 0); })
          .inert_where(
              [](const E& e) { return only_if(e.norm != NormKind::kNone, "no embedding norm"); }),
      field("project_in", &E::project_in),
      field("project_in_bias", &E::project_in_bias).inert_where([](const E& e) {
        return only_if(e.project_in, "no projection");
      }),
      field("project_out", &E::project_out),
      field("relative_rows", &E::relative_rows),
      field("relative_norm", &E::relative_norm),
      field("class_token", &E::class_token),
      field("mask_token", &E::mask_token),
      field("num_channels", &E::num_channels),
      field("patch_height", &E::patch_height).within(of_patches).inert_where(needs_patches),
      field("patch_width", &E::patch_width).within(of_patches).inert_where(needs_patches),
      field("patch_bias", &E::patch_bias).inert_where(needs_patches),
      field("num_mel_bins", &E::num_mel_bins),
      field("conv_kernel", &E::conv_kernel)
          .within([](const E& e) { return from(has_conv(e) ? 1 : 0); })
          .inert_where([](const E& e) { return only_if(has_conv(e), "no convolution"); }),
      field("conv_layer", &E::conv_layer),
      field("conv_groups", &E::conv_groups)
          .within([](const E& e) { return from(e.conv_layer ? 1 : 0); })
          .inert_where([](const E& e) { return only_if(e.conv_layer, "no convolution"); }),
  };
  return *kRows;
}

const std::vector<Field<StackSpec>>& stack_fields() {
  using S = StackSpec;
  static const auto* const kRows = new std::vector<Field<S>>{
      field("hidden_size", &S::hidden_size).within(needed<S>),
      field("final_norm", &S::final_norm),
      field("causal", &S::causal).with(Changes::kUse).inert_where([](const S&) -> std::string_view {
        return "changes what attends to what, not parameters";
      }),
      field("max_positions", &S::max_positions)
          .with(Changes::kUse)
          .inert_where(
              [](const S&) -> std::string_view { return "a limit; position_rows is the table"; }),
  };
  return *kRows;
}

const std::vector<Field<OutputHead>>& output_fields() {
  using O = OutputHead;
  static const auto* const kRows = new std::vector<Field<O>>{
      field("present", &O::present),
      field("tied", &O::tied).inert_where(needs_output),
      field("bias", &O::bias).inert_where(needs_output),
      field("second_bias", &O::second_bias).with(Changes::kNames).inert_where([](const O& o) {
        return only_if(o.present && o.bias, "no bias to register twice");
      }),
      field("vocab_size", &O::vocab_size).within(of_output).inert_where(needs_output),
      field("width", &O::width).within(of_output).inert_where(needs_output),
  };
  return *kRows;
}

const std::vector<Field<HeadLayer>>& head_layer_fields() {
  using H = HeadLayer;
  static const auto* const kRows = new std::vector<Field<H>>{
      field("present", &H::present).inert_where([](const H& l) {
        return only_if(l.kind != HeadLayerKind::kNorm || l.norm != NormKind::kNone,
                       "a norm without parameters");
      }),
      field("kind", &H::kind).inert_where(needs_layer),
      field("in", &H::in).within(needed<H>).inert_where([](const H& l) {
        return only_if(l.present && (l.kind != HeadLayerKind::kNorm || l.norm != NormKind::kNone),
                       "nothing has this width");
      }),
      field("out", &H::out)
          .within([](const H& l) { return from(l.kind == HeadLayerKind::kLinear ? 1 : 0); })
          .inert_where(needs_linear),
      field("bias", &H::bias).inert_where(needs_linear),
      field("norm", &H::norm).inert_where([](const H& l) {
        return only_if(l.present && l.kind == HeadLayerKind::kNorm, "norms only");
      }),
  };
  return *kRows;
}

}  // namespace tally::formulas
