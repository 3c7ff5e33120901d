// The letters of the formulas, what they mean and what they stand for in a specification.
#include <formulas/terms/term_rows.h>

namespace tally::formulas {

const std::vector<SymbolInfo>& symbol_table() {
  static const auto* const kTable = new std::vector<SymbolInfo>{
      {"H", "hidden_size: width of the residual stream"},
      {"E", "embedding_size: width of the token table; H unless projected"},
      {"V", "vocab_size: rows of the token table"},
      {"T_n", "token_tables: token tables stored; 1 but for an untied BART"},
      {"S", "position_rows: rows of the table of positions"},
      {"W", "width of the position table or of the output head: H or E"},
      {"T", "type_rows: rows of the table of token types"},
      {"N", "norm_width: width of the embedding norm: H or E"},
      {"R", "relative_rows: rows of the table of relative positions"},
      {"L", "layers stored (of the group that the term belongs to)"},
      {"n_q", "num_heads: attention heads"},
      {"n_kv", "num_key_value_heads: key-value heads"},
      {"d", "head_dim: width of a query or key head (latent attention: d_n + d_r)"},
      {"d_v", "value_head_dim: width of a value head"},
      {"r_q", "q_lora_rank: width of the query latent"},
      {"r_kv", "kv_lora_rank: width of the key-value latent"},
      {"d_n", "qk_nope_head_dim: width of a head without rotary positions"},
      {"d_r", "qk_rope_head_dim: width of a head with rotary positions"},
      {"B", "relative_buckets: distances that have a bias"},
      {"F", "intermediate_size: width of the MLP, or of one expert"},
      {"F_s", "shared_intermediate_size: width of the shared experts together"},
      {"X", "num_experts: experts of a layer"},
      {"k", "num_experts_per_token: experts that a token passes through"},
      {"C", "num_channels: channels of an image"},
      {"P_h", "patch_height"},
      {"P_w", "patch_width"},
      {"M", "num_mel_bins: mel bands of a frame"},
      {"K", "conv_kernel: width of the convolution"},
      {"H_g", "input channels of one group of the convolution: H / conv_groups"},
      {"I", "inputs of a head layer"},
      {"O", "outputs of a head layer"},
  };
  return *kTable;
}

const std::vector<HeadLayerInfo>& head_layer_table() {
  static const auto* const kTable = new std::vector<HeadLayerInfo>{
      {"pooler", "dense layer on the first token"},
      {"transform", "dense layer before the output head (masked language models)", true},
      {"transform_norm", "norm after it"},
      {"output_bias", "bias of the output head, where it is registered beside it"},
      {"classifier", "logits of a classifier"},
      {"dense", "dense layer before a classifier"},
      {"score", "logits of a classifier on a decoder"},
      {"qa_outputs", "start and end of an answer"},
      {"summary", "projection of a sequence's summary"},
      {"seq_relationship", "next-sentence or sentence-order logits"},
      {"start_logits", "XLNet's answers: start"},
      {"end_dense", "XLNet's answers: end, first layer"},
      {"end_norm", "XLNet's answers: end, norm"},
      {"end_logits", "XLNet's answers: end, second layer"},
      {"answer_dense", "XLNet's answers: answerable, first layer"},
      {"answer_logits", "XLNet's answers: answerable, second layer"},
      {"projector", "projection before an audio classifier"},
      {"layer_weights", "a weight for each layer's output"},
      {"pixel_decoder", "1x1 convolution from hidden vectors to pixels"},
      {"visual_projection", "projection of the image tower", false, true},
      {"text_projection", "projection of the text tower", false, true},
      {"logit_scale", "CLIP's temperature"},
  };
  return *kTable;
}

HeadLayerInfo head_layer_info(std::string_view id) {
  for (const auto& info : head_layer_table()) {
    if (info.id == id) return info;
  }
  return {id, ""};
}

SymbolValues symbol_values(const TermContext& c) {
  SymbolValues values;
  if (c.stack != nullptr) {
    const auto& e = c.stack->embedding;
    const std::int64_t in_group = e.conv_groups > 0 ? c.stack->hidden_size / e.conv_groups : 0;
    values = {{"H", c.stack->hidden_size, "hidden_size"},
              {"E", e.embedding_size, "embedding.embedding_size"},
              {"V", e.vocab_size, "embedding.vocab_size"},
              {"T_n", e.token_tables, "embedding.token_tables"},
              {"S", e.position_rows, "embedding.position_rows"},
              {"W", e.position_width, "embedding.position_width"},
              {"T", e.type_rows, "embedding.type_rows"},
              {"N", e.norm_width, "embedding.norm_width"},
              {"R", e.relative_rows, "embedding.relative_rows"},
              {"C", e.num_channels, "embedding.num_channels"},
              {"P_h", e.patch_height, "embedding.patch_height"},
              {"P_w", e.patch_width, "embedding.patch_width"},
              {"M", e.num_mel_bins, "embedding.num_mel_bins"},
              {"K", e.conv_kernel, "embedding.conv_kernel"},
              {"H_g", in_group, "hidden_size"}};
  }
  if (c.group != nullptr) {
    const auto& m = c.group->mlp;
    const SymbolValues more = {{"L", c.group->num_layers(), "num_layers"},
                               {"F", m.intermediate_size, "mlp.intermediate_size"},
                               {"F_s", m.shared_intermediate_size, "mlp.shared_intermediate_size"},
                               {"X", m.num_experts, "mlp.num_experts"},
                               {"k", m.num_experts_per_token, "mlp.num_experts_per_token"}};
    values.insert(values.end(), more.begin(), more.end());
  }
  if (c.attention != nullptr) {
    const auto& a = *c.attention;
    const SymbolValues more = {{"n_q", a.num_heads, "attention.num_heads"},
                               {"n_kv", a.num_key_value_heads, "attention.num_key_value_heads"},
                               {"d", a.head_dim, "attention.head_dim"},
                               {"d_v", a.value_head_dim, "attention.value_head_dim"},
                               {"r_q", a.q_lora_rank, "attention.q_lora_rank"},
                               {"r_kv", a.kv_lora_rank, "attention.kv_lora_rank"},
                               {"d_n", a.qk_nope_head_dim, "attention.qk_nope_head_dim"},
                               {"d_r", a.qk_rope_head_dim, "attention.qk_rope_head_dim"},
                               {"B", a.relative_buckets, "attention.relative_buckets"}};
    values.insert(values.end(), more.begin(), more.end());
  }
  if (c.output != nullptr)
    values = {{"V", c.output->vocab_size, "vocab_size"}, {"W", c.output->width, "width"}};
  if (c.head_layer != nullptr)
    values = {{"I", c.head_layer->in, "in"}, {"O", c.head_layer->out, "out"}};
  return values;
}

}  // namespace tally::formulas
