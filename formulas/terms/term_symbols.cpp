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
    values = {{"H", c.stack->hidden_size, "hidden_size", FieldPart::kStack},
              {"E", e.embedding_size, "embedding_size", FieldPart::kEmbedding},
              {"V", e.vocab_size, "vocab_size", FieldPart::kEmbedding},
              {"T_n", e.token_tables, "token_tables", FieldPart::kEmbedding},
              {"S", e.position_rows, "position_rows", FieldPart::kEmbedding},
              {"W", e.position_width, "position_width", FieldPart::kEmbedding},
              {"T", e.type_rows, "type_rows", FieldPart::kEmbedding},
              {"N", e.norm_width, "norm_width", FieldPart::kEmbedding},
              {"R", e.relative_rows, "relative_rows", FieldPart::kEmbedding},
              {"C", e.num_channels, "num_channels", FieldPart::kEmbedding},
              {"P_h", e.patch_height, "patch_height", FieldPart::kEmbedding},
              {"P_w", e.patch_width, "patch_width", FieldPart::kEmbedding},
              {"M", e.num_mel_bins, "num_mel_bins", FieldPart::kEmbedding},
              {"K", e.conv_kernel, "conv_kernel", FieldPart::kEmbedding},
              {"H_g", in_group, "hidden_size", FieldPart::kStack}};
  }
  if (c.group != nullptr) {
    const auto& m = c.group->mlp;
    const SymbolValues more = {
        {"L", c.group->num_layers(), "num_layers", FieldPart::kGroup},
        {"F", m.intermediate_size, "intermediate_size", FieldPart::kMlp},
        {"F_s", m.shared_intermediate_size, "shared_intermediate_size", FieldPart::kMlp},
        {"X", m.num_experts, "num_experts", FieldPart::kMlp},
        {"k", m.num_experts_per_token, "num_experts_per_token", FieldPart::kMlp}};
    values.insert(values.end(), more.begin(), more.end());
  }
  if (c.attention != nullptr) {
    const auto& a = *c.attention;
    const SymbolValues more = {
        {"n_q", a.num_heads, "num_heads", FieldPart::kAttention},
        {"n_kv", a.num_key_value_heads, "num_key_value_heads", FieldPart::kAttention},
        {"d", a.head_dim, "head_dim", FieldPart::kAttention},
        {"d_v", a.value_head_dim, "value_head_dim", FieldPart::kAttention},
        {"r_q", a.q_lora_rank, "q_lora_rank", FieldPart::kAttention},
        {"r_kv", a.kv_lora_rank, "kv_lora_rank", FieldPart::kAttention},
        {"d_n", a.qk_nope_head_dim, "qk_nope_head_dim", FieldPart::kAttention},
        {"d_r", a.qk_rope_head_dim, "qk_rope_head_dim", FieldPart::kAttention},
        {"B", a.relative_buckets, "relative_buckets", FieldPart::kAttention}};
    values.insert(values.end(), more.begin(), more.end());
  }
  if (c.output != nullptr)
    values = {{"V", c.output->vocab_size, "vocab_size", FieldPart::kOutput},
              {"W", c.output->width, "width", FieldPart::kOutput}};
  if (c.head_layer != nullptr)
    values = {{"I", c.head_layer->in, "in", FieldPart::kHeadLayer},
              {"O", c.head_layer->out, "out", FieldPart::kHeadLayer}};
  return values;
}

}  // namespace tally::formulas
