// The layers of a family, from the words of its recipe (recipe.h).
#include <base/wide.h>
#include <formulas/families/recipe.h>

#include <algorithm>
#include <numeric>

namespace tally::formulas {
namespace {

std::string_view word(const SpecInProgress& work, std::string_view key) {
  return recipe_word(work.family.recipe, key);
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
  const auto how = word(work, "head_dim");
  if (how == "latent") {
    if (recipe_flag(work, "divides"))
      divided(fields, "hidden_size", hidden, "num_attention_heads", heads);
    return 1;
  }
  const auto given = recipe_size(work, "head_dim");
  if (!given || recipe_flag(work, "divides")) {
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
  attention = plain_attention(heads, head_dim(work, heads), recipe_flag(work, "qkv"),
                              recipe_flag(work, "o"));
  if (const auto kv = recipe_size(work, "kv")) {
    const auto field = word(work, "kv").substr(1);
    attention.num_key_value_heads = *kv;
    if (*kv > heads)
      fields.fail(field, "is " + std::to_string(*kv) + ", more than the " + std::to_string(heads) +
                             " attention heads");
    if (heads % *kv != 0)
      fields.fail(field, "is " + std::to_string(*kv) + ", which does not divide the " +
                             std::to_string(heads) + " attention heads");
  }
  attention.qk_norm = qk_norm(word(work, "qk"));
  if (!word(work, "qk_if").empty() && !recipe_flag(work, "qk_if"))
    attention.qk_norm = QkNorm::kNone;
  attention.qk_norm_kind = norm_kind(word(work, "qk_norm"));
  attention.sinks = recipe_flag(work, "sinks");
  attention.fused_qkv = recipe_flag(work, "fused_qkv");
  attention.transposed =
      recipe_flag(work, "transposed") || recipe_flag(work, "transposed_attention");
}

void set_mlp(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& mlp = work.group().mlp;
  const auto hidden = work.stack().hidden_size;
  const auto width = word(work, "width");
  mlp.kind = word(work, "mlp") == "gated" ? MlpKind::kGated : MlpKind::kTwoMatrix;
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
  mlp.up_bias = mlp.down_bias = recipe_flag(work, "mlp_bias");
  mlp.fused_gate_up = recipe_flag(work, "fused_gate_up");
  mlp.transposed = recipe_flag(work, "transposed") || recipe_flag(work, "transposed_mlp");
  if (const auto experts = recipe_size(work, "experts")) {
    mlp.num_experts = *experts;
    mlp.num_experts_per_token = fields.size("num_experts_per_tok");
    mlp.router_bias = recipe_flag(work, "router_bias");
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
  const auto norms = word(work, "norms");
  group.parallel_block = norms == "parallel" || recipe_flag(work, "parallel");
  group.attention_pre_norm = norms != "post";
  group.mlp_pre_norm = norms == "pre" || norms == "four";
  group.attention_post_norm = group.mlp_post_norm = norms == "post" || norms == "four";
  group.norm = norm_kind(word(work, "norm"));
  group.layer_scale = recipe_flag(work, "layer_scale");
  if (recipe_flag(work, "final")) work.stack().final_norm = group.norm;
}

void set_embedding(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& stack = work.stack();
  auto& e = stack.embedding;
  e.positions = position_kind(word(work, "positions"));
  if (stack.name == "vision") return;  // adjust_vision
  e.vocab_size = fields.size("vocab_size");
  e.embedding_size = recipe_size(work, "E").value_or(stack.hidden_size);
  e.project_in = word(work, "project_in") == "always" ||
                 (word(work, "project_in") == "differs" && e.embedding_size != stack.hidden_size);
  e.project_in_bias = e.project_in && recipe_flag(work, "project_in_bias");
  if (e.positions == PositionKind::kLearned) {
    e.position_rows = fields.size("max_position_embeddings");
    stack.max_positions = e.position_rows;
    if (const auto offset = word(work, "position_offset"); !offset.empty())
      e.position_rows += offset[0] - '0';
    e.position_width = word(work, "position_width") == "H" ? stack.hidden_size : e.embedding_size;
  } else if (fields.given("max_position_embeddings") || word(work, "positions") == "rotary") {
    stack.max_positions = fields.optional_size("max_position_embeddings").value_or(0);
  }
  const auto types = word(work, "types");
  if (!types.empty()) e.type_rows = fields.size(types.substr(1), 0);
  const auto norm = word(work, "embedding_norm");
  if (norm.empty()) return;
  e.norm = norm_kind(word(work, "norm"));
  e.norm_width = norm == "H" ? stack.hidden_size : e.embedding_size;
}

void set_cross_attention(SpecInProgress& work) {
  auto& fields = work.fields;
  const auto how = word(work, "cross");
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
bool windowed(std::string_view rule, std::int64_t i, std::int64_t pattern) {
  if (rule == "all" || rule == "used") return true;
  if (rule == "alternate") return i % 2 == 0;
  if (rule == "pattern") return (i + 1) % pattern != 0;
  if (rule == "modernbert") return i % pattern != 0;
  if (rule == "late") return i >= pattern;
  if (rule == "early") return i % 2 == 0 && i < pattern;
  if (rule == "smollm3") return (i + 1) % pattern == 0;
  return i % 2 == 1;  // odd
}

void set_windows(SpecInProgress& work) {
  const auto rule = word(work, "window");
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
      const bool is =
          index < types.size() ? types[index] == "sliding_attention" : windowed(rule, i, pattern);
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
  const auto product = (Wide(a) * b).to_int64();
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

namespace {

void build_layers(SpecInProgress& work) {
  auto& fields = work.fields;
  work.spec.stacks.emplace_back();
  auto& stack = work.stack();
  stack.name = std::string(word(work, "stack"));
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
  if (work.family.adjust != nullptr) work.family.adjust->run(work);
  std::stable_sort(stack.groups.begin(), stack.groups.end(),
                   [](const LayerGroup& a, const LayerGroup& b) { return a.layers < b.layers; });
  set_windows(work);
}

}  // namespace

const Step kBuildLayers = {build_layers, "hidden_size num_hidden_layers num_attention_heads", "*"};

}  // namespace tally::formulas
