// One row a term. The strings are what is counted: see expression.h. Sources name the work that
// introduced the layer; the counts of all of them were checked against PyTorch (tests/formulas/).
#include <formulas/terms/term_rows.h>

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

void add_embedding(std::vector<TermRow>& rows) {
  const auto add = [&rows](const char* id, Component component, const char* shape,
                           const char* meaning, const char* source, bool (*present)(const Context&),
                           const char* copies = "1") {
    rows.push_back({{id, component, shape, copies, meaning, source},
                    TermScope::kEmbedding,
                    present,
                    "",
                    nullptr,
                    false,
                    false});
  };
  add(
      "embedding.tokens", kEmb, "V, E", "table of token vectors", kVaswani,
      [](const Context& c) { return emb(c).vocab_size > 0 && !emb(c).shares_token_table; }, "T_n");
  add("embedding.positions", kEmb, "S, W", "table of learned positions",
      "Radford et al. 2018 (GPT); Devlin et al. 2018 (BERT)", [](const Context& c) {
        return emb(c).positions == PositionKind::kLearned && emb(c).position_rows > 0;
      });
  add("embedding.types", kEmb, "T, E", "table of token types (segments)", kBert,
      [](const Context& c) { return emb(c).type_rows > 0; });
  add("embedding.class_token", kEmb, "H", "vector of the class token", kVit,
      [](const Context& c) { return emb(c).class_token; });
  add("embedding.mask_token", kEmb, "H", "vector of the mask token",
      "Oquab et al. 2023 (DINOv2); Yang et al. 2019 (XLNet)",
      [](const Context& c) { return emb(c).mask_token; });
  add("embedding.patch.weight", kEmb, "H, C, P_h, P_w",
      "convolution that turns a patch into a vector", kVit,
      [](const Context& c) { return emb(c).num_channels > 0; });
  add("embedding.patch.bias", kEmb, "H", "its bias", kVit,
      [](const Context& c) { return emb(c).num_channels > 0 && emb(c).patch_bias; });
  const auto audio = [](const Context& c) { return emb(c).num_mel_bins > 0; };
  add("embedding.audio.conv1.weight", kEmb, "H, M, K", "first convolution over mel frames",
      kWhisper, audio);
  add("embedding.audio.conv1.bias", kEmb, "H", "its bias", kWhisper, audio);
  add("embedding.audio.conv2.weight", kEmb, "H, H, K", "second convolution, stride 2", kWhisper,
      audio);
  add("embedding.audio.conv2.bias", kEmb, "H", "its bias", kWhisper, audio);
  add("embedding.project_in.weight", kEmb, "H, E",
      "projection from embedding width to hidden width", kAlbert,
      [](const Context& c) { return emb(c).project_in; });
  add("embedding.project_in.bias", kEmb, "H", "its bias", kAlbert,
      [](const Context& c) { return emb(c).project_in && emb(c).project_in_bias; });
  add("embedding.project_out.weight", kEmb, "E, H",
      "projection back to embedding width, before the head", kOpt,
      [](const Context& c) { return emb(c).project_out; });
  add("embedding.relative", kEmb, "R, H", "table of relative positions, shared by all layers",
      kDeberta, [](const Context& c) { return emb(c).relative_rows > 0; });
  const auto conv = [](const Context& c) { return emb(c).conv_layer; };
  add("embedding.conv.weight", kEmb, "H, H_g, K",
      "convolution beside the first layer, H_g input channels a group", kDeberta, conv);
  add("embedding.conv.bias", kEmb, "H", "its bias", kDeberta, conv);
  add("embedding.norm.weight", kNor, "N", "norm of the embedding: weight", kLayerNorm,
      [](const Context& c) { return has_weight(emb(c).norm); });
  add("embedding.norm.bias", kNor, "N", "norm of the embedding: bias", kLayerNorm,
      [](const Context& c) { return has_bias(emb(c).norm); });
  add("embedding.relative_norm.weight", kNor, "H", "norm of the relative positions: weight",
      kDeberta, [](const Context& c) { return has_weight(emb(c).relative_norm); });
  add("embedding.relative_norm.bias", kNor, "H", "norm of the relative positions: bias", kDeberta,
      [](const Context& c) { return has_bias(emb(c).relative_norm); });
  add("embedding.conv_norm.weight", kNor, "H", "norm after the convolution: weight", kDeberta,
      conv);
  add("embedding.conv_norm.bias", kNor, "H", "norm after the convolution: bias", kDeberta, conv);
}

void add_qk_norms(std::vector<TermRow>& rows) {
  struct Variant {
    const char* name;
    const char* q_shape;
    const char* k_shape;
    const char* q_copies;
    const char* k_copies;
    const char* meaning;
    bool (*weight)(const Context&);
    bool (*bias)(const Context&);
  };
  static const Variant kVariants[] = {
      {"_norm", "d", "d", "L", "L", "one width for all heads",
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kHeadDim && has_weight(att(c).qk_norm_kind);
       },
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kHeadDim && has_bias(att(c).qk_norm_kind);
       }},
      {"_norm_full", "n_q·d", "n_kv·d", "L", "L", "over all heads at once",
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kFull && has_weight(att(c).qk_norm_kind);
       },
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kFull && has_bias(att(c).qk_norm_kind);
       }},
      {"_norm_per_head", "n_q, d", "n_kv, d", "L", "L", "weights of its own for each head",
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kPerHead && has_weight(att(c).qk_norm_kind);
       },
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kPerHead && has_bias(att(c).qk_norm_kind);
       }},
      {"_norm_each_head", "d", "d", "L·n_q", "L·n_kv", "a norm of its own for each head",
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kEachHead && has_weight(att(c).qk_norm_kind);
       },
       [](const Context& c) {
         return att(c).qk_norm == QkNorm::kEachHead && has_bias(att(c).qk_norm_kind);
       }},
  };
  for (const auto& v : kVariants) {
    for (const bool q : {true, false}) {
      const std::string base = std::string("attention.") + (q ? "q" : "k") + v.name;
      const std::string meaning =
          std::string("norm of the ") + (q ? "queries" : "keys") + ", " + v.meaning;
      const auto* shape = q ? v.q_shape : v.k_shape;
      const auto* copies = q ? v.q_copies : v.k_copies;
      rows.push_back({{base + ".weight", kAtt, shape, copies, meaning, kQkNorm},
                      TermScope::kAttention,
                      v.weight,
                      "",
                      nullptr,
                      false,
                      false});
      rows.push_back({{base + ".bias", kAtt, shape, copies, meaning + ": bias", kQkNorm},
                      TermScope::kAttention,
                      v.bias,
                      "",
                      nullptr,
                      false,
                      false});
    }
  }
}

void add_attention(std::vector<TermRow>& rows) {
  const auto add = [&rows](const char* id, const char* shape, const char* meaning,
                           const char* source, bool (*present)(const Context&),
                           std::string_view packing = "", bool (*packed)(const Context&) = nullptr,
                           bool transposable = false) {
    rows.push_back({{id, kAtt, shape, "L", meaning, source},
                    TermScope::kAttention,
                    present,
                    packing,
                    packed,
                    false,
                    transposable});
  };
  add(
      "attention.q.weight", "n_q·d, H", "query projection", kGqa,
      [](const Context& c) { return !q_latent(c); }, "attention.qkv", fused_self, true);
  add(
      "attention.q.bias", "n_q·d", "its bias", kGqa,
      [](const Context& c) { return !q_latent(c) && att(c).q_bias; }, "attention.qkv", fused_self);
  add(
      "attention.k.weight", "n_kv·d, H", "key projection", kGqa,
      [](const Context& c) { return !latent(c); }, "attention.qkv", fused, true);
  add(
      "attention.k.bias", "n_kv·d", "its bias", kGqa,
      [](const Context& c) { return !latent(c) && att(c).k_bias; }, "attention.qkv", fused);
  add(
      "attention.v.weight", "n_kv·d_v, H", "value projection", kGqa,
      [](const Context& c) { return !latent(c); }, "attention.qkv", fused, true);
  add(
      "attention.v.bias", "n_kv·d_v", "its bias", kGqa,
      [](const Context& c) { return !latent(c) && att(c).v_bias; }, "attention.qkv", fused);
  add("attention.q_a.weight", "r_q, H", "queries: down to the latent", kMla, q_latent);
  add("attention.q_a.bias", "r_q", "its bias", kMla,
      [](const Context& c) { return q_latent(c) && att(c).latent_bias; });
  add("attention.q_a_norm.weight", "r_q", "norm of the query latent", kMla, q_latent);
  add("attention.q_b.weight", "n_q·d, r_q", "queries: up from the latent", kMla, q_latent);
  add("attention.kv_a.weight", "r_kv+d_r, H",
      "keys and values: down to the latent, and the rotary key", kMla, latent);
  add("attention.kv_a.bias", "r_kv+d_r", "its bias", kMla,
      [](const Context& c) { return latent(c) && att(c).latent_bias; });
  add("attention.kv_a_norm.weight", "r_kv", "norm of the key-value latent", kMla, latent);
  add("attention.kv_b.weight", "n_q·(d_n+d_v), r_kv", "keys and values: up from the latent", kMla,
      latent);
  add_qk_norms(rows);
  add("attention.sinks", "n_q", "one learned logit a head that takes up attention",
      "OpenAI 2025 (gpt-oss)", [](const Context& c) { return att(c).sinks; });
  rows.push_back({{"attention.relative_bias", kAtt, "B, n_q", "1",
                   "bias by distance, held by a stack's first layer for all", kT5},
                  TermScope::kAttention,
                  [](const Context& c) {
                    return att(c).relative_buckets > 0 && !c.cross && c.group->layers.front() == 0;
                  },
                  "",
                  nullptr,
                  false,
                  false});
  const auto xl = [](const Context& c) { return att(c).xl_relative; };
  add("attention.r.weight", "H, n_q, d", "projection of relative positions", kXlnet, xl);
  add("attention.r_w_bias", "n_q, d", "content bias", kXlnet, xl);
  add("attention.r_r_bias", "n_q, d", "position bias", kXlnet, xl);
  add("attention.r_s_bias", "n_q, d", "segment bias", kXlnet, xl);
  add("attention.segments", "2, n_q, d", "same and other segment", kXlnet, xl);
  const auto pos_key = [](const Context& c) { return att(c).position_key_proj; };
  const auto pos_query = [](const Context& c) { return att(c).position_query_proj; };
  add("attention.pos_key.weight", "n_q·d, H", "projection of positions to keys", kDeberta, pos_key);
  add("attention.pos_key.bias", "n_q·d", "its bias", kDeberta, pos_key);
  add("attention.pos_query.weight", "n_q·d, H", "projection of positions to queries", kDeberta,
      pos_query);
  add("attention.pos_query.bias", "n_q·d", "its bias", kDeberta, pos_query);
  add(
      "attention.o.weight", "H, n_q·d_v", "output projection", kGqa,
      [](const Context&) { return true; }, "", nullptr, true);
  add("attention.o.bias", "H", "its bias", kGqa, [](const Context& c) { return att(c).o_bias; });
}

void add_mlp(std::vector<TermRow>& rows) {
  const auto add = [&rows](const char* id, const char* shape, const char* copies,
                           const char* meaning, const char* source, bool (*present)(const Context&),
                           std::string_view packing = "", bool (*packed)(const Context&) = nullptr,
                           bool expert = false, bool transposable = false) {
    rows.push_back({{id, kMlp, shape, copies, meaning, source},
                    TermScope::kLayer,
                    present,
                    packing,
                    packed,
                    expert,
                    transposable});
  };
  add(
      "mlp.gate.weight", "F, H", "L", "gate projection", kGlu,
      [](const Context& c) { return dense(c) && gated(c); }, "mlp.gate_up", fused_gate_up, false,
      true);
  add(
      "mlp.gate.bias", "F", "L", "its bias", kGlu,
      [](const Context& c) { return dense(c) && gated(c) && mlp(c).up_bias; }, "mlp.gate_up",
      fused_gate_up);
  add(
      "mlp.up.weight", "F, H", "L", "up projection", kVaswani,
      [](const Context& c) { return dense(c); }, "mlp.gate_up",
      [](const Context& c) { return gated(c) && fused_gate_up(c); }, false, true);
  add(
      "mlp.up.bias", "F", "L", "its bias", kVaswani,
      [](const Context& c) { return dense(c) && mlp(c).up_bias; }, "mlp.gate_up",
      [](const Context& c) { return gated(c) && fused_gate_up(c); });
  add(
      "mlp.down.weight", "H, F", "L", "down projection", kVaswani,
      [](const Context& c) { return dense(c); }, "", nullptr, false, true);
  add("mlp.down.bias", "H", "L", "its bias", kVaswani,
      [](const Context& c) { return dense(c) && mlp(c).down_bias; });
  add("mlp.router.weight", "X, H", "L", "router: a logit for each expert", kMoe,
      [](const Context& c) { return !dense(c); });
  add("mlp.router.bias", "X", "L", "its bias", kMoe,
      [](const Context& c) { return !dense(c) && mlp(c).router_bias; });
  add(
      "mlp.experts.gate.weight", "F, H", "L·X", "gate projection of each expert", kMoe,
      [](const Context& c) { return !dense(c) && gated(c); }, "mlp.experts.gate_up", stacked, true,
      true);
  add(
      "mlp.experts.gate.bias", "F", "L·X", "its bias", kMoe,
      [](const Context& c) { return !dense(c) && gated(c) && mlp(c).up_bias; },
      "mlp.experts.gate_up", stacked, true);
  add(
      "mlp.experts.up.weight", "F, H", "L·X", "up projection of each expert", kMoe,
      [](const Context& c) { return !dense(c); }, "mlp.experts.gate_up", stacked, true, true);
  add(
      "mlp.experts.up.bias", "F", "L·X", "its bias", kMoe,
      [](const Context& c) { return !dense(c) && mlp(c).up_bias; }, "mlp.experts.gate_up", stacked,
      true);
  add(
      "mlp.experts.down.weight", "H, F", "L·X", "down projection of each expert", kMoe,
      [](const Context& c) { return !dense(c); }, "mlp.experts.down", stacked, true, true);
  add(
      "mlp.experts.down.bias", "H", "L·X", "its bias", kMoe,
      [](const Context& c) { return !dense(c) && mlp(c).down_bias; }, "mlp.experts.down", stacked,
      true);
  constexpr const char* kShared = "Dai et al. 2024 (DeepSeekMoE)";
  add("mlp.shared.gate.weight", "F_s, H", "L", "gate projection of the shared experts", kShared,
      [](const Context& c) { return shared(c) && gated(c); });
  add("mlp.shared.gate.bias", "F_s", "L", "its bias", kShared,
      [](const Context& c) { return shared(c) && gated(c) && mlp(c).shared_bias; });
  add("mlp.shared.up.weight", "F_s, H", "L", "up projection of the shared experts", kShared,
      shared);
  add("mlp.shared.up.bias", "F_s", "L", "its bias", kShared,
      [](const Context& c) { return shared(c) && mlp(c).shared_bias; });
  add("mlp.shared.down.weight", "H, F_s", "L", "down projection of the shared experts", kShared,
      shared);
  add("mlp.shared.down.bias", "H", "L", "its bias", kShared,
      [](const Context& c) { return shared(c) && mlp(c).shared_bias; });
  add("mlp.shared_gate.weight", "1, H", "L", "gate of the shared experts",
      "Qwen Team 2024 (Qwen1.5-MoE)",
      [](const Context& c) { return shared(c) && mlp(c).shared_gate; });
  const auto scale = [](const Context& c) { return c.group->layer_scale; };
  add("mlp.layer_scale1", "H", "L", "layer scale after attention", "Touvron et al. 2021 (CaiT)",
      scale);
  add("mlp.layer_scale2", "H", "L", "layer scale after the MLP", "Touvron et al. 2021 (CaiT)",
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

void add_norms(std::vector<TermRow>& rows) {
  const auto add = [&rows](const std::string& id, const std::string& meaning,
                           bool (*weight)(const Context&), bool (*bias)(const Context&)) {
    rows.push_back({{id + ".weight", kNor, "H", "L", meaning + ": weight", kLayerNorm},
                    TermScope::kLayer,
                    weight,
                    "",
                    nullptr,
                    false,
                    false});
    rows.push_back({{id + ".bias", kNor, "H", "L", meaning + ": bias", kLayerNorm},
                    TermScope::kLayer,
                    bias,
                    "",
                    nullptr,
                    false,
                    false});
  };
  add("norm.attention", "norm before attention", norm_weight<&LayerGroup::attention_pre_norm>,
      norm_bias<&LayerGroup::attention_pre_norm>);
  add("norm.attention_post", "norm after attention", norm_weight<&LayerGroup::attention_post_norm>,
      norm_bias<&LayerGroup::attention_post_norm>);
  add("norm.cross_attention", "norm of cross attention",
      norm_weight<&LayerGroup::cross_attention_norm>, norm_bias<&LayerGroup::cross_attention_norm>);
  add("norm.mlp", "norm before the MLP", norm_weight<&LayerGroup::mlp_pre_norm>,
      norm_bias<&LayerGroup::mlp_pre_norm>);
  add("norm.mlp_post", "norm after the MLP", norm_weight<&LayerGroup::mlp_post_norm>,
      norm_bias<&LayerGroup::mlp_post_norm>);
}

void add_heads(std::vector<TermRow>& rows) {
  const auto add = [&rows](const char* id, Component component, TermScope scope, const char* shape,
                           const char* meaning, const char* source,
                           bool (*present)(const Context&)) {
    rows.push_back(
        {{id, component, shape, "1", meaning, source}, scope, present, "", nullptr, false, false});
  };
  add("norm.final.weight", kNor, TermScope::kFinalNorm, "H", "norm behind the last layer: weight",
      kLayerNorm, [](const Context& c) { return has_weight(c.stack->final_norm); });
  add("norm.final.bias", kNor, TermScope::kFinalNorm, "H", "norm behind the last layer: bias",
      kLayerNorm, [](const Context& c) { return has_bias(c.stack->final_norm); });
  add("head.output.weight", kHea, TermScope::kOutput, "V, W",
      "logits over the vocabulary; 0 where tied to the token table", kPress,
      [](const Context& c) { return c.output->present; });
  add("head.output.bias", kHea, TermScope::kOutput, "V", "its bias", kPress,
      [](const Context& c) { return c.output->present && c.output->bias; });
  add("head.output.second_bias", kHea, TermScope::kOutput, "V",
      "the same bias under a second name; 0 while tied", kBert, [](const Context& c) {
        return c.output->present && c.output->bias && c.output->second_bias;
      });
  const auto linear = [](const Context& c) { return c.head_layer->kind == HeadLayerKind::kLinear; };
  add("head.layer.weight", kHea, TermScope::kHeadLayer, "O, I",
      "linear layer of a head: pooler, transform, classifier", kBert, linear);
  add("head.layer.bias", kHea, TermScope::kHeadLayer, "O", "its bias", kBert, [](const Context& c) {
    return c.head_layer->kind == HeadLayerKind::kLinear && c.head_layer->bias;
  });
  add("head.layer_norm.weight", kHea, TermScope::kHeadLayer, "I", "norm inside a head: weight",
      kBert, [](const Context& c) {
        return c.head_layer->kind == HeadLayerKind::kNorm && has_weight(c.head_layer->norm);
      });
  add("head.layer_norm.bias", kHea, TermScope::kHeadLayer, "I", "norm inside a head: bias", kBert,
      [](const Context& c) {
        return c.head_layer->kind == HeadLayerKind::kNorm && has_bias(c.head_layer->norm);
      });
  add("head.vector", kHea, TermScope::kHeadLayer, "I", "vector of a head (CLIP's logit scale)",
      "Radford et al. 2021 (CLIP)",
      [](const Context& c) { return c.head_layer->kind == HeadLayerKind::kVector; });
}

/// What few rows have.
constexpr struct {
  std::string_view slot;
  bool TermTraits::*trait;
} kTraits[] = {{"embedding.tokens", &TermTraits::token_table},
               {"norm.final", &TermTraits::final_norm},
               {"attention.q_a", &TermTraits::whole},
               {"attention.kv_a", &TermTraits::whole},
               {"attention.q_norm_per_head", &TermTraits::whole},
               {"attention.k_norm_per_head", &TermTraits::whole},
               {"mlp.router", &TermTraits::whole},
               {"mlp.router", &TermTraits::kept},
               {"mlp.shared_gate", &TermTraits::kept},
               {"attention.relative_bias", &TermTraits::kept}};

/// The columns that an id and the tables above say.
void complete(TermRow& row) {
  row.slot = row.info.id;
  for (const std::string part : {"weight", "bias", "second_bias"}) {
    const auto at = row.slot.size() - std::min(row.slot.size(), part.size() + 1);
    if (row.slot.compare(at, std::string::npos, "." + part) != 0) continue;
    row.slot.resize(at);
    row.part = part;
    break;
  }
  row.traits.expert = row.expert;
  for (const auto& [slot, trait] : kTraits) {
    if (row.slot == slot) row.traits.*trait = true;
  }
}

std::vector<TermRow> make_rows() {
  std::vector<TermRow> rows;
  add_embedding(rows);
  add_attention(rows);
  add_mlp(rows);
  add_norms(rows);
  add_heads(rows);
  for (auto& row : rows) complete(row);
  assert(std::all_of(std::begin(kTraits), std::end(kTraits), [&](const auto& trait) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const TermRow& row) { return row.slot == trait.slot; });
  }));
  return rows;
}

/// A row of the attention table as cross attention has it.
TermRow as_cross(TermRow row) {
  row.info.id = "cross_" + row.info.id;
  row.info.meaning = "cross attention: " + row.info.meaning;
  return row;
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
        cross.push_back(as_cross(row).info);
    }
    return table;
  }();
  return *kTable;
}

}  // namespace tally::formulas
