// The families that hf_config.h reads, as data. Internal to formulas/.
//
// A family is a row: its `model_type`, the defaults of its configuration class
// (transformers 5.23.0), the names its fields have, a recipe for its layers, and what each of its
// classes adds behind them. hf_build.cpp explains the recipe's words, hf_heads.cpp the heads'.
#pragma once

#include <formulas/families/config_fields.h>
#include <formulas/spec/spec.h>

#include <string_view>
#include <vector>

namespace tally::formulas {

/// More layers than any model has, few enough to list.
inline constexpr std::int64_t kMaxConfigLayers = 100'000;

/// What one class of a family has behind its stacks: the class is the family's prefix and this
/// suffix.
struct HeadRow {
  std::string_view suffix;  ///< "ForCausalLM"
  std::string_view layers;  ///< see hf_heads.cpp
  std::string_view stacks;  ///< names of the stacks that the class keeps, "" for all
};

struct Family;

/// Work on one configuration in progress.
struct SpecInProgress {
  const Family& family;
  ConfigFields& fields;
  TransformerSpec& spec;
  std::string_view stacks;  ///< of the class: HeadRow::stacks

  StackSpec& stack() { return spec.stacks.back(); }
  LayerGroup& group() { return spec.stacks.back().groups.back(); }
};

struct Family {
  std::string_view model_type;
  std::string_view class_prefix;
  std::string_view covers;            ///< the models that people know
  std::string_view defaults;          ///< pairs, see lookup()
  std::string_view names;             ///< pairs: this program's name of a field = the family's
  std::string_view recipe;            ///< pairs, see hf_build.cpp
  const std::vector<HeadRow>& heads;  ///< first: the class that is assumed where none is named
  void (*build)(SpecInProgress&);
  void (*adjust)(SpecInProgress&);  ///< what no recipe says; may be null
};

const std::vector<Family>& family_rows();

/// Stacks from the recipe: one, or an encoder and a decoder.
void build_single(SpecInProgress& work);
void build_t5(SpecInProgress& work);
void build_bart(SpecInProgress& work);
void build_whisper(SpecInProgress& work);
void build_clip(SpecInProgress& work);
void build_clip_tower(SpecInProgress& work);

/// Family-specific rest, named after the family.
void adjust_albert(SpecInProgress& work);
void adjust_deberta(SpecInProgress& work);
void adjust_deepseek(SpecInProgress& work);
void adjust_falcon(SpecInProgress& work);
void adjust_gpt_bigcode(SpecInProgress& work);
void adjust_modernbert(SpecInProgress& work);
void adjust_opt(SpecInProgress& work);
void adjust_qwen_moe(SpecInProgress& work);
void adjust_stablelm(SpecInProgress& work);
void adjust_vision(SpecInProgress& work);
void adjust_xlnet(SpecInProgress& work);

/// Head layers and output of the class, from its HeadRow.
void add_heads(SpecInProgress& work, std::string_view layers);

/// Moves the layers that `belongs` picks into a group of their own behind the last one, a copy of
/// it, and returns that copy; null where none or all belong (`all_belong` tells which).
LayerGroup* split_group(StackSpec& stack, const std::vector<bool>& belongs, bool& all_belong);

/// hidden / heads, refused where it does not divide.
std::int64_t divided(ConfigFields& fields, std::string_view hidden_field, std::int64_t hidden,
                     std::string_view heads_field, std::int64_t heads);

/// A multiple that would overflow is refused under `name`.
std::int64_t times(ConfigFields& fields, std::string_view name, std::int64_t a, std::int64_t b);

/// 0 … count - 1.
std::vector<std::int64_t> first_layers(std::int64_t count);

/// Attention of n heads that are all alike, of width `head_dim`, with the given biases.
AttentionSpec plain_attention(std::int64_t heads, std::int64_t head_dim, bool qkv_bias,
                              bool o_bias);

}  // namespace tally::formulas
