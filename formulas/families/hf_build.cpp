// Recipes: one stack of layers from words.
//
//   stack=NAME             decoder, encoder or vision
//   positions=KIND         learned, rotary, alibi, relative; position_offset=N more rows;
//   position_width=H where E differs norm=KIND              ln, rms, ln_nobias, none;
//   norms=pre|post|four|parallel (one norm a layer); final=+ parallel=FLAG          one norm a
//   layer where the flag is on (two stay where the family keeps them) embedding_norm=H|E     width
//   of a norm of the embedding E=FIELD                embedding width; project_in=always|differs,
//   project_in_bias=FLAG types=FIELD            token types head_dim=FIELD         absent: hidden /
//   heads; "same": must equal that; "latent": set by the family's adjust function divides=+ hidden
//   must divide by heads although head_dim is given (the configuration class says so) kv=FIELD
//   key-value heads; absent: as many as heads qkv= o= mlp_bias=FLAG  biases;  qk= qk_norm= qk_if=
//   query-key norms;  sinks=+ mlp=two|gated          width=4H: no field for it; 4H?: where the
//   field is null; ratio: mlp_ratio experts=FIELD          every layer a mixture; router_bias=FLAG
//   cross=decoder|always   cross attention where add_cross_attention is on (decoder: needs
//   is_decoder too) fused_qkv= fused_gate_up= transposed= transposed_attention= transposed_mlp=
//   layer_scale=  how tensors are stored window=RULE            which layers attend to a window
//
// FLAG is + (yes), absent (no) or @field; FIELD is @field (with the family's default) or ?field
// (only where it is given).
#include <base/checked.h>
#include <formulas/families/hf_families.h>

#include <algorithm>
#include <numeric>

namespace tally::formulas {
namespace {

/// The last `key` of the recipe: what a family adds to a shared recipe wins.
std::string_view word(const Family& family, std::string_view key) {
  std::string_view found;
  std::string_view rest = family.recipe;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (const auto value = lookup(rest.substr(0, end), key)) found = *value;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return found;
}

bool flag(SpecInProgress& work, std::string_view key) {
  const auto value = word(work.family, key);
  return value == "+" || (!value.empty() && value[0] == '@' && work.fields.flag(value.substr(1)));
}

std::optional<std::int64_t> optional_size(SpecInProgress& work, std::string_view key) {
  const auto value = word(work.family, key);
  if (value.empty() || (value[0] == '?' && !work.fields.given(value.substr(1))))
    return std::nullopt;
  if (value[0] != '?' && value[0] != '@') return std::nullopt;
  return work.fields.optional_size(value.substr(1));
}

NormKind norm_kind(std::string_view name) {
  if (name == "ln") return NormKind::kLayerNorm;
  if (name == "ln_nobias") return NormKind::kLayerNormNoBias;
  return name == "rms" ? NormKind::kRmsNorm : NormKind::kNone;
}

PositionKind position_kind(std::string_view name) {
  if (name == "learned") return PositionKind::kLearned;
  if (name == "rotary") return PositionKind::kRotary;
  if (name == "alibi") return PositionKind::kAlibi;
  return name == "relative" ? PositionKind::kRelative : PositionKind::kNone;
}

QkNorm qk_norm(std::string_view name) {
  if (name == "head_dim") return QkNorm::kHeadDim;
  if (name == "full") return QkNorm::kFull;
  if (name == "per_head") return QkNorm::kPerHead;
  return name == "each_head" ? QkNorm::kEachHead : QkNorm::kNone;
}

std::int64_t head_dim(SpecInProgress& work, std::int64_t heads) {
  auto& fields = work.fields;
  const auto hidden = work.stack().hidden_size;
  const auto how = word(work.family, "head_dim");
  if (how == "latent") {
    if (flag(work, "divides")) divided(fields, "hidden_size", hidden, "num_attention_heads", heads);
    return 1;
  }
  const auto given = optional_size(work, "head_dim");
  if (!given || flag(work, "divides")) {
    const auto derived = divided(fields, "hidden_size", hidden, "num_attention_heads", heads);
    if (how == "same" && fields.given("head_dim") && fields.size("head_dim") != derived) {
      fields.fail("head_dim",
                  "contradicts hidden_size / num_attention_heads = " + std::to_string(derived));
    }
    return given.value_or(derived);
  }
  return *given;
}

void set_attention(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& attention = work.group().attention;
  const auto heads = fields.size("num_attention_heads");
  attention = plain_attention(heads, head_dim(work, heads), flag(work, "qkv"), flag(work, "o"));
  if (const auto kv = optional_size(work, "kv")) {
    const auto field = word(work.family, "kv").substr(1);
    attention.num_key_value_heads = *kv;
    if (*kv > heads)
      fields.fail(field, "is " + std::to_string(*kv) + ", more than the " + std::to_string(heads) +
                             " attention heads");
    if (heads % *kv != 0)
      fields.fail(field, "is " + std::to_string(*kv) + ", which does not divide the " +
                             std::to_string(heads) + " attention heads");
  }
  attention.qk_norm = qk_norm(word(work.family, "qk"));
  if (!word(work.family, "qk_if").empty() && !flag(work, "qk_if"))
    attention.qk_norm = QkNorm::kNone;
  attention.qk_norm_kind = norm_kind(word(work.family, "qk_norm"));
  attention.sinks = flag(work, "sinks");
  attention.fused_qkv = flag(work, "fused_qkv");
  attention.transposed = flag(work, "transposed") || flag(work, "transposed_attention");
}

void set_mlp(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& mlp = work.group().mlp;
  const auto hidden = work.stack().hidden_size;
  const auto width = word(work.family, "width");
  mlp.kind = word(work.family, "mlp") == "gated" ? MlpKind::kGated : MlpKind::kTwoMatrix;
  if (width == "4H") {
    mlp.intermediate_size = times(fields, "hidden_size", 4, hidden);
  } else if (width == "4H?") {
    const auto given = fields.optional_size("intermediate_size");
    mlp.intermediate_size = given ? *given : times(fields, "hidden_size", 4, hidden);
  } else if (width == "ratio") {
    const double size = static_cast<double>(hidden) * fields.number("mlp_ratio");
    if (size < 1 || size > 1e12) fields.fail("mlp_ratio", "gives an MLP of an impossible width");
    mlp.intermediate_size = size < 1 || size > 1e12 ? 1 : static_cast<std::int64_t>(size);
  } else {
    mlp.intermediate_size = fields.size("intermediate_size");
  }
  mlp.up_bias = mlp.down_bias = flag(work, "mlp_bias");
  mlp.fused_gate_up = flag(work, "fused_gate_up");
  mlp.transposed = flag(work, "transposed") || flag(work, "transposed_mlp");
  if (const auto experts = optional_size(work, "experts")) {
    mlp.num_experts = *experts;
    mlp.num_experts_per_token = fields.size("num_experts_per_tok");
    mlp.router_bias = flag(work, "router_bias");
    mlp.stacked_experts = true;
    if (mlp.num_experts_per_token > mlp.num_experts) {
      fields.fail("num_experts_per_tok", "is " + std::to_string(mlp.num_experts_per_token) +
                                             ", more than the " + std::to_string(mlp.num_experts) +
                                             " experts");
    }
  }
}

void set_norms(SpecInProgress& work) {
  auto& group = work.group();
  const auto norms = word(work.family, "norms");
  group.parallel_block = norms == "parallel" || flag(work, "parallel");
  group.attention_pre_norm = norms != "post";
  group.mlp_pre_norm = norms == "pre" || norms == "four";
  group.attention_post_norm = group.mlp_post_norm = norms == "post" || norms == "four";
  group.norm = norm_kind(word(work.family, "norm"));
  group.layer_scale = flag(work, "layer_scale");
  if (flag(work, "final")) work.stack().final_norm = group.norm;
}

void set_embedding(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& stack = work.stack();
  auto& e = stack.embedding;
  e.positions = position_kind(word(work.family, "positions"));
  if (stack.name == "vision") return;  // adjust_vision
  e.vocab_size = fields.size("vocab_size");
  e.embedding_size = optional_size(work, "E").value_or(stack.hidden_size);
  e.project_in =
      word(work.family, "project_in") == "always" ||
      (word(work.family, "project_in") == "differs" && e.embedding_size != stack.hidden_size);
  e.project_in_bias = e.project_in && flag(work, "project_in_bias");
  if (e.positions == PositionKind::kLearned) {
    e.position_rows = fields.size("max_position_embeddings");
    stack.max_positions = e.position_rows;
    if (const auto offset = word(work.family, "position_offset"); !offset.empty())
      e.position_rows += offset[0] - '0';
    e.position_width =
        word(work.family, "position_width") == "H" ? stack.hidden_size : e.embedding_size;
  } else if (fields.given("max_position_embeddings") ||
             word(work.family, "positions") == "rotary") {
    stack.max_positions = fields.optional_size("max_position_embeddings").value_or(0);
  }
  const auto types = word(work.family, "types");
  if (!types.empty()) e.type_rows = fields.size(types.substr(1), 0);
  const auto norm = word(work.family, "embedding_norm");
  if (norm.empty()) return;
  e.norm = norm_kind(word(work.family, "norm"));
  e.norm_width = norm == "H" ? stack.hidden_size : e.embedding_size;
}

void set_cross_attention(SpecInProgress& work) {
  auto& fields = work.fields;
  const auto how = word(work.family, "cross");
  if (how.empty() || !fields.flag("add_cross_attention")) return;
  if (how == "decoder" && !fields.flag("is_decoder")) {
    fields.fail("add_cross_attention", "is on, which only a decoder can have; is_decoder is off");
  }
  auto& group = work.group();
  group.has_cross_attention = true;
  group.cross_attention = group.attention;
  group.cross_attention_norm = true;
}

/// Does layer `i` attend to a window only? Rules as the configuration classes have them.
bool windowed(SpecInProgress& work, std::string_view rule, std::int64_t i, std::int64_t pattern) {
  if (rule == "all" || rule == "used") return true;
  if (rule == "alternate") return i % 2 == 0;
  if (rule == "pattern") return (i + 1) % pattern != 0;
  if (rule == "modernbert") return i % pattern != 0;
  if (rule == "late") return i >= pattern;
  if (rule == "early") return i % 2 == 0 && i < pattern;
  if (rule == "smollm3") return (i + 1) % pattern == 0;
  return work.family.model_type == "gpt_neo" && i % 2 == 1;
}

void set_windows(SpecInProgress& work) {
  const auto rule = word(work.family, "window");
  auto& fields = work.fields;
  if (rule.empty()) return;
  const bool optional = rule == "late" || rule == "early" || rule == "smollm3" || rule == "used";
  if (optional && !fields.flag("use_sliding_window")) return;
  const auto window = rule == "modernbert" ? fields.optional_size("local_attention")
                                           : fields.optional_size("sliding_window");
  if (!window) return;
  std::int64_t pattern = 1;
  if (rule == "pattern") pattern = fields.size("sliding_window_pattern");
  if (rule == "modernbert") pattern = fields.size("global_attn_every_n_layers");
  if (rule == "smollm3") pattern = fields.size("no_rope_layer_interval");
  if (rule == "late" || rule == "early") pattern = fields.size("max_window_layers", 0);
  const auto types =
      fields.given("layer_types") ? fields.texts("layer_types") : std::vector<std::string>{};
  for (auto& group : work.stack().groups) {
    group.attention.sliding_window = *window;
    for (const auto i : group.layers) {
      const auto index = static_cast<std::size_t>(i);
      const bool is = index < types.size() ? types[index] == "sliding_attention"
                                           : windowed(work, rule, i, pattern);
      group.attention.num_windowed_layers += is ? 1 : 0;
    }
    if (group.attention.num_windowed_layers == 0) group.attention.sliding_window = 0;
  }
}

}  // namespace

std::vector<std::int64_t> first_layers(std::int64_t count) {
  std::vector<std::int64_t> layers(static_cast<std::size_t>(count));
  std::iota(layers.begin(), layers.end(), 0);
  return layers;
}

std::int64_t divided(ConfigFields& fields, std::string_view hidden_field, std::int64_t hidden,
                     std::string_view heads_field, std::int64_t heads) {
  if (hidden % heads != 0) {
    fields.fail(hidden_field, "is " + std::to_string(hidden) + ", which does not divide by " +
                                  fields.shown(heads_field) + " = " + std::to_string(heads));
  }
  return std::max<std::int64_t>(1, hidden / heads);
}

std::int64_t times(ConfigFields& fields, std::string_view name, std::int64_t a, std::int64_t b) {
  const auto product = checked_mul(a, b);
  if (!product) fields.fail(name, "is too large");
  return product.value_or(1);
}

AttentionSpec plain_attention(std::int64_t heads, std::int64_t head_dim, bool qkv_bias,
                              bool o_bias) {
  AttentionSpec attention;
  attention.num_heads = attention.num_key_value_heads = heads;
  attention.head_dim = attention.value_head_dim = head_dim;
  attention.q_bias = attention.k_bias = attention.v_bias = qkv_bias;
  attention.o_bias = o_bias;
  return attention;
}

LayerGroup* split_group(StackSpec& stack, const std::vector<bool>& belongs, bool& all_belong) {
  auto& base = stack.groups.back();
  LayerGroup picked = base;
  picked.layers.clear();
  std::vector<std::int64_t> kept;
  for (const auto i : base.layers)
    (belongs[static_cast<std::size_t>(i)] ? picked.layers : kept).push_back(i);
  all_belong = kept.empty();
  if (kept.empty() || picked.layers.empty()) return nullptr;
  base.layers = std::move(kept);
  base.num_applied = base.num_layers();
  picked.num_applied = picked.num_layers();
  stack.groups.push_back(std::move(picked));
  return &stack.groups.back();
}

void build_single(SpecInProgress& work) {
  auto& fields = work.fields;
  work.spec.stacks.emplace_back();
  auto& stack = work.stack();
  stack.name = std::string(word(work.family, "stack"));
  stack.causal = stack.name == "decoder";
  stack.hidden_size = fields.size("hidden_size");
  const auto layers = fields.size("num_hidden_layers");
  if (layers > kMaxConfigLayers) {
    fields.fail("num_hidden_layers", "is " + std::to_string(layers) + ", more than the " +
                                         std::to_string(kMaxConfigLayers) + " this program allows");
    return;
  }
  stack.groups.emplace_back();
  work.group().layers = first_layers(layers);
  work.group().num_applied = layers;
  set_attention(work);
  set_mlp(work);
  set_norms(work);
  set_embedding(work);
  set_cross_attention(work);
  if (work.family.adjust != nullptr) work.family.adjust(work);
  std::stable_sort(stack.groups.begin(), stack.groups.end(),
                   [](const LayerGroup& a, const LayerGroup& b) { return a.layers < b.layers; });
  set_windows(work);
}

}  // namespace tally::formulas
