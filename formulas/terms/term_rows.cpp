// One row a term. The strings are what is counted: see expression.h. Sources name the work that
// introduced the layer; the counts of all of them were checked against PyTorch (tests/formulas/).
#include <formulas/terms/row_list.h>

#include <algorithm>
#include <cassert>

namespace tally::formulas {
namespace {

constexpr auto kEmb = Component::kEmbedding;
constexpr auto kAtt = Component::kAttention;
constexpr auto kMlp = Component::kMlp;
constexpr auto kNor = Component::kNorm;
constexpr auto kHea = Component::kHead;

constexpr const char* kVaswani = "Vaswani et al. 2017";
constexpr const char* kBert = "Devlin et al. 2018 (BERT)";
constexpr const char* kT5 = "Raffel et al. 2020 (T5)";
constexpr const char* kXlnet = "Dai et al. 2019 (Transformer-XL); Yang et al. 2019 (XLNet)";
constexpr const char* kDeberta = "He et al. 2021 (DeBERTa)";
constexpr const char* kVit = "Dosovitskiy et al. 2020 (ViT)";
constexpr const char* kWhisper = "Radford et al. 2022 (Whisper)";
constexpr const char* kAlbert = "Lan et al. 2019 (ALBERT)";
constexpr const char* kOpt = "Zhang et al. 2022 (OPT)";
constexpr const char* kMla = "DeepSeek-AI 2024 (DeepSeek-V2), section 2.1";
constexpr const char* kGlu = "Shazeer 2020 (GLU variants)";
constexpr const char* kMoe = "Shazeer et al. 2017; Fedus et al. 2021 (Switch)";
constexpr const char* kGqa = "Vaswani et al. 2017; Shazeer 2019 (MQA); Ainslie et al. 2023 (GQA)";
constexpr const char* kQkNorm = "Henry et al. 2020 (QKNorm); Dehghani et al. 2023";
constexpr const char* kLayerNorm = "Ba et al. 2016 (LayerNorm); Zhang & Sennrich 2019 (RMSNorm)";
constexpr const char* kPress = "Press & Wolf 2017 (tied output embedding)";

bool has_weight(NormKind kind) { return kind != NormKind::kNone; }
bool has_bias(NormKind kind) { return kind == NormKind::kLayerNorm; }

using Context = TermContext;
const EmbeddingSpec& emb(const Context& c) { return c.stack->embedding; }
const AttentionSpec& att(const Context& c) { return *c.attention; }
const MlpSpec& mlp(const Context& c) { return c.group->mlp; }
bool latent(const Context& c) { return att(c).kind == AttentionKind::kLatent; }
bool q_latent(const Context& c) { return latent(c) && att(c).q_lora_rank > 0; }
bool gated(const Context& c) { return mlp(c).kind == MlpKind::kGated; }
bool dense(const Context& c) { return mlp(c).num_experts == 0; }
bool shared(const Context& c) { return !dense(c) && mlp(c).shared_intermediate_size > 0; }
bool fused_self(const Context& c) { return att(c).fused_qkv && !c.cross; }
bool fused(const Context& c) { return att(c).fused_qkv; }
bool fused_gate_up(const Context& c) { return mlp(c).fused_gate_up; }
bool stacked(const Context& c) { return mlp(c).stacked_experts; }
bool linear(const Context& c) { return c.head_layer->kind == HeadLayerKind::kLinear; }
bool head_norm(const Context& c) { return c.head_layer->kind == HeadLayerKind::kNorm; }

void add_embedding(RowList& rows) {
  rows.in(TermScope::kEmbedding, kEmb, "T_n");
  rows.whole(slot::kTokens, "V, E", "table of token vectors", kVaswani,
             [](const Context& c) { return emb(c).vocab_size > 0 && !emb(c).shares_token_table; });
  rows.in(TermScope::kEmbedding, kEmb);
  rows.whole(slot::kPositions, "S, W", "table of learned positions",
             "Radford et al. 2018 (GPT); Devlin et al. 2018 (BERT)", [](const Context& c) {
               return emb(c).positions == PositionKind::kLearned && emb(c).position_rows > 0;
             });
  rows.whole(slot::kTypes, "T, E", "table of token types (segments)", kBert,
             [](const Context& c) { return emb(c).type_rows > 0; });
  rows.whole(slot::kClassToken, "H", "vector of the class token", kVit,
             [](const Context& c) { return emb(c).class_token; });
  rows.whole(slot::kMaskToken, "H", "vector of the mask token",
             "Oquab et al. 2023 (DINOv2); Yang et al. 2019 (XLNet)",
             [](const Context& c) { return emb(c).mask_token; });
  rows.weight(slot::kPatch, "H, C, P_h, P_w", "convolution that turns a patch into a vector", kVit,
              [](const Context& c) { return emb(c).num_channels > 0; })
      .bias("H", [](const Context& c) { return emb(c).num_channels > 0 && emb(c).patch_bias; });
  const auto audio = [](const Context& c) { return emb(c).num_mel_bins > 0; };
  rows.weight(slot::kAudioConv1, "H, M, K", "first convolution over mel frames", kWhisper, audio)
      .bias("H", audio);
  rows.weight(slot::kAudioConv2, "H, H, K", "second convolution, stride 2", kWhisper, audio)
      .bias("H", audio);
  rows.weight(slot::kProjectIn, "H, E", "projection from embedding width to hidden width", kAlbert,
              [](const Context& c) { return emb(c).project_in; })
      .bias("H", [](const Context& c) { return emb(c).project_in && emb(c).project_in_bias; });
  rows.weight(slot::kProjectOut, "E, H", "projection back to embedding width, before the head",
              kOpt, [](const Context& c) { return emb(c).project_out; });
  rows.whole(slot::kRelative, "R, H", "table of relative positions, shared by all layers", kDeberta,
             [](const Context& c) { return emb(c).relative_rows > 0; });
  const auto conv = [](const Context& c) { return emb(c).conv_layer; };
  rows.weight(slot::kConv, "H, H_g, K",
              "convolution beside the first layer, H_g input channels a group", kDeberta, conv)
      .bias("H", conv);
  rows.in(TermScope::kEmbedding, kNor);
  rows.norm(
      slot::kEmbeddingNorm, "N", "norm of the embedding", kLayerNorm,
      [](const Context& c) { return has_weight(emb(c).norm); },
      [](const Context& c) { return has_bias(emb(c).norm); });
  rows.norm(
      slot::kRelativeNorm, "H", "norm of the relative positions", kDeberta,
      [](const Context& c) { return has_weight(emb(c).relative_norm); },
      [](const Context& c) { return has_bias(emb(c).relative_norm); });
  rows.norm(slot::kConvNorm, "H", "norm after the convolution", kDeberta, conv, conv);
}

template <QkNorm kKind>
bool qk_weight(const Context& c) {
  return att(c).qk_norm == kKind && has_weight(att(c).qk_norm_kind);
}
template <QkNorm kKind>
bool qk_bias(const Context& c) {
  return att(c).qk_norm == kKind && has_bias(att(c).qk_norm_kind);
}

void add_qk_norms(RowList& rows) {
  static const struct {
    Slot slot;
    const char* shape;
    const char* copies;
    const char* meaning;
    Present weight;
    Present bias;
  } kNorms[] = {
      {slot::kQNorm, "d", "L", "norm of the queries, one width for all heads",
       qk_weight<QkNorm::kHeadDim>, qk_bias<QkNorm::kHeadDim>},
      {slot::kKNorm, "d", "L", "norm of the keys, one width for all heads",
       qk_weight<QkNorm::kHeadDim>, qk_bias<QkNorm::kHeadDim>},
      {slot::kQNormFull, "n_q·d", "L", "norm of the queries, over all heads at once",
       qk_weight<QkNorm::kFull>, qk_bias<QkNorm::kFull>},
      {slot::kKNormFull, "n_kv·d", "L", "norm of the keys, over all heads at once",
       qk_weight<QkNorm::kFull>, qk_bias<QkNorm::kFull>},
      {slot::kQNormPerHead, "n_q, d", "L", "norm of the queries, weights of its own for each head",
       qk_weight<QkNorm::kPerHead>, qk_bias<QkNorm::kPerHead>},
      {slot::kKNormPerHead, "n_kv, d", "L", "norm of the keys, weights of its own for each head",
       qk_weight<QkNorm::kPerHead>, qk_bias<QkNorm::kPerHead>},
      {slot::kQNormEachHead, "d", "L·n_q", "norm of the queries, a norm of its own for each head",
       qk_weight<QkNorm::kEachHead>, qk_bias<QkNorm::kEachHead>},
      {slot::kKNormEachHead, "d", "L·n_kv", "norm of the keys, a norm of its own for each head",
       qk_weight<QkNorm::kEachHead>, qk_bias<QkNorm::kEachHead>},
  };
  for (const auto& norm : kNorms) {
    rows.in(TermScope::kAttention, kAtt, norm.copies);
    rows.add({norm.slot, Part::kWeight}, norm.shape, norm.meaning, kQkNorm, norm.weight);
    rows.add({norm.slot, Part::kBias}, norm.shape, std::string(norm.meaning) + ": bias", kQkNorm,
             norm.bias);
  }
}

void add_attention(RowList& rows) {
  rows.in(TermScope::kAttention, kAtt, "L");
  rows.weight(slot::kQ, "n_q·d, H", "query projection", kGqa,
              [](const Context& c) { return !q_latent(c); })
      .packed(slot::kQkv, fused_self)
      .transposable()
      .bias("n_q·d", [](const Context& c) { return !q_latent(c) && att(c).q_bias; });
  rows.weight(slot::kK, "n_kv·d, H", "key projection", kGqa,
              [](const Context& c) { return !latent(c); })
      .packed(slot::kQkv, fused)
      .transposable()
      .bias("n_kv·d", [](const Context& c) { return !latent(c) && att(c).k_bias; });
  rows.weight(slot::kV, "n_kv·d_v, H", "value projection", kGqa,
              [](const Context& c) { return !latent(c); })
      .packed(slot::kQkv, fused)
      .transposable()
      .bias("n_kv·d_v", [](const Context& c) { return !latent(c) && att(c).v_bias; });
  rows.weight(slot::kQA, "r_q, H", "queries: down to the latent", kMla, q_latent)
      .bias("r_q", [](const Context& c) { return q_latent(c) && att(c).latent_bias; });
  rows.weight(slot::kQANorm, "r_q", "norm of the query latent", kMla, q_latent);
  rows.weight(slot::kQB, "n_q·d, r_q", "queries: up from the latent", kMla, q_latent);
  rows.weight(slot::kKvA, "r_kv+d_r, H", "keys and values: down to the latent, and the rotary key",
              kMla, latent)
      .bias("r_kv+d_r", [](const Context& c) { return latent(c) && att(c).latent_bias; });
  rows.weight(slot::kKvANorm, "r_kv", "norm of the key-value latent", kMla, latent);
  rows.weight(slot::kKvB, "n_q·(d_n+d_v), r_kv", "keys and values: up from the latent", kMla,
              latent);
  add_qk_norms(rows);
  rows.in(TermScope::kAttention, kAtt, "L");
  rows.whole(slot::kSinks, "n_q", "one learned logit a head that takes up attention",
             "OpenAI 2025 (gpt-oss)", [](const Context& c) { return att(c).sinks; });
  rows.in(TermScope::kAttention, kAtt, "1");
  rows.whole(slot::kRelativeBias, "B, n_q",
             "bias by distance, held by a stack's first layer for all", kT5, [](const Context& c) {
               return att(c).relative_buckets > 0 && !c.cross && c.group->layers.front() == 0;
             });
  rows.in(TermScope::kAttention, kAtt, "L");
  const auto xl = [](const Context& c) { return att(c).xl_relative; };
  rows.weight(slot::kR, "H, n_q, d", "projection of relative positions", kXlnet, xl);
  rows.whole(slot::kRWBias, "n_q, d", "content bias", kXlnet, xl);
  rows.whole(slot::kRRBias, "n_q, d", "position bias", kXlnet, xl);
  rows.whole(slot::kRSBias, "n_q, d", "segment bias", kXlnet, xl);
  rows.whole(slot::kSegments, "2, n_q, d", "same and other segment", kXlnet, xl);
  const auto pos_key = [](const Context& c) { return att(c).position_key_proj; };
  const auto pos_query = [](const Context& c) { return att(c).position_query_proj; };
  rows.weight(slot::kPosKey, "n_q·d, H", "projection of positions to keys", kDeberta, pos_key)
      .bias("n_q·d", pos_key);
  rows.weight(slot::kPosQuery, "n_q·d, H", "projection of positions to queries", kDeberta,
              pos_query)
      .bias("n_q·d", pos_query);
  rows.weight(slot::kO, "H, n_q·d_v", "output projection", kGqa,
              [](const Context&) { return true; })
      .transposable()
      .bias("H", [](const Context& c) { return att(c).o_bias; });
}

void add_mlp(RowList& rows) {
  rows.in(TermScope::kLayer, kMlp, "L");
  const auto gate_and_up = [](const Context& c) { return gated(c) && fused_gate_up(c); };
  rows.weight(slot::kGate, "F, H", "gate projection", kGlu,
              [](const Context& c) { return dense(c) && gated(c); })
      .packed(slot::kGateUp, fused_gate_up)
      .transposable()
      .bias("F", [](const Context& c) { return dense(c) && gated(c) && mlp(c).up_bias; });
  rows.weight(slot::kUp, "F, H", "up projection", kVaswani, dense)
      .packed(slot::kGateUp, gate_and_up)
      .transposable()
      .bias("F", [](const Context& c) { return dense(c) && mlp(c).up_bias; });
  rows.weight(slot::kDown, "H, F", "down projection", kVaswani, dense)
      .transposable()
      .bias("H", [](const Context& c) { return dense(c) && mlp(c).down_bias; });
  const auto mixture = [](const Context& c) { return !dense(c); };
  rows.weight(slot::kRouter, "X, H", "router: a logit for each expert", kMoe, mixture)
      .bias("X", [](const Context& c) { return !dense(c) && mlp(c).router_bias; });
  rows.in(TermScope::kLayer, kMlp, "L·X");
  rows.weight(slot::kExpertsGate, "F, H", "gate projection of each expert", kMoe,
              [](const Context& c) { return !dense(c) && gated(c); })
      .packed(slot::kExpertsGateUp, stacked)
      .expert()
      .transposable()
      .bias("F", [](const Context& c) { return !dense(c) && gated(c) && mlp(c).up_bias; });
  rows.weight(slot::kExpertsUp, "F, H", "up projection of each expert", kMoe, mixture)
      .packed(slot::kExpertsGateUp, stacked)
      .expert()
      .transposable()
      .bias("F", [](const Context& c) { return !dense(c) && mlp(c).up_bias; });
  rows.weight(slot::kExpertsDown, "H, F", "down projection of each expert", kMoe, mixture)
      .packed(slot::kExpertsDown, stacked)
      .expert()
      .transposable()
      .bias("H", [](const Context& c) { return !dense(c) && mlp(c).down_bias; });
  rows.in(TermScope::kLayer, kMlp, "L");
  constexpr const char* kShared = "Dai et al. 2024 (DeepSeekMoE)";
  const auto shared_bias = [](const Context& c) { return shared(c) && mlp(c).shared_bias; };
  rows.weight(slot::kSharedGate, "F_s, H", "gate projection of the shared experts", kShared,
              [](const Context& c) { return shared(c) && gated(c); })
      .bias("F_s", [](const Context& c) { return shared(c) && gated(c) && mlp(c).shared_bias; });
  rows.weight(slot::kSharedUp, "F_s, H", "up projection of the shared experts", kShared, shared)
      .bias("F_s", shared_bias);
  rows.weight(slot::kSharedDown, "H, F_s", "down projection of the shared experts", kShared, shared)
      .bias("H", shared_bias);
  rows.weight(slot::kGateOfShared, "1, H", "gate of the shared experts",
              "Qwen Team 2024 (Qwen1.5-MoE)",
              [](const Context& c) { return shared(c) && mlp(c).shared_gate; });
  const auto scale = [](const Context& c) { return c.group->layer_scale; };
  rows.whole(slot::kLayerScale1, "H", "layer scale after attention", "Touvron et al. 2021 (CaiT)",
             scale);
  rows.whole(slot::kLayerScale2, "H", "layer scale after the MLP", "Touvron et al. 2021 (CaiT)",
             scale);
}

template <bool LayerGroup::*kFlag>
bool norm_weight(const Context& c) {
  return c.group->*kFlag && has_weight(c.group->norm);
}

template <bool LayerGroup::*kFlag>
bool norm_bias(const Context& c) {
  return c.group->*kFlag && has_bias(c.group->norm);
}

void add_norms(RowList& rows) {
  using G = LayerGroup;
  rows.in(TermScope::kLayer, kNor, "L");
  rows.norm(slot::kAttentionNorm, "H", "norm before attention", kLayerNorm,
            norm_weight<&G::attention_pre_norm>, norm_bias<&G::attention_pre_norm>);
  rows.norm(slot::kAttentionPostNorm, "H", "norm after attention", kLayerNorm,
            norm_weight<&G::attention_post_norm>, norm_bias<&G::attention_post_norm>);
  rows.norm(slot::kCrossAttentionNorm, "H", "norm of cross attention", kLayerNorm,
            norm_weight<&G::cross_attention_norm>, norm_bias<&G::cross_attention_norm>);
  rows.norm(slot::kMlpNorm, "H", "norm before the MLP", kLayerNorm, norm_weight<&G::mlp_pre_norm>,
            norm_bias<&G::mlp_pre_norm>);
  rows.norm(slot::kMlpPostNorm, "H", "norm after the MLP", kLayerNorm,
            norm_weight<&G::mlp_post_norm>, norm_bias<&G::mlp_post_norm>);
}

void add_heads(RowList& rows) {
  rows.in(TermScope::kFinalNorm, kNor);
  rows.norm(
      slot::kFinalNorm, "H", "norm behind the last layer", kLayerNorm,
      [](const Context& c) { return has_weight(c.stack->final_norm); },
      [](const Context& c) { return has_bias(c.stack->final_norm); });
  rows.in(TermScope::kOutput, kHea);
  rows.weight(slot::kOutput, "V, W", "logits over the vocabulary; 0 where tied to the token table",
              kPress, [](const Context& c) { return c.output->present; })
      .bias("V", [](const Context& c) { return c.output->present && c.output->bias; });
  rows.add({slot::kOutput, Part::kSecondBias}, "V",
           "the same bias under a second name; 0 while tied", kBert, [](const Context& c) {
             return c.output->present && c.output->bias && c.output->second_bias;
           });
  rows.in(TermScope::kHeadLayer, kHea);
  rows.weight(slot::kHeadLayer, "O, I", "linear layer of a head: pooler, transform, classifier",
              kBert, linear)
      .bias("O", [](const Context& c) { return linear(c) && c.head_layer->bias; });
  rows.norm(
      slot::kHeadNorm, "I", "norm inside a head", kBert,
      [](const Context& c) { return head_norm(c) && has_weight(c.head_layer->norm); },
      [](const Context& c) { return head_norm(c) && has_bias(c.head_layer->norm); });
  rows.whole(slot::kHeadVector, "I", "vector of a head (CLIP's logit scale)",
             "Radford et al. 2021 (CLIP)",
             [](const Context& c) { return c.head_layer->kind == HeadLayerKind::kVector; });
}

/// What few rows have.
constexpr struct {
  Slot slot;
  bool TermTraits::*trait;
} kTraits[] = {
    {slot::kTokens, &TermTraits::token_table}, {slot::kFinalNorm, &TermTraits::final_norm},
    {slot::kQA, &TermTraits::whole},           {slot::kKvA, &TermTraits::whole},
    {slot::kQNormPerHead, &TermTraits::whole}, {slot::kKNormPerHead, &TermTraits::whole},
    {slot::kRouter, &TermTraits::whole},       {slot::kRouter, &TermTraits::kept},
    {slot::kGateOfShared, &TermTraits::kept},  {slot::kRelativeBias, &TermTraits::kept}};

std::vector<TermRow> make_rows() {
  RowList list;
  add_embedding(list);
  add_attention(list);
  add_mlp(list);
  add_norms(list);
  add_heads(list);
  std::vector<TermRow> rows = list.take();
  for (TermRow& row : rows) {
    row.info.id = row.name.text();
    for (const auto& [slot, trait] : kTraits) {
      if (row.name.slot == slot) row.traits.*trait = true;
    }
  }
  assert(std::all_of(std::begin(kTraits), std::end(kTraits), [&](const auto& trait) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const TermRow& row) { return row.name.slot == trait.slot; });
  }));
  return rows;
}

/// A row of the attention table as cross attention has it.
TermInfo as_cross(const TermRow& row) {
  TermInfo info = row.info;
  TermName name = row.name;
  info.cross = name.cross = true;
  info.id = name.text();
  info.meaning = "cross attention: " + info.meaning;
  return info;
}

}  // namespace

const std::vector<TermRow>& term_rows() {
  static const auto* const kRows = new std::vector<TermRow>(make_rows());
  return *kRows;
}

const std::vector<TermInfo>& term_table() {
  static const auto* const kTable = [] {
    auto* table = new std::vector<TermInfo>;
    std::vector<TermInfo> cross;
    for (const auto& row : term_rows()) {
      if (row.scope != TermScope::kAttention && !cross.empty()) {
        table->insert(table->end(), cross.begin(), cross.end());
        cross.clear();
      }
      table->push_back(row.info);
      if (row.scope == TermScope::kAttention && row.info.copies != "1")
        cross.push_back(as_cross(row));
    }
    return table;
  }();
  return *kTable;
}

}  // namespace tally::formulas
