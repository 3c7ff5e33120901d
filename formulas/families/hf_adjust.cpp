// What no recipe says: one function a family that needs it.
#include <formulas/families/recipe.h>

#include <algorithm>
#include <tuple>

namespace tally::formulas {
namespace {

void adjust_albert(SpecInProgress& work) {
  // Layers are stored once a group and run many times: layer i uses group i / (layers / groups).
  auto& fields = work.fields;
  const auto applied = work.group().num_layers();
  const auto groups = fields.size("num_hidden_groups");
  const auto inner = fields.size("inner_group_num");
  if (groups > applied)
    fields.fail("num_hidden_groups",
                "is " + std::to_string(groups) + ", more than num_hidden_layers");
  const auto stored = times(fields, "inner_group_num", groups, inner);
  if (stored > kMaxConfigLayers || fields.error()) {
    fields.fail("inner_group_num", "is too large");
    return;
  }
  work.group().layers = first_layers(stored);
  work.group().num_applied = times(fields, "inner_group_num", applied, inner);
}

void adjust_deberta(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& e = work.stack().embedding;
  if (!fields.flag("position_biased_input")) {
    e.positions = PositionKind::kRelative;
    e.position_rows = e.position_width = 0;
  }
  const auto rel_norms = fields.texts("norm_rel_ebd");
  if (std::find(rel_norms.begin(), rel_norms.end(), "layer_norm") != rel_norms.end())
    e.relative_norm = NormKind::kLayerNorm;
  if (const auto kernel = fields.size("conv_kernel_size", 0); kernel > 0) {
    e.conv_layer = true;
    e.conv_kernel = kernel;
    e.conv_groups = fields.size("conv_groups");
    if (work.stack().hidden_size % e.conv_groups != 0)
      fields.fail("conv_groups", "does not divide hidden_size");
  }
  if (!fields.flag("relative_attention")) return;
  const auto buckets = fields.any_size("position_buckets");
  const auto maximum = fields.any_size("max_relative_positions");
  const auto distances = buckets > 0   ? buckets
                         : maximum > 0 ? maximum
                                       : fields.size("max_position_embeddings");
  e.relative_rows = times(fields, "position_buckets", 2, distances);
  if (fields.flag("share_att_key")) return;
  const auto kinds = fields.texts("pos_att_type");
  work.group().attention.position_key_proj =
      std::find(kinds.begin(), kinds.end(), "c2p") != kinds.end();
  work.group().attention.position_query_proj =
      std::find(kinds.begin(), kinds.end(), "p2c") != kinds.end();
}

void adjust_deepseek(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& attention = work.group().attention;
  attention.kind = AttentionKind::kLatent;
  attention.num_key_value_heads = attention.num_heads;
  attention.q_lora_rank = fields.optional_size("q_lora_rank").value_or(0);
  attention.kv_lora_rank = fields.size("kv_lora_rank");
  attention.qk_nope_head_dim = fields.size("qk_nope_head_dim");
  attention.qk_rope_head_dim = fields.size("qk_rope_head_dim");
  attention.head_dim = attention.qk_nope_head_dim + attention.qk_rope_head_dim;
  attention.value_head_dim = fields.size("v_head_dim");
  attention.latent_bias = attention.o_bias;
  const auto dense = fields.size("first_k_dense_replace", 0);
  std::vector<bool> mixture(static_cast<std::size_t>(work.group().num_layers()));
  for (std::size_t i = 0; i < mixture.size(); ++i)
    mixture[i] = static_cast<std::int64_t>(i) >= dense;
  bool all = false;
  auto* group = split_group(work.stack(), mixture, all);
  if (all) group = &work.group();
  if (group == nullptr) return;
  auto& mlp = group->mlp;
  mlp.num_experts = fields.size("n_routed_experts");
  mlp.num_experts_per_token = fields.size("num_experts_per_tok");
  if (mlp.num_experts_per_token > mlp.num_experts)
    fields.fail("num_experts_per_tok", "is more than n_routed_experts");
  mlp.shared_bias = mlp.up_bias;
  mlp.up_bias = mlp.down_bias = false;
  mlp.stacked_experts = true;
  mlp.intermediate_size = fields.size("moe_intermediate_size");
  mlp.shared_intermediate_size =
      times(fields, "n_shared_experts", mlp.intermediate_size, fields.size("n_shared_experts", 0));
}

void adjust_falcon(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& group = work.group();
  if (fields.flag("alibi")) work.stack().embedding.positions = PositionKind::kAlibi;
  const bool new_architecture = fields.flag("new_decoder_architecture");
  if (new_architecture) {
    const auto heads = group.attention.num_heads;
    const auto kv = fields.optional_size("num_kv_heads").value_or(heads);
    if (kv > heads)
      fields.fail("num_kv_heads", "is " + std::to_string(kv) + ", more than the " +
                                      std::to_string(heads) + " attention heads");
    if (heads % kv != 0)
      fields.fail("num_kv_heads", "is " + std::to_string(kv) + ", which does not divide the " +
                                      std::to_string(heads) + " attention heads");
    group.attention.num_key_value_heads = kv;
  } else if (fields.flag("multi_query")) {
    group.attention.num_key_value_heads = 1;
  }
  group.parallel_block = fields.flag("parallel_attn");
  const auto norms = fields.optional_size("num_ln_in_parallel_attn");
  group.mlp_pre_norm = !group.parallel_block || norms == 2 || (!norms && new_architecture);
}

void adjust_gpt_bigcode(SpecInProgress& work) {
  if (!work.fields.flag("multi_query")) return;
  if (work.group().has_cross_attention)
    work.fields.fail("add_cross_attention", "is on, which multi_query does not allow");
  work.group().attention.num_key_value_heads = 1;
}

void adjust_modernbert(SpecInProgress& work) {
  auto& stack = work.stack();
  if (work.fields.flag("norm_bias")) {
    stack.embedding.norm = stack.final_norm = work.group().norm = NormKind::kLayerNorm;
  }
  // Layer 0 reads the embedding's norm and has none of its own before attention.
  std::vector<bool> later(static_cast<std::size_t>(stack.num_layers()), true);
  later[0] = false;
  bool all = false;
  split_group(stack, later, all);
  stack.groups.front().attention_pre_norm = false;
}

void adjust_opt(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& stack = work.stack();
  auto& group = work.group();
  stack.embedding.project_out = stack.embedding.project_in;
  if (!fields.flag("layer_norm_elementwise_affine")) group.norm = NormKind::kNone;
  const bool before = fields.flag("do_layer_norm_before");
  group.attention_pre_norm = group.mlp_pre_norm = before;
  group.attention_post_norm = group.mlp_post_norm = !before;
  if (before && !fields.flag("_remove_final_layer_norm")) stack.final_norm = group.norm;
}

void adjust_qwen_moe(SpecInProgress& work) {
  auto& fields = work.fields;
  const auto experts = fields.size("num_experts", 0);
  const auto step = fields.size("decoder_sparse_step");
  auto dense = fields.sizes("mlp_only_layers");
  std::sort(dense.begin(), dense.end());
  std::vector<bool> mixture(static_cast<std::size_t>(work.group().num_layers()));
  for (std::size_t i = 0; i < mixture.size(); ++i) {
    const auto layer = static_cast<std::int64_t>(i);
    mixture[i] = experts > 0 && (layer + 1) % step == 0 &&
                 !std::binary_search(dense.begin(), dense.end(), layer);
  }
  bool all = false;
  auto* group = split_group(work.stack(), mixture, all);
  if (all) group = &work.group();
  if (group == nullptr) return;
  auto& mlp = group->mlp;
  mlp.num_experts = experts;
  mlp.num_experts_per_token = fields.size("num_experts_per_tok");
  if (mlp.num_experts_per_token > experts)
    fields.fail("num_experts_per_tok", "is more than num_experts");
  mlp.stacked_experts = true;
  mlp.intermediate_size = fields.size("moe_intermediate_size");
  if (const auto shared = recipe_size(work, "shared")) {
    mlp.shared_intermediate_size = *shared;
    mlp.shared_gate = true;
  }
}

void adjust_stablelm(SpecInProgress& work) {
  if (work.group().parallel_block) work.group().mlp_pre_norm = false;
}

void adjust_vision(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& stack = work.stack();
  auto& e = stack.embedding;
  const auto [image_height, image_width] = fields.pair("image_size");
  std::tie(e.patch_height, e.patch_width) = fields.pair("patch_size");
  e.num_channels = fields.size("num_channels");
  e.embedding_size = stack.hidden_size;
  e.class_token = true;
  e.positions = PositionKind::kLearned;
  e.position_width = stack.hidden_size;
  const auto patches =
      times(fields, "image_size", image_height / e.patch_height, image_width / e.patch_width);
  if (patches < 1) fields.fail("patch_size", "is larger than image_size");
  e.position_rows = stack.max_positions = patches + 1;
  e.patch_bias = true;
}

void adjust_dinov2(SpecInProgress& work) {
  adjust_vision(work);
  auto& fields = work.fields;
  work.stack().embedding.mask_token = fields.flag("use_mask_token");
  if (!fields.flag("use_swiglu_ffn")) return;
  // Two thirds of the width, rounded up to a multiple of 8 (Dinov2SwiGLUFFN).
  auto& mlp = work.group().mlp;
  mlp.kind = MlpKind::kGated;
  mlp.intermediate_size = (mlp.intermediate_size * 2 / 3 + 7) / 8 * 8;
}

void adjust_xlnet(SpecInProgress& work) {
  auto& fields = work.fields;
  auto& attention = work.group().attention;
  if (fields.given("d_head") && fields.size("d_head") != attention.head_dim) {
    fields.fail("d_head", "contradicts d_model / n_head = " + std::to_string(attention.head_dim));
  }
  attention.xl_relative = true;
  work.stack().embedding.mask_token = true;
}

}  // namespace

const Step kAdjustAlbert = {adjust_albert, "num_hidden_groups inner_group_num", "layers"};
const Step kAdjustDeberta = {adjust_deberta,
                             "position_biased_input norm_rel_ebd conv_kernel_size conv_groups "
                             "relative_attention position_buckets max_relative_positions "
                             "share_att_key pos_att_type",
                             ""};
const Step kAdjustDeepseek = {adjust_deepseek,
                              "q_lora_rank kv_lora_rank qk_nope_head_dim qk_rope_head_dim "
                              "v_head_dim first_k_dense_replace n_routed_experts "
                              "num_experts_per_tok moe_intermediate_size n_shared_experts",
                              ""};
const Step kAdjustDinov2 = {adjust_dinov2,
                            "image_size patch_size num_channels use_mask_token use_swiglu_ffn", ""};
const Step kAdjustFalcon = {adjust_falcon,
                            "alibi new_decoder_architecture num_kv_heads multi_query parallel_attn "
                            "num_ln_in_parallel_attn",
                            ""};
const Step kAdjustGptBigcode = {adjust_gpt_bigcode, "multi_query", ""};
const Step kAdjustModernbert = {adjust_modernbert, "norm_bias", ""};
const Step kAdjustOpt = {
    adjust_opt, "layer_norm_elementwise_affine do_layer_norm_before _remove_final_layer_norm", ""};
const Step kAdjustQwenMoe = {adjust_qwen_moe,
                             "num_experts decoder_sparse_step mlp_only_layers num_experts_per_tok "
                             "moe_intermediate_size",
                             "shared"};
const Step kAdjustStablelm = {adjust_stablelm, "", ""};
const Step kAdjustVision = {adjust_vision, "image_size patch_size num_channels", ""};
const Step kAdjustXlnet = {adjust_xlnet, "?d_head", ""};

}  // namespace tally::formulas
