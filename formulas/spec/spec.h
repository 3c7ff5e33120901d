// TransformerSpec: one parametrised specification for every transformer this program knows, not a
// class per family.
//
// A specification is plain data: sizes, flags and kinds. hf_config.h makes one from a Hugging Face
// config.json, presets.h from a name; terms.h derives every parameter tensor from it, switches.h
// lists its fields as data. It says nothing of batch, sequence length, optimizer or device. Make a
// copy and change it freely; `validate` says whether the result is one that can exist.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::formulas {

/// What a norm learns.
enum class NormKind {
  kNone,             ///< no parameters (also: a LayerNorm without affine weights, OLMo-1)
  kLayerNorm,        ///< weight and bias
  kLayerNormNoBias,  ///< weight only, mean subtracted (MPT, Cohere, ModernBERT)
  kRmsNorm,          ///< weight only, mean not subtracted
};

/// How keys and values are made.
enum class AttentionKind {
  kStandard,  ///< q, k, v, o projections; MHA, GQA and MQA differ in num_key_value_heads only
  kLatent,    ///< multi-head latent attention (MLA) of DeepSeek-V2/V3
};

/// Over what queries and keys are normalised before their product.
enum class QkNorm {
  kNone,
  kHeadDim,   ///< one weight of head_dim for all heads (Qwen3, Gemma 3, Phi)
  kFull,      ///< over the whole projection, n·d wide (OLMo 2, OLMoE)
  kPerHead,   ///< a weight of head_dim for each head, all heads in one tensor (Cohere)
  kEachHead,  ///< the same, one tensor a head (StableLM 2 12B)
};

/// How a stack knows the order of its tokens.
enum class PositionKind {
  kNone,
  kLearned,   ///< a table of position_rows
  kRotary,    ///< no parameters
  kAlibi,     ///< no parameters
  kRelative,  ///< inside attention: T5 buckets, DeBERTa, Transformer-XL
};

/// How many matrices a feed-forward part has.
enum class MlpKind {
  kTwoMatrix,  ///< up, activation, down
  kGated,      ///< gate and up, product, down
};

/// Attention of one layer, self or cross. Sizes are per layer.
struct AttentionSpec {
  AttentionKind kind = AttentionKind::kStandard;  ///< how keys and values are made
  std::int64_t num_heads = 0;                     ///< n_q, query heads
  /// n_kv, heads of keys and values; n_q of them: MHA, one: MQA
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;        ///< of q and k; num_heads·head_dim need not be hidden_size
  std::int64_t value_head_dim = 0;  ///< of v; equals head_dim but for MLA
  /// Whether the projection of q, k, v and the output has a bias.
  bool q_bias = false;
  bool k_bias = false;
  bool v_bias = false;
  bool o_bias = false;
  QkNorm qk_norm = QkNorm::kNone;              ///< over what queries and keys are normalised
  NormKind qk_norm_kind = NormKind::kRmsNorm;  ///< what that norm learns
  bool sinks = false;                          ///< one learned logit a head (gpt-oss)
  std::int64_t relative_buckets =
      0;  ///< T5: rows of the bias table that the first layer of a stack holds for all
  bool xl_relative = false;          ///< XLNet: r projection, three bias tables, two segment rows
  bool position_key_proj = false;    ///< DeBERTa with share_att_key off and "c2p"
  bool position_query_proj = false;  ///< DeBERTa with share_att_key off and "p2c"
  bool fused_qkv = false;   ///< q, k and v are rows of one stored tensor (cross attention: k and v)
  bool transposed = false;  ///< weights are stored input-first (GPT-2's Conv1D)
  // MLA only.
  std::int64_t q_lora_rank =
      0;  ///< r_q, width of the latent of queries; 0: q is projected directly
  std::int64_t kv_lora_rank = 0;      ///< r_kv, width of the latent of keys and values
  std::int64_t qk_nope_head_dim = 0;  ///< d_n, width of a head's part without rotary positions
  std::int64_t qk_rope_head_dim = 0;  ///< d_r, width of a head's part with rotary positions
  bool latent_bias = false;           ///< bias of q_a and kv_a projections
  // No parameters: for the KV cache and attention FLOPs.
  std::int64_t sliding_window = 0;       ///< tokens; 0: none
  std::int64_t num_windowed_layers = 0;  ///< how many of the group's layers use the window
};

/// Feed-forward part of one layer: dense, or a mixture when num_experts > 0.
struct MlpSpec {
  MlpKind kind = MlpKind::kTwoMatrix;         ///< how many matrices it has
  std::int64_t intermediate_size = 0;         ///< F of the dense MLP, or of each expert
  bool up_bias = false;                       ///< of up, and of gate where there is one
  bool down_bias = false;                     ///< of down
  std::int64_t num_experts = 0;               ///< X, how many experts a layer has; 0: dense
  std::int64_t num_experts_per_token = 0;     ///< k, how many of them a token passes through
  bool router_bias = false;                   ///< of the router's logits
  std::int64_t shared_intermediate_size = 0;  ///< F_s, all shared experts together; 0: none
  bool shared_bias = false;                   ///< of the shared experts
  bool shared_gate = false;      ///< Qwen-MoE: a gate vector of hidden_size for the shared expert
  bool fused_gate_up = false;    ///< gate and up are rows of one stored tensor
  bool stacked_experts = false;  ///< all experts of a layer lie in one stored tensor
  bool transposed = false;       ///< weights are stored input-first
};

/// Layers of a stack that are alike. Most stacks have one group; DeepSeek two (dense, then
/// mixtures).
struct LayerGroup {
  std::vector<std::int64_t>
      layers;  ///< their indices in the stack, ascending; sharing layers (ALBERT) stored once
  std::int64_t num_applied =
      0;                    ///< how many layers a token passes through; layers.size() unless shared
  AttentionSpec attention;  ///< self attention
  bool has_cross_attention = false;      ///< whether the layers also attend to the encoder
  AttentionSpec cross_attention;         ///< only where they do
  MlpSpec mlp;                           ///< feed-forward part
  NormKind norm = NormKind::kLayerNorm;  ///< what each of the layer's norms learns
  /// Where a norm stands: before or behind self attention, before cross attention, before or behind
  /// the feed-forward part.
  bool attention_pre_norm = false;
  bool attention_post_norm = false;
  bool cross_attention_norm = false;
  bool mlp_pre_norm = false;
  bool mlp_post_norm = false;
  bool layer_scale = false;     ///< DINOv2: two vectors of hidden_size
  bool parallel_block = false;  ///< attention and MLP read the same input; no parameters of its own

  /// Layers stored.
  std::int64_t num_layers() const { return static_cast<std::int64_t>(layers.size()); }
};

/// What turns tokens, patches or mel frames into vectors of hidden_size. Zero rows mean: no such
/// table.
struct EmbeddingSpec {
  std::int64_t vocab_size = 0;      ///< V, rows of the token table
  std::int64_t embedding_size = 0;  ///< E; hidden_size unless projected
  bool shares_token_table =
      false;  ///< the token table is another stack's (decoder of T5 and BART): none of its own
  std::int64_t token_tables = 1;  ///< tables stored; an untied BART has three of the same size
  std::int64_t token_table_aliases =
      0;  ///< how many further names this table is registered under (T5, BART)
  PositionKind positions = PositionKind::kNone;  ///< how the stack knows the order of its tokens
  std::int64_t position_rows =
      0;  ///< stored rows, padding rows included (OPT, BART +2; RoBERTa 514)
  std::int64_t position_width = 0;  ///< of the table of learned positions: E or H
  std::int64_t type_rows = 0;       ///< rows of the table of token types (segments)
  NormKind norm = NormKind::kNone;  ///< of the embedding's sum
  std::int64_t norm_width = 0;      ///< E or H
  bool project_in = false;          ///< lin(E, H)
  bool project_in_bias = false;     ///< of project_in
  bool project_out = false;         ///< lin(H, E) before the head (OPT-350M)
  std::int64_t relative_rows =
      0;  ///< DeBERTa: rows of the table of relative positions, hidden_size wide
  NormKind relative_norm = NormKind::kNone;  ///< of that table
  bool class_token = false;                  ///< one vector (ViT, DINOv2, CLIP)
  bool mask_token = false;                   ///< one vector (DINOv2, XLNet)
  std::int64_t num_channels = 0;             ///< images; 0: no patch embedding
  /// Height and width of a patch in pixels.
  std::int64_t patch_height = 0;
  std::int64_t patch_width = 0;
  bool patch_bias = false;        ///< of the patch embedding
  std::int64_t num_mel_bins = 0;  ///< M, channels of an audio frame; 0: no stem
  std::int64_t conv_kernel =
      0;                    ///< K, width of the audio stem's two convolutions, or of DeBERTa-v2's
  bool conv_layer = false;  ///< DeBERTa-v2 xlarge: a convolution and a norm beside the first layer
  std::int64_t conv_groups = 1;  ///< groups of DeBERTa-v2's convolution
};

/// One tower of layers.
struct StackSpec {
  std::string name;                       ///< "decoder", "encoder", "text" or "vision"
  std::int64_t hidden_size = 0;           ///< H, width of the residual stream
  EmbeddingSpec embedding;                ///< what makes the first vectors
  std::vector<LayerGroup> groups;         ///< its layers, alike ones together
  NormKind final_norm = NormKind::kNone;  ///< behind the last layer
  bool causal = false;                    ///< a token attends to itself and what is before it
  std::int64_t max_positions = 0;         ///< longest sequence the configuration names; 0: unknown

  /// Layers stored, of all groups.
  std::int64_t num_layers() const {
    std::int64_t sum = 0;
    for (const auto& group : groups) sum += group.num_layers();
    return sum;
  }
};

/// The layer that turns hidden vectors into logits over the vocabulary.
struct OutputHead {
  bool present = false;  ///< false: the model ends in hidden vectors
  bool tied = false;     ///< the weight is the token table
  bool bias = false;     ///< one for each row of the vocabulary
  bool second_bias =
      false;  ///< the bias is registered twice, one an alias while tied (BERT's MLM head)
  std::int64_t vocab_size = 0;  ///< V, rows: the logits of a position
  std::int64_t width = 0;       ///< H or E
};

enum class HeadLayerKind { kLinear, kNorm, kVector };  ///< what a HeadLayer is made of

/// A further layer behind the stacks: pooler, MLM transform, classifier, projection of a tower.
struct HeadLayer {
  bool present = true;  ///< false: left out, its sizes do nothing
  std::string id;  ///< "pooler", "transform", "classifier", ...; see head_layer_table() in terms.h
  HeadLayerKind kind = HeadLayerKind::kLinear;  ///< what it is made of
  std::int64_t in = 0;                          ///< width of a norm, length of a vector
  std::int64_t out = 0;                         ///< linear layers only
  bool bias = false;                            ///< linear layers only
  NormKind norm = NormKind::kNone;              ///< norms only
};

/// A transformer: its stacks, and what stands behind them.
struct TransformerSpec {
  std::string family;                  ///< `model_type` of the configuration, for example "llama"
  std::string architecture;            ///< class that was asked for, for example "LlamaForCausalLM"
  std::vector<StackSpec> stacks;       ///< encoder before decoder, text before vision
  OutputHead output;                   ///< logits over the vocabulary
  std::vector<HeadLayer> head_layers;  ///< whatever else stands behind the stacks
};

/// Refuses what cannot exist. Errors: kUsage for a size below one or beyond reason, heads that do
/// not divide, a group without layers. The message names the field as switches.h does.
Result<Unit> validate(const TransformerSpec& spec);

}  // namespace tally::formulas
