// Recipes: the layers of a family from words, "positions=rotary norm=rms qkv=@attention_bias".
//
// recipe_words() is the vocabulary: every word, the values that it takes and what it means. A value
// is a choice of the word's own, or reads the configuration: FLAG is + (yes), absent (no) or
// @field; FIELD is @field (with the family's default) or ?field (only where the configuration gives
// it). Internal to formulas/.
#pragma once

#include <formulas/families/hf_families.h>

#include <optional>
#include <string_view>
#include <vector>

namespace tally::formulas {

struct RecipeWord {
  std::string_view word;
  /// Choices separated by '|'. Among them: "+", "@flag" and "@size" for a field that has a default,
  /// "?size" for one that may be given.
  std::string_view values;
  std::string_view meaning;
  std::string_view needs =
      {};                ///< the word without which this one does nothing, with "=choice" or not
  bool by_step = false;  ///< read by a family's own step, not by build_layers
};
const std::vector<RecipeWord>& recipe_words();

/// The fields that build_layers reads because a word has a value ("": because it is absent, "*":
/// whatever its value).
struct RecipeFields {
  std::string_view word;
  std::string_view value;
  std::string_view fields;
};
const std::vector<RecipeFields>& recipe_fields();

/// The value of a recipe's word, "" where it has none.
std::string_view recipe_word(const Recipe& recipe, std::string_view word);

/// The value of a FLAG word for this configuration.
bool recipe_flag(SpecInProgress& work, std::string_view word);

/// The value of a FIELD word for this configuration.
std::optional<std::int64_t> recipe_size(SpecInProgress& work, std::string_view word);

}  // namespace tally::formulas
