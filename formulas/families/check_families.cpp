// Reads the table of families as a whole: a word that nothing understands, a field that nothing
// reads or that has no default, and whatever stands twice is a complaint.
#include <formulas/families/recipe.h>

#include <algorithm>
#include <set>

namespace tally::formulas {
namespace {

/// Fields that are read although their configuration class has no default for them: they count only
/// where a configuration gives them.
constexpr std::string_view kOptionalFields[] = {
    "head_dim",           "embedding_size", "max_position_embeddings",
    "pooler_hidden_size", "id2label",       "num_labels",
    "layer_types",        "text_config",    "vision_config"};

/// Words without which no layers can be built.
constexpr std::string_view kNeededWords[] = {"stack", "norm", "norms", "mlp"};

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) found.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

bool has(const std::vector<std::string_view>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool is_flag(std::string_view value) { return value == "true" || value == "false"; }

class RowCheck {
 public:
  RowCheck(const Family& family, const std::vector<Family>& all,
           std::vector<std::string>& complaints)
      : f_(family), all_(all), complaints_(complaints) {}

  void run() {
    if (f_.model_type.empty() || f_.class_prefix.empty() || f_.covers.empty())
      complain("has no model_type, class prefix or description");
    if (f_.build == nullptr || f_.heads == nullptr || f_.heads->empty()) {
      complain("has no step that builds it, or no class");
      return;
    }
    check_pairs(f_.defaults, "default");
    check_pairs(f_.names, "name");
    check_recipe();
    check_heads();
    check_reads();
    check_names();
  }

 private:
  void complain(const std::string& what) {
    complaints_.push_back(std::string(f_.model_type) + ": " + what);
  }

  /// Every item is KEY=VALUE, no key twice.
  void check_pairs(std::string_view pairs, const std::string& what) {
    std::set<std::string_view> seen;
    for (const auto pair : parts(pairs, ' ')) {
      const auto equals = pair.find('=');
      if (equals == 0 || equals == std::string_view::npos || equals + 1 == pair.size())
        complain("the " + what + " \"" + std::string(pair) + "\" is not KEY=VALUE");
      else if (!seen.insert(pair.substr(0, equals)).second)
        complain("the " + what + " \"" + std::string(pair.substr(0, equals)) + "\" stands twice");
    }
  }

  void check_recipe() {
    const auto& recipe = f_.recipe;
    check_pairs(recipe.shared, "shared recipe's word");
    check_pairs(recipe.own, "recipe's word");
    for (const auto part : {recipe.shared, recipe.own}) {
      for (const auto pair : parts(part, ' '))
        check_word(pair.substr(0, pair.find('=')),
                   pair.substr(std::min(pair.find('='), pair.size() - 1) + 1));
    }
    for (const auto pair : parts(recipe.own, ' ')) {
      const auto key = pair.substr(0, pair.find('='));
      if (lookup(recipe.shared, key) && lookup(recipe.shared, key) == lookup(recipe.own, key))
        complain("the word " + std::string(pair) + " repeats the shared recipe");
    }
    if (f_.build->words != "*") return;
    for (const auto needed : kNeededWords) {
      if (recipe_word(recipe, needed).empty())
        complain("the recipe has no word " + std::string(needed));
    }
  }

  void check_word(std::string_view word, std::string_view value) {
    const auto& words = recipe_words();
    const auto row = std::find_if(words.begin(), words.end(),
                                  [&](const RecipeWord& w) { return w.word == word; });
    const std::string shown = std::string(word) + "=" + std::string(value);
    if (row == words.end()) {
      complain("the word " + shown + " is not in the vocabulary");
      return;
    }
    const auto allowed = parts(row->values, '|');
    const bool reads_field = value.size() > 1 && (value[0] == '@' || value[0] == '?');
    const std::string kind = reads_field ? std::string(1, value[0]) : "";
    const bool known = reads_field ? has(allowed, kind + "size") || has(allowed, kind + "flag")
                                   : has(allowed, value) && value != "@size" && value != "?size";
    if (!known)
      complain("the word " + shown + " has none of the values " + std::string(row->values));
    const bool read = row->by_step ? f_.adjust != nullptr && has(parts(f_.adjust->words, ' '), word)
                                   : f_.build->words == "*";
    if (!read) complain("the word " + shown + " is read by nothing");
    check_need(row->needs, shown);
  }

  void check_need(std::string_view needs, const std::string& shown) {
    if (needs.empty()) return;
    const auto equals = needs.find('=');
    const auto value = recipe_word(f_.recipe, needs.substr(0, equals));
    const bool met =
        equals == std::string_view::npos ? !value.empty() : value == needs.substr(equals + 1);
    if (!met) complain("the word " + shown + " does nothing without " + std::string(needs));
  }

  void check_heads() {
    std::set<std::string_view> suffixes;
    for (const auto& head : *f_.heads) {
      std::vector<std::string> unknown;
      head_fields(head.layers, unknown);
      for (const auto& what : unknown) complain(what);
      if (!suffixes.insert(head.suffix).second)
        complain("the class " + std::string(head.suffix) + " stands twice");
    }
  }

  /// What is read has a default, of the right kind; what has a default is read.
  void check_reads() {
    std::set<std::string_view> used;
    for (const auto& use : uses_) {
      const auto field = field_with_default(f_, use.field);
      if (!field) {
        const bool optional = std::find(std::begin(kOptionalFields), std::end(kOptionalFields),
                                        use.field) != std::end(kOptionalFields);
        if (!use.optional)
          complain("reads " + use.field + ", which has no default");
        else if (!optional)
          complain("reads " + use.field + ", which is no field");
        continue;
      }
      const auto value = *lookup(f_.defaults, *field);
      const bool wrong = (use.kind == FieldUse::kFlag && !is_flag(value)) ||
                         (use.kind == FieldUse::kSize && is_flag(value));
      if (wrong)
        complain("reads " + use.field + " as " + (is_flag(value) ? "a size" : "a flag") +
                 ", whose default is " + std::string(value));
      used.insert(*field);
    }
    for (const auto pair : parts(f_.defaults, ' ')) {
      const auto field = pair.substr(0, pair.find('='));
      if (used.count(field) == 0)
        complain("the field " + std::string(field) + " is read by nothing");
    }
  }

  /// A name is one of a field that is read, says which fields a flag sets, or names a part.
  void check_names() {
    for (const auto pair : parts(f_.names, ' ')) {
      const auto equals = std::min(pair.find('='), pair.size() - 1);
      const auto name = pair.substr(0, equals), own = pair.substr(equals + 1);
      constexpr std::string_view kFlag = "flag:";
      if (name.substr(0, kFlag.size()) == kFlag) {
        check_flag(name.substr(kFlag.size()), own);
        continue;
      }
      constexpr std::string_view kPart = "part:";
      if (name.substr(0, kPart.size()) == kPart) {
        const bool known = std::any_of(all_.begin(), all_.end(),
                                       [&](const Family& f) { return f.model_type == own; });
        if (!known || !reads(name.substr(kPart.size())))
          complain("the part " + std::string(pair) + " is no field that is read, or of no family");
        continue;
      }
      if (!reads(name))
        complain("the name " + std::string(pair) + " is of a field that nothing reads");
      if (!field_with_default(f_, name))
        complain("the name " + std::string(pair) + " is of a field without a default");
    }
  }

  bool reads(std::string_view field) const {
    return std::any_of(uses_.begin(), uses_.end(),
                       [&](const FieldUse& use) { return use.field == field; });
  }

  void check_flag(std::string_view role, std::string_view fields) {
    const auto& roles = size_roles();
    if (std::none_of(roles.begin(), roles.end(),
                     [&](const SizeRole& row) { return row.role == role; }))
      complain("flag:" + std::string(role) + " is no size that can be given");
    for (const auto field : parts(fields, '+')) {
      if (!lookup(f_.defaults, field))
        complain("flag:" + std::string(role) + " sets " + std::string(field) +
                 ", which has no default");
    }
  }

  const Family& f_;
  const std::vector<Family>& all_;
  std::vector<std::string>& complaints_;
  const std::vector<FieldUse> uses_ =
      f_.build == nullptr ? std::vector<FieldUse>() : fields_read(f_);
};

}  // namespace

std::vector<std::string> check_families(const std::vector<Family>& families) {
  std::vector<std::string> complaints;
  std::set<std::string_view> types, prefixes;
  for (const auto& family : families) {
    if (!types.insert(family.model_type).second)
      complaints.push_back(std::string(family.model_type) + ": the model_type stands twice");
    if (!prefixes.insert(family.class_prefix).second)
      complaints.push_back(std::string(family.model_type) + ": the class prefix " +
                           std::string(family.class_prefix) + " stands twice");
    RowCheck(family, families, complaints).run();
  }
  return complaints;
}

}  // namespace tally::formulas
