// Term keys: which tensor of a transformer a term is, as a value. Text is made of a key where a
// report shows it; no text is taken apart, and no name put together elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <tuple>

namespace tally::formulas {

/// A place for tensors: in a layer, around the layers or behind them. One constant each, below.
class Slot {
 public:
  constexpr Slot() = default;
  explicit constexpr Slot(std::string_view text) : text_(text) {}

  constexpr std::string_view text() const { return text_; }  ///< "attention.q"
  /// Whether it is one of the constants below.
  constexpr bool valid() const { return !text_.empty(); }
  friend constexpr bool operator==(Slot a, Slot b) { return a.text_ == b.text_; }
  friend constexpr bool operator!=(Slot a, Slot b) { return !(a == b); }
  friend constexpr bool operator<(Slot a, Slot b) { return a.text_ < b.text_; }

 private:
  std::string_view text_;
};

namespace slot {

/// Of an embedding.
inline constexpr Slot kTokens{"embedding.tokens"};
inline constexpr Slot kPositions{"embedding.positions"};
inline constexpr Slot kTypes{"embedding.types"};
inline constexpr Slot kClassToken{"embedding.class_token"};
inline constexpr Slot kMaskToken{"embedding.mask_token"};
inline constexpr Slot kPatch{"embedding.patch"};
inline constexpr Slot kAudioConv1{"embedding.audio.conv1"};
inline constexpr Slot kAudioConv2{"embedding.audio.conv2"};
inline constexpr Slot kProjectIn{"embedding.project_in"};
inline constexpr Slot kProjectOut{"embedding.project_out"};
inline constexpr Slot kRelative{"embedding.relative"};
inline constexpr Slot kConv{"embedding.conv"};
inline constexpr Slot kEmbeddingNorm{"embedding.norm"};
inline constexpr Slot kRelativeNorm{"embedding.relative_norm"};
inline constexpr Slot kConvNorm{"embedding.conv_norm"};

/// Of an attention; a cross-attention has the same once more. kQkv is what queries, keys and values
/// (or the latter two) are stored as, where they are one tensor.
inline constexpr Slot kQ{"attention.q"};
inline constexpr Slot kK{"attention.k"};
inline constexpr Slot kV{"attention.v"};
inline constexpr Slot kQkv{"attention.qkv"};
inline constexpr Slot kO{"attention.o"};
inline constexpr Slot kQA{"attention.q_a"};
inline constexpr Slot kQANorm{"attention.q_a_norm"};
inline constexpr Slot kQB{"attention.q_b"};
inline constexpr Slot kKvA{"attention.kv_a"};
inline constexpr Slot kKvANorm{"attention.kv_a_norm"};
inline constexpr Slot kKvB{"attention.kv_b"};
inline constexpr Slot kQNorm{"attention.q_norm"};
inline constexpr Slot kKNorm{"attention.k_norm"};
inline constexpr Slot kQNormFull{"attention.q_norm_full"};
inline constexpr Slot kKNormFull{"attention.k_norm_full"};
inline constexpr Slot kQNormPerHead{"attention.q_norm_per_head"};
inline constexpr Slot kKNormPerHead{"attention.k_norm_per_head"};
inline constexpr Slot kQNormEachHead{"attention.q_norm_each_head"};
inline constexpr Slot kKNormEachHead{"attention.k_norm_each_head"};
inline constexpr Slot kSinks{"attention.sinks"};
inline constexpr Slot kRelativeBias{"attention.relative_bias"};
inline constexpr Slot kR{"attention.r"};
inline constexpr Slot kRWBias{"attention.r_w_bias"};
inline constexpr Slot kRRBias{"attention.r_r_bias"};
inline constexpr Slot kRSBias{"attention.r_s_bias"};
inline constexpr Slot kSegments{"attention.segments"};
inline constexpr Slot kPosKey{"attention.pos_key"};
inline constexpr Slot kPosQuery{"attention.pos_query"};

/// Of an MLP, its experts and its shared experts; kGateUp and the like: gate and up stored as one.
inline constexpr Slot kGate{"mlp.gate"};
inline constexpr Slot kUp{"mlp.up"};
inline constexpr Slot kGateUp{"mlp.gate_up"};
inline constexpr Slot kDown{"mlp.down"};
inline constexpr Slot kRouter{"mlp.router"};
inline constexpr Slot kExpertsGate{"mlp.experts.gate"};
inline constexpr Slot kExpertsUp{"mlp.experts.up"};
inline constexpr Slot kExpertsGateUp{"mlp.experts.gate_up"};
inline constexpr Slot kExpertsDown{"mlp.experts.down"};
inline constexpr Slot kSharedGate{"mlp.shared.gate"};
inline constexpr Slot kSharedUp{"mlp.shared.up"};
inline constexpr Slot kSharedGateUp{"mlp.shared.gate_up"};
inline constexpr Slot kSharedDown{"mlp.shared.down"};
inline constexpr Slot kGateOfShared{"mlp.shared_gate"};
inline constexpr Slot kLayerScale1{"mlp.layer_scale1"};
inline constexpr Slot kLayerScale2{"mlp.layer_scale2"};

/// Norms of layers, and the one behind the last.
inline constexpr Slot kAttentionNorm{"norm.attention"};
inline constexpr Slot kAttentionPostNorm{"norm.attention_post"};
inline constexpr Slot kCrossAttentionNorm{"norm.cross_attention"};
inline constexpr Slot kMlpNorm{"norm.mlp"};
inline constexpr Slot kMlpPostNorm{"norm.mlp_post"};
inline constexpr Slot kFinalNorm{"norm.final"};

/// Behind the stacks: the output over the vocabulary, and the layers that `TermName::head_layer`
/// names (all of them kHeadLayer in a key; the table of terms has a row for each kind).
inline constexpr Slot kOutput{"head.output"};
inline constexpr Slot kHeadLayer{"head.layer"};
inline constexpr Slot kHeadNorm{"head.layer_norm"};
inline constexpr Slot kHeadVector{"head.vector"};

}  // namespace slot

/// Whether a norm stands before or behind its block shows in no tensor: the slot on the other side
/// of the block. Invalid for what is no such norm.
Slot other_side(Slot norm);

/// Which tensor of a slot.
enum class Part { kWhole, kWeight, kBias, kSecondBias };

/// Which tensor, without where: "attention.q.weight", "cross_attention.o.bias", "head.pooler.bias".
struct TermName {
  Slot slot = {};               ///< the place
  Part part = Part::kWhole;     ///< and which of its tensors
  bool cross = false;           ///< of the cross-attention
  std::string head_layer = {};  ///< id of a layer behind the stacks, for slot::kHeadLayer

  /// As the examples above.
  std::string text() const;
  friend bool operator==(const TermName& a, const TermName& b) { return a.tie() == b.tie(); }
  friend bool operator!=(const TermName& a, const TermName& b) { return !(a == b); }
  friend bool operator<(const TermName& a, const TermName& b) { return a.tie() < b.tie(); }

 private:
  std::tuple<const Slot&, const Part&, const bool&, const std::string&> tie() const {
    return {slot, part, cross, head_layer};
  }
};

/// Which term of a specification: unique there.
struct TermKey {
  std::string stack = {};  ///< "decoder"; "" behind the stacks
  int group = -1;          ///< of the layers, where the stack has several groups; -1: not told
  TermName name = {};      ///< what it is there

  /// "decoder.group1.attention.q.weight", as reports show it.
  std::string text() const;
  friend bool operator==(const TermKey& a, const TermKey& b) { return a.tie() == b.tie(); }
  friend bool operator!=(const TermKey& a, const TermKey& b) { return !(a == b); }
  friend bool operator<(const TermKey& a, const TermKey& b) { return a.tie() < b.tie(); }

 private:
  std::tuple<const std::string&, const int&, const TermName&> tie() const {
    return {stack, group, name};
  }
};

}  // namespace tally::formulas
