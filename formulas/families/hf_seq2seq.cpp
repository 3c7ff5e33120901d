// Families with two stacks: T5, BART, Whisper, and CLIP's two towers.
#include <formulas/families/hf_families.h>

namespace tally::formulas {
namespace {

/// What one stack of these families differs in.
struct StackPlan {
  const char* name;
  std::string_view layers_field;
  std::string_view heads_field;
  std::string_view width_field;
};

bool wanted(const SpecInProgress& work, std::string_view name) {
  return work.stacks.empty() || work.stacks == name;
}

/// An empty stack with its layers, or nothing where their number is refused.
StackSpec* start_stack(SpecInProgress& work, ConfigFields& fields, const char* name,
                       std::int64_t hidden, std::string_view layers_field, std::int64_t layers) {
  if (layers > kMaxConfigLayers) {
    fields.fail(layers_field, "is " + std::to_string(layers) + ", more than the " +
                                  std::to_string(kMaxConfigLayers) + " this program allows");
    return nullptr;
  }
  auto& stack = work.spec.stacks.emplace_back();
  stack.name = name;
  stack.hidden_size = stack.embedding.embedding_size = hidden;
  auto& group = stack.groups.emplace_back();
  group.layers = first_layers(layers);
  group.num_applied = layers;
  return &stack;
}

void add_cross_attention(LayerGroup& group) {
  group.has_cross_attention = group.cross_attention_norm = true;
  group.cross_attention = group.attention;
  group.cross_attention.relative_buckets = 0;
}

/// A stack of BART or Whisper: as many key-value heads as heads, two-matrix MLP with biases,
/// LayerNorm.
StackSpec* bart_stack(SpecInProgress& work, const StackPlan& plan, bool decoder) {
  auto& fields = work.fields;
  const auto hidden = fields.size("hidden_size");
  const auto heads = fields.size(plan.heads_field);
  auto* stack = start_stack(work, fields, plan.name, hidden, plan.layers_field,
                            fields.size(plan.layers_field));
  if (stack == nullptr) return nullptr;
  auto& group = stack->groups.front();
  group.attention = plain_attention(
      heads, divided(fields, "hidden_size", hidden, plan.heads_field, heads), true, true);
  group.mlp.intermediate_size = fields.size(plan.width_field);
  group.mlp.up_bias = group.mlp.down_bias = true;
  group.norm = NormKind::kLayerNorm;
  stack->causal = decoder;
  if (decoder) add_cross_attention(group);
  return stack;
}

constexpr StackPlan kEncoder = {"encoder", "encoder_layers", "encoder_attention_heads",
                                "encoder_ffn_dim"};
constexpr StackPlan kDecoder = {"decoder", "decoder_layers", "decoder_attention_heads",
                                "decoder_ffn_dim"};

void set_positions(StackSpec& stack, std::int64_t positions, std::int64_t extra_rows) {
  stack.max_positions = positions;
  stack.embedding.positions = PositionKind::kLearned;
  stack.embedding.position_rows = positions + extra_rows;
  stack.embedding.position_width = stack.hidden_size;
}

void t5_stack(SpecInProgress& work, const char* name, std::string_view layers_field,
              std::int64_t layers, bool decoder) {
  auto& fields = work.fields;
  const auto hidden = fields.size("hidden_size");
  auto* stack = start_stack(work, fields, name, hidden, layers_field, layers);
  if (stack == nullptr) return;
  auto& group = stack->groups.front();
  group.attention =
      plain_attention(fields.size("num_attention_heads"), fields.size("head_dim"), false, false);
  group.attention.relative_buckets = fields.size("relative_attention_num_buckets");
  group.mlp.intermediate_size = fields.size("intermediate_size");
  const auto activation = fields.text("feed_forward_proj");
  const auto dash = activation.find('-');
  const bool gated = activation.substr(0, dash) == "gated" && dash != std::string::npos;
  if (activation.empty() || (dash != std::string::npos &&
                             (!gated || activation.find('-', dash + 1) != std::string::npos))) {
    fields.fail("feed_forward_proj", "is \"" + activation.substr(0, 40) +
                                         "\", must be an activation or gated-ACTIVATION");
  }
  group.mlp.kind = gated ? MlpKind::kGated : MlpKind::kTwoMatrix;
  group.norm = stack->final_norm = NormKind::kRmsNorm;
  group.attention_pre_norm = group.mlp_pre_norm = true;
  stack->embedding.positions = PositionKind::kRelative;
  stack->embedding.vocab_size = fields.size("vocab_size");
  stack->causal = decoder;
  if (decoder) add_cross_attention(group);
}

/// Two stacks that share one table: the second has none, the first one more name for each stack.
void share_token_table(TransformerSpec& spec, bool tied) {
  auto& first = spec.stacks.front().embedding;
  if (spec.stacks.size() < 2) return;
  spec.stacks.back().embedding.shares_token_table = true;
  // `shared` and a table in each stack: three names of one tensor, or three tensors.
  (tied ? first.token_table_aliases : first.token_tables) = tied ? 2 : 3;
}

void clip_tower(SpecInProgress& work, ConfigFields& fields, bool vision) {
  const auto hidden = fields.size("hidden_size");
  const auto heads = fields.size("num_attention_heads");
  auto* stack = start_stack(work, fields, vision ? "vision" : "text", hidden, "num_hidden_layers",
                            fields.size("num_hidden_layers"));
  if (stack == nullptr) return;
  auto& group = stack->groups.front();
  auto& e = stack->embedding;
  group.attention = plain_attention(
      heads, divided(fields, "hidden_size", hidden, "num_attention_heads", heads), true, true);
  group.mlp.intermediate_size = fields.size("intermediate_size");
  group.mlp.up_bias = group.mlp.down_bias = true;
  group.norm = stack->final_norm = NormKind::kLayerNorm;
  group.attention_pre_norm = group.mlp_pre_norm = true;
  stack->causal = !vision;
  if (!vision) {
    e.vocab_size = fields.size("vocab_size");
    set_positions(*stack, fields.size("max_position_embeddings"), 0);
    return;
  }
  e.num_channels = fields.size("num_channels");
  e.class_token = true;
  e.norm = NormKind::kLayerNorm;
  e.norm_width = hidden;
  e.patch_height = e.patch_width = fields.size("patch_size");
  const auto side = fields.size("image_size") / e.patch_height;
  if (side < 1) fields.fail("patch_size", "is larger than image_size");
  set_positions(*stack, times(fields, "image_size", side, side), 1);
  stack->max_positions += 1;
}

void build_t5(SpecInProgress& work) {
  auto& fields = work.fields;
  const auto layers = fields.size("num_hidden_layers");
  if (wanted(work, "encoder")) t5_stack(work, "encoder", "num_hidden_layers", layers, false);
  if (wanted(work, "decoder")) {
    t5_stack(work, "decoder", "num_decoder_layers",
             fields.optional_size("num_decoder_layers").value_or(layers), true);
  }
  if (fields.error()) return;
  // The stacks' tables are `shared` under other names, whatever tie_word_embeddings says of the
  // head.
  share_token_table(work.spec, true);
  if (work.spec.stacks.size() == 1) work.spec.stacks.front().embedding.token_table_aliases = 1;
}

void build_bart(SpecInProgress& work) {
  auto& fields = work.fields;
  for (const auto* plan : {&kEncoder, &kDecoder}) {
    if (!wanted(work, plan->name)) continue;
    auto* stack = bart_stack(work, *plan, plan == &kDecoder);
    if (stack == nullptr) return;
    stack->groups.front().attention_post_norm = stack->groups.front().mlp_post_norm = true;
    stack->embedding.vocab_size = fields.size("vocab_size");
    stack->embedding.norm = NormKind::kLayerNorm;
    stack->embedding.norm_width = stack->hidden_size;
    set_positions(*stack, fields.size("max_position_embeddings"), 2);
  }
  if (!fields.error()) share_token_table(work.spec, fields.flag("tie_word_embeddings"));
}

void build_whisper(SpecInProgress& work) {
  auto& fields = work.fields;
  for (const auto* plan : {&kEncoder, &kDecoder}) {
    if (!wanted(work, plan->name)) continue;
    const bool decoder = plan == &kDecoder;
    auto* stack = bart_stack(work, *plan, decoder);
    if (stack == nullptr) return;
    auto& group = stack->groups.front();
    group.attention.k_bias = group.cross_attention.k_bias = false;
    group.attention_pre_norm = group.mlp_pre_norm = true;
    stack->final_norm = NormKind::kLayerNorm;
    set_positions(*stack, fields.size(decoder ? "max_target_positions" : "max_source_positions"),
                  0);
    if (decoder) {
      stack->embedding.vocab_size = fields.size("vocab_size");
    } else {
      stack->embedding.num_mel_bins = fields.size("num_mel_bins");
      stack->embedding.conv_kernel = 3;
    }
  }
}

void build_clip(SpecInProgress& work) {
  const ConfigValue nothing;
  for (const bool vision : {false, true}) {
    if (!wanted(work, vision ? "vision" : "text")) continue;
    const std::string name = vision ? "vision_config" : "text_config";
    const auto* tower = find_family(lookup(work.family.names, "part:" + name).value_or(""));
    const auto* object = work.fields.object(name);
    ConfigFields fields(object != nullptr ? *object : nothing, tower->defaults, tower->names,
                        name + ".");
    clip_tower(work, fields, vision);
    work.fields.take_complaint(std::move(fields));
  }
}

void build_clip_text(SpecInProgress& work) { clip_tower(work, work.fields, false); }
void build_clip_vision(SpecInProgress& work) { clip_tower(work, work.fields, true); }

}  // namespace

const Step kBuildT5 = {build_t5,
                       "hidden_size num_hidden_layers num_decoder_layers num_attention_heads "
                       "head_dim relative_attention_num_buckets intermediate_size "
                       "feed_forward_proj vocab_size",
                       ""};
const Step kBuildBart = {
    build_bart,
    "hidden_size vocab_size max_position_embeddings encoder_layers encoder_attention_heads "
    "encoder_ffn_dim decoder_layers decoder_attention_heads decoder_ffn_dim tie_word_embeddings",
    ""};
const Step kBuildWhisper = {
    build_whisper,
    "hidden_size vocab_size max_source_positions max_target_positions num_mel_bins encoder_layers "
    "encoder_attention_heads encoder_ffn_dim decoder_layers decoder_attention_heads "
    "decoder_ffn_dim",
    ""};
const Step kBuildClip = {build_clip, "?text_config ?vision_config", ""};
const Step kBuildClipText = {build_clip_text,
                             "hidden_size num_attention_heads num_hidden_layers intermediate_size "
                             "vocab_size max_position_embeddings",
                             ""};
const Step kBuildClipVision = {build_clip_vision,
                               "hidden_size num_attention_heads num_hidden_layers "
                               "intermediate_size num_channels patch_size image_size",
                               ""};

}  // namespace tally::formulas
