// The rows of all families, and questions to one row.
#include <formulas/families/recipe.h>

#include <algorithm>
#include <cassert>

namespace tally::formulas {
namespace {

template <class Each>
void for_each_part(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void add_fields(std::string_view words, std::vector<FieldUse>& uses) {
  for_each_part(words, ' ', [&](std::string_view field) {
    const bool optional = field[0] == '?';
    uses.push_back({std::string(field.substr(optional ? 1 : 0)), FieldUse::kAny, optional});
  });
}

void add_recipe_fields(const Recipe& recipe, std::vector<FieldUse>& uses) {
  for (const auto& row : recipe_words()) {
    const auto value = recipe_word(recipe, row.word);
    if (value.size() < 2 || (value[0] != '@' && value[0] != '?')) continue;
    const bool flag = row.values.find("@flag") != std::string_view::npos;
    uses.push_back(
        {std::string(value.substr(1)), flag ? FieldUse::kFlag : FieldUse::kSize, value[0] == '?'});
  }
  for (const auto& row : recipe_fields()) {
    const auto value = recipe_word(recipe, row.word);
    if (row.value == value || (row.value == "*" && !value.empty())) add_fields(row.fields, uses);
  }
}

std::vector<Family> all_families() {
  std::vector<Family> rows = encoder_families();
  for (const auto& more : {decoder_families(), llama_families()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace

const std::vector<Family>& family_rows() {
  static const auto* const kRows = [] {
    const auto rows = all_families();
    std::vector<const Family*> order;
    order.reserve(rows.size());
    for (const auto& row : rows) order.push_back(&row);
    std::sort(order.begin(), order.end(),
              [](const Family* a, const Family* b) { return a->model_type < b->model_type; });
    auto* sorted = new std::vector<Family>;
    for (const auto* row : order) sorted->push_back(*row);
    assert(check_families(*sorted).empty() && "FamilyTable.IsCompleteAndSpelledRight says what");
    return sorted;
  }();
  return *kRows;
}

std::vector<FieldUse> fields_read(const Family& family) {
  std::vector<FieldUse> uses;
  for (const auto* step : {family.build, family.adjust}) {
    if (step == nullptr) continue;
    add_fields(step->fields, uses);
    if (step->words == "*") add_recipe_fields(family.recipe, uses);
  }
  std::vector<std::string> unknown;
  for (const auto& head : *family.heads) {
    const auto more = head_fields(head.layers, unknown);
    uses.insert(uses.end(), more.begin(), more.end());
  }
  return uses;
}

std::optional<std::string_view> field_with_default(const Family& family, std::string_view name) {
  if (lookup(family.defaults, name)) return name;
  const auto own = lookup(family.names, name);
  if (!own) return std::nullopt;
  const auto first = own->substr(0, own->find('|'));
  return lookup(family.defaults, first) ? std::optional(first) : std::nullopt;
}

const Family* find_family(std::string_view model_type) {
  const auto& rows = family_rows();
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Family& f) { return f.model_type == model_type; });
  return found == rows.end() ? nullptr : &*found;
}

const std::vector<SizeRole>& size_roles() {
  static const auto* const kRoles =
      new std::vector<SizeRole>{{"vocab_size", "vocab_size"},
                                {"hidden_size", "hidden_size"},
                                {"num_layers", "num_hidden_layers"},
                                {"num_attention_heads", "num_attention_heads"},
                                {"num_key_value_heads", "num_key_value_heads"},
                                {"head_dim", "head_dim"},
                                {"intermediate_size", "intermediate_size"},
                                {"max_positions", "max_position_embeddings"},
                                {"num_experts", "num_experts"},
                                {"num_experts_per_token", "num_experts_per_tok"}};
  return *kRoles;
}

std::vector<std::string> fields_of_role(const Family& family, std::string_view role) {
  std::vector<std::string> fields;
  if (const auto own = lookup(family.names, "flag:" + std::string(role))) {
    for_each_part(*own, '+', [&](std::string_view field) { fields.emplace_back(field); });
    return fields;
  }
  for (const auto& row : size_roles()) {
    if (row.role != role) continue;
    if (const auto field = field_with_default(family, row.field)) fields.emplace_back(*field);
  }
  return fields;
}

}  // namespace tally::formulas
