// The families that hf_config.h reads, as data. Internal to formulas/.
//
// A family is one row: its `model_type`, its classes, the models that people know, the fields of
// its configuration class with their defaults (transformers 5.23.0), how it spells them, a recipe
// for its layers (recipe.h) and what each of its classes adds behind them (hf_heads.cpp).
// check_families() reads the table as a whole and finds every word that nothing understands.
#pragma once

#include <formulas/families/config_fields.h>
#include <formulas/spec/spec.h>

#include <optional>
#include <string>
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

/// What makes a specification, or changes it: a function, and what it reads. Fields that a recipe
/// or a head names are not repeated in `fields`.
struct Step {
  void (*run)(SpecInProgress&);
  std::string_view fields;  ///< of the configuration, by their common names
  std::string_view words;   ///< of the recipe; "*": those that build_layers reads
};

/// Words for the layers, see recipe.h: those of relatives, then the family's own, which win.
struct Recipe {
  std::string_view shared;
  std::string_view own;
};

struct Family {
  std::string_view model_type;
  std::string_view class_prefix;
  std::string_view covers;    ///< the models that people know
  std::string_view defaults;  ///< pairs, see lookup()
  /// Pairs: the common name of a field = the family's names for it, "a|b" where it has several.
  /// `flag:ROLE=a+b`: the fields that a size given beside the configuration sets, where that is not
  /// simply the field of that name (size_roles()). `part:FIELD=MODEL_TYPE`: an object of the
  /// configuration that is a configuration of another family.
  std::string_view names;
  Recipe recipe;
  const std::vector<HeadRow>* heads;  ///< first: the class that is assumed where none is named
  const Step* build;
  const Step* adjust = nullptr;  ///< what no recipe says
};

/// All families, by model_type. Checked as a whole at the first call of a debug build.
const std::vector<Family>& family_rows();

std::vector<Family> decoder_families();
std::vector<Family> encoder_families();
std::vector<Family> llama_families();

/// What is wrong with the table, one sentence each; empty where it is complete and spelled right.
std::vector<std::string> check_families(const std::vector<Family>& families);

/// One reading of a field of the configuration, by its common name.
struct FieldUse {
  enum Kind { kAny, kFlag, kSize };

  std::string field;
  Kind kind = kAny;
  bool optional = false;  ///< counts only where it is given: needs no default
};

/// Everything that `family` reads, with any of its classes.
std::vector<FieldUse> fields_read(const Family& family);

/// What the words of a head read; `complaints` gets those that nothing understands.
std::vector<FieldUse> head_fields(std::string_view layers, std::vector<std::string>& complaints);

/// The name under which `family` has a default for the field of that common name, or nothing.
std::optional<std::string_view> field_with_default(const Family& family, std::string_view name);

/// The row of that model_type, or null.
const Family* find_family(std::string_view model_type);

/// The fields of `family` that a size given beside the configuration sets (SizeRole::role); empty
/// where it has none.
std::vector<std::string> fields_of_role(const Family& family, std::string_view role);

/// A size that may be given beside a configuration, and the common name of its field.
struct SizeRole {
  std::string_view role;
  std::string_view field;
};
const std::vector<SizeRole>& size_roles();

/// Layers from the recipe.
extern const Step kBuildLayers;
/// Two stacks, or one of two.
extern const Step kBuildT5;
extern const Step kBuildBart;
extern const Step kBuildWhisper;
extern const Step kBuildClip;
extern const Step kBuildClipText;
extern const Step kBuildClipVision;

/// What no recipe says, named after the family.
extern const Step kAdjustAlbert;
extern const Step kAdjustDeberta;
extern const Step kAdjustDeepseek;
extern const Step kAdjustDinov2;
extern const Step kAdjustFalcon;
extern const Step kAdjustGptBigcode;
extern const Step kAdjustModernbert;
extern const Step kAdjustOpt;
extern const Step kAdjustQwenMoe;
extern const Step kAdjustStablelm;
extern const Step kAdjustVision;
extern const Step kAdjustXlnet;

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
