#include <formulas/families/hf_families.h>
#include <formulas/spec/switches.h>

#include <algorithm>
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

/// One field of a struct of the specification.
template <class Owner>
struct Field {
  std::string_view name;
  SwitchKind kind;
  const std::vector<std::string>* value_names;
  std::function<std::int64_t(const Owner&)> get;
  std::function<void(Owner&, std::int64_t)> set;
  /// Why a change alone changes no term; "" where it does.
  std::string_view (*inert)(const Owner&);
};

template <class Owner>
std::string_view never_inert(const Owner&) {
  return "";
}

template <class Owner, class Value>
Field<Owner> field(std::string_view name, Value Owner::*member,
                   std::string_view (*inert)(const Owner&) = never_inert<Owner>) {
  constexpr auto kKind = std::is_same_v<Value, bool> ? SwitchKind::kFlag
                         : std::is_enum_v<Value>     ? SwitchKind::kChoice
                                                     : SwitchKind::kSize;
  return {name,
          kKind,
          &names_of(Value{}),
          [member](const Owner& owner) { return static_cast<std::int64_t>(owner.*member); },
          [member](Owner& owner, std::int64_t value) { owner.*member = static_cast<Value>(value); },
          inert};
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

/// `base`, with `companion` run after each change: what must follow for the result to be possible.
template <class Owner>
Field<Owner> with_companion(Field<Owner> base, void (*companion)(Owner&)) {
  base.set = [set = std::move(base.set), companion](Owner& owner, std::int64_t value) {
    set(owner, value);
    companion(owner);
  };
  return base;
}

void sum_head_dim(AttentionSpec& a) {
  if (is_latent(a)) a.head_dim = a.qk_nope_head_dim + a.qk_rope_head_dim;
}

std::vector<Field<AttentionSpec>> attention_fields() {
  using A = AttentionSpec;
  return {
      field("kind", &A::kind),
      field("num_heads", &A::num_heads),
      field("num_key_value_heads", &A::num_key_value_heads, standard_only),
      field("head_dim", &A::head_dim),
      field("value_head_dim", &A::value_head_dim),
      field("q_bias", &A::q_bias, needs_direct_query),
      field("k_bias", &A::k_bias, standard_only),
      field("v_bias", &A::v_bias, standard_only),
      field("o_bias", &A::o_bias),
      field(
          "qk_norm", &A::qk_norm,
          +[](const A& a) {
            return only_if(a.qk_norm_kind != NormKind::kNone, "qk_norm_kind is none");
          }),
      field(
          "qk_norm_kind", &A::qk_norm_kind,
          +[](const A& a) {
            return only_if(a.qk_norm != QkNorm::kNone, "there is no query-key norm");
          }),
      field("sinks", &A::sinks),
      field("relative_buckets", &A::relative_buckets),
      field("xl_relative", &A::xl_relative),
      field("position_key_proj", &A::position_key_proj),
      field("position_query_proj", &A::position_query_proj),
      field(
          "fused_qkv", &A::fused_qkv,
          +[](const A& a) {
            return only_if(!is_latent(a) || a.q_lora_rank == 0, "there is no projection to fuse");
          }),
      field("transposed", &A::transposed),
      field("q_lora_rank", &A::q_lora_rank, latent_only),
      field("kv_lora_rank", &A::kv_lora_rank, latent_only),
      with_companion(field("qk_nope_head_dim", &A::qk_nope_head_dim, latent_only), sum_head_dim),
      with_companion(field("qk_rope_head_dim", &A::qk_rope_head_dim, latent_only), sum_head_dim),
      field("latent_bias", &A::latent_bias, latent_only),
      field("sliding_window", &A::sliding_window, no_parameters),
      field("num_windowed_layers", &A::num_windowed_layers, no_parameters),
  };
}

bool is_mixture(const MlpSpec& m) { return m.num_experts > 0; }
bool has_shared(const MlpSpec& m) { return is_mixture(m) && m.shared_intermediate_size > 0; }

std::string_view mixture_only(const MlpSpec& m) { return only_if(is_mixture(m), "mixtures only"); }
std::string_view shared_only(const MlpSpec& m) {
  return only_if(has_shared(m), "there are no shared experts");
}

std::vector<Field<MlpSpec>> mlp_fields() {
  using M = MlpSpec;
  return {
      field("kind", &M::kind),
      field("intermediate_size", &M::intermediate_size),
      field("up_bias", &M::up_bias),
      field("down_bias", &M::down_bias),
      with_companion(
          field("num_experts", &M::num_experts),
          +[](M& m) {
            if (m.num_experts > 0 && m.num_experts_per_token == 0) m.num_experts_per_token = 1;
          }),
      field("num_experts_per_token", &M::num_experts_per_token, mixture_only),
      field("router_bias", &M::router_bias, mixture_only),
      field("shared_intermediate_size", &M::shared_intermediate_size, mixture_only),
      field("shared_bias", &M::shared_bias, shared_only),
      field("shared_gate", &M::shared_gate, shared_only),
      field(
          "fused_gate_up", &M::fused_gate_up,
          +[](const M& m) {
            return only_if(!is_mixture(m) && m.kind == MlpKind::kGated, "a dense gated MLP only");
          }),
      field("stacked_experts", &M::stacked_experts, mixture_only),
      field("transposed", &M::transposed),
  };
}

bool has_norms(const LayerGroup& g) {
  return g.attention_pre_norm || g.attention_post_norm || g.mlp_pre_norm || g.mlp_post_norm ||
         g.cross_attention_norm;
}

std::string_view needs_norm(const LayerGroup& g) {
  return only_if(g.norm != NormKind::kNone, "norm is none");
}

std::vector<Field<LayerGroup>> group_fields() {
  using G = LayerGroup;
  const Field<G> cross = {"has_cross_attention",
                          SwitchKind::kFlag,
                          &names_of(true),
                          [](const G& g) { return std::int64_t{g.has_cross_attention}; },
                          [](G& g, std::int64_t on) {
                            if (on != 0 && g.cross_attention.num_heads == 0) {
                              g.cross_attention = g.attention;
                              g.cross_attention.relative_buckets = 0;
                            }
                            g.has_cross_attention = on != 0;
                          },
                          never_inert<G>};
  return {
      field(
          "num_applied", &G::num_applied,
          +[](const G&) -> std::string_view { return "changes FLOPs, not parameters"; }),
      cross,
      field(
          "norm", &G::norm,
          +[](const G& g) { return only_if(has_norms(g), "the layers have no norm"); }),
      field("attention_pre_norm", &G::attention_pre_norm, needs_norm),
      field("attention_post_norm", &G::attention_post_norm, needs_norm),
      field("cross_attention_norm", &G::cross_attention_norm, needs_norm),
      field("mlp_pre_norm", &G::mlp_pre_norm, needs_norm),
      field("mlp_post_norm", &G::mlp_post_norm, needs_norm),
      field("layer_scale", &G::layer_scale),
      field(
          "parallel_block", &G::parallel_block,
          +[](const G&) -> std::string_view {
            return "says what reads what; its norms are switches of their own";
          }),
  };
}

bool has_tokens(const EmbeddingSpec& e) { return e.vocab_size > 0 && !e.shares_token_table; }
bool has_positions(const EmbeddingSpec& e) { return e.positions == PositionKind::kLearned; }
bool has_audio(const EmbeddingSpec& e) { return e.num_mel_bins > 0; }

std::string_view needs_tokens(const EmbeddingSpec& e) {
  return only_if(has_tokens(e), "the stack has no token table");
}
std::string_view needs_positions(const EmbeddingSpec& e) {
  return only_if(has_positions(e), "no learned positions");
}
std::string_view needs_patches(const EmbeddingSpec& e) {
  return only_if(e.num_channels > 0, "no patch embedding");
}
std::string_view needs_conv(const EmbeddingSpec& e) {
  return only_if(e.conv_layer, "no convolution");
}

std::vector<Field<EmbeddingSpec>> embedding_fields() {
  using E = EmbeddingSpec;
  return {
      field(
          "vocab_size", &E::vocab_size,
          +[](const E& e) {
            return only_if(!e.shares_token_table, "the token table is another stack's");
          }),
      field(
          "embedding_size", &E::embedding_size,
          +[](const E& e) {
            return only_if(has_tokens(e) || e.type_rows > 0 || e.project_in || e.project_out,
                           "nothing has this width");
          }),
      field(
          "shares_token_table", &E::shares_token_table,
          +[](const E& e) { return only_if(e.vocab_size > 0, "the stack reads no tokens"); }),
      field("token_tables", &E::token_tables, needs_tokens),
      field("token_table_aliases", &E::token_table_aliases, needs_tokens),
      field(
          "positions", &E::positions,
          +[](const E& e) {
            return only_if(e.position_rows > 0, "position_rows is 0: only a table has parameters");
          }),
      field("position_rows", &E::position_rows, needs_positions),
      field("position_width", &E::position_width, needs_positions),
      field("type_rows", &E::type_rows),
      with_companion(
          field("norm", &E::norm),
          +[](E& e) {
            if (e.norm_width == 0) e.norm_width = e.embedding_size;
          }),
      field(
          "norm_width", &E::norm_width,
          +[](const E& e) { return only_if(e.norm != NormKind::kNone, "no embedding norm"); }),
      field("project_in", &E::project_in),
      field(
          "project_in_bias", &E::project_in_bias,
          +[](const E& e) { return only_if(e.project_in, "no projection"); }),
      field("project_out", &E::project_out),
      field("relative_rows", &E::relative_rows),
      field("relative_norm", &E::relative_norm),
      field("class_token", &E::class_token),
      field("mask_token", &E::mask_token),
      field("num_channels", &E::num_channels),
      field("patch_height", &E::patch_height, needs_patches),
      field("patch_width", &E::patch_width, needs_patches),
      field("patch_bias", &E::patch_bias, needs_patches),
      field("num_mel_bins", &E::num_mel_bins),
      field(
          "conv_kernel", &E::conv_kernel,
          +[](const E& e) { return only_if(e.conv_layer || has_audio(e), "no convolution"); }),
      field("conv_layer", &E::conv_layer),
      field("conv_groups", &E::conv_groups, needs_conv),
  };
}

std::vector<Field<StackSpec>> stack_fields() {
  using S = StackSpec;
  return {
      field("hidden_size", &S::hidden_size),
      field("final_norm", &S::final_norm),
      field(
          "causal", &S::causal,
          +[](const S&) -> std::string_view {
            return "changes what attends to what, not parameters";
          }),
      field(
          "max_positions", &S::max_positions,
          +[](const S&) -> std::string_view { return "a limit; position_rows is the table"; }),
  };
}

std::string_view needs_output(const OutputHead& o) { return only_if(o.present, "no output head"); }

std::vector<Field<OutputHead>> output_fields() {
  using O = OutputHead;
  return {
      field("present", &O::present),
      field("tied", &O::tied, needs_output),
      field("bias", &O::bias, needs_output),
      field(
          "second_bias", &O::second_bias,
          +[](const O& o) { return only_if(o.present && o.bias, "no bias to register twice"); }),
      field("vocab_size", &O::vocab_size, needs_output),
      field("width", &O::width, needs_output),
  };
}

std::string_view needs_layer(const HeadLayer& l) {
  return only_if(l.present, "the layer is not present");
}

std::vector<Field<HeadLayer>> head_layer_fields() {
  using H = HeadLayer;
  return {
      field(
          "present", &H::present,
          +[](const H& l) {
            return only_if(l.kind != HeadLayerKind::kNorm || l.norm != NormKind::kNone,
                           "a norm without parameters");
          }),
      field("kind", &H::kind, needs_layer),
      field(
          "in", &H::in,
          +[](const H& l) {
            return only_if(
                l.present && (l.kind != HeadLayerKind::kNorm || l.norm != NormKind::kNone),
                "nothing has this width");
          }),
      field(
          "out", &H::out,
          +[](const H& l) {
            return only_if(l.present && l.kind == HeadLayerKind::kLinear, "linear layers only");
          }),
      field(
          "bias", &H::bias,
          +[](const H& l) {
            return only_if(l.present && l.kind == HeadLayerKind::kLinear, "linear layers only");
          }),
      field(
          "norm", &H::norm,
          +[](const H& l) {
            return only_if(l.present && l.kind == HeadLayerKind::kNorm, "norms only");
          }),
  };
}

/// Lists the fields of one struct under `prefix`. `find` gives that struct of any specification.
template <class Owner, class Find>
void add_switches(std::vector<Switch>& out, const std::string& prefix,
                  const std::vector<Field<Owner>>& fields, Find find) {
  for (const auto& f : fields) {
    Switch s;
    s.field = std::string(f.name);
    s.path = prefix + s.field;
    s.kind = f.kind;
    s.value_names = *f.value_names;
    s.get = [get = f.get, find](const TransformerSpec& spec) {
      return get(*find(const_cast<TransformerSpec&>(spec)));
    };
    s.set = [set = f.set, find](TransformerSpec& spec, std::int64_t value) {
      set(*find(spec), value);
    };
    s.inert = [inert = f.inert, find](const TransformerSpec& spec) {
      return inert(*find(const_cast<TransformerSpec&>(spec)));
    };
    out.push_back(std::move(s));
  }
}

/// Gives group `index` of `stack` `count` layers, at the end of those it has, and renumbers the
/// stack's layers.
void resize_group(StackSpec& stack, std::size_t index, std::int64_t count) {
  auto& changed = stack.groups[index];
  if (count < 0 || count > kMaxConfigLayers) count = 0;  // refused by validate()
  const bool all_applied = changed.num_applied == changed.num_layers();
  const auto last = changed.layers.empty() ? 0 : changed.layers.back();
  changed.layers.resize(static_cast<std::size_t>(count), last);
  if (all_applied || changed.num_applied < count) changed.num_applied = count;

  std::vector<std::pair<std::int64_t, std::size_t>> order;  // old index, group
  for (std::size_t g = 0; g < stack.groups.size(); ++g) {
    for (const auto layer : stack.groups[g].layers) order.emplace_back(layer, g);
    stack.groups[g].layers.clear();
  }
  std::stable_sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) {
    stack.groups[order[i].second].layers.push_back(static_cast<std::int64_t>(i));
  }
}

Switch layers_switch(const std::string& prefix, std::size_t stack, std::size_t group) {
  Switch s;
  s.field = "num_layers";
  s.path = prefix + s.field;
  s.get = [stack, group](const TransformerSpec& spec) {
    return spec.stacks[stack].groups[group].num_layers();
  };
  s.set = [stack, group](TransformerSpec& spec, std::int64_t count) {
    resize_group(spec.stacks[stack], group, count);
  };
  s.inert = [](const TransformerSpec&) { return std::string_view(); };
  return s;
}

void add_group_switches(std::vector<Switch>& out, const TransformerSpec& spec, std::size_t stack,
                        std::size_t group) {
  const auto& groups = spec.stacks[stack].groups;
  const std::string prefix = spec.stacks[stack].name + "." +
                             (groups.size() == 1 ? "" : "group" + std::to_string(group) + ".");
  const auto find = [stack, group](TransformerSpec& s) { return &s.stacks[stack].groups[group]; };
  const auto first = out.size();
  out.push_back(layers_switch(prefix, stack, group));
  add_switches(out, prefix, group_fields(), find);
  add_switches(out, prefix + "attention.", attention_fields(),
               [find](TransformerSpec& s) { return &find(s)->attention; });
  if (groups[group].has_cross_attention) {
    add_switches(out, prefix + "cross_attention.", attention_fields(),
                 [find](TransformerSpec& s) { return &find(s)->cross_attention; });
  }
  add_switches(out, prefix + "mlp.", mlp_fields(),
               [find](TransformerSpec& s) { return &find(s)->mlp; });
  for (auto i = first; i < out.size(); ++i) {
    if (out[i].field != "relative_buckets") continue;
    const bool cross = out[i].path == prefix + "cross_attention.relative_buckets";
    out[i].inert = [cross, stack, group](const TransformerSpec& s) {
      const auto& layers = s.stacks[stack].groups[group].layers;
      return only_if(!cross && !layers.empty() && layers.front() == 0,
                     "the stack's first self attention holds the table");
    };
  }
}

}  // namespace

std::vector<Switch> switches(const TransformerSpec& spec) {
  std::vector<Switch> out;
  for (std::size_t i = 0; i < spec.stacks.size(); ++i) {
    const std::string prefix = spec.stacks[i].name + ".";
    add_switches(out, prefix, stack_fields(), [i](TransformerSpec& s) { return &s.stacks[i]; });
    add_switches(out, prefix + "embedding.", embedding_fields(),
                 [i](TransformerSpec& s) { return &s.stacks[i].embedding; });
    for (std::size_t g = 0; g < spec.stacks[i].groups.size(); ++g)
      add_group_switches(out, spec, i, g);
  }
  add_switches(out, "output.", output_fields(), [](TransformerSpec& s) { return &s.output; });
  for (std::size_t i = 0; i < spec.head_layers.size(); ++i) {
    add_switches(out, "head." + spec.head_layers[i].id + ".", head_layer_fields(),
                 [i](TransformerSpec& s) { return &s.head_layers[i]; });
  }
  return out;
}

}  // namespace tally::formulas
