#include <app/plan/look_up.h>
#include <base/nearest_name.h>
#include <base/text.h>
#include <formulas/families/presets.h>

#include <optional>
#include <utility>

namespace tally::app {
namespace {

using formulas::FamilyInfo;

Result<Found> counted(FamilyInfo family, const std::string& example, std::string_view config) {
  auto spec = formulas::spec_from_hf_config(config);
  if (!spec) return spec.error();
  auto counts = formulas::count_parameters(spec->spec);
  if (!counts) return counts.error();
  return Found(FoundFamily{std::move(family), example, std::move(spec->spec), std::move(*counts)});
}

/// The family or preset that `subject` names, if any.
std::optional<Result<Found>> family_or_preset(const std::string& subject) {
  if (const FamilyInfo* family = formulas::family_info(subject)) {
    const auto names = preset_names(subject);
    for (const auto& preset : formulas::presets()) {
      if (!names.empty() && preset.name == names.front())
        return counted(*family, names.front(), preset.config);
    }
    return counted(*family, "its defaults", R"({"model_type":")" + subject + "\"}");
  }
  for (const auto& preset : formulas::presets()) {
    if (preset.name != subject) continue;
    const auto spec = formulas::preset_spec(subject);
    if (!spec) return Result<Found>(spec.error());
    if (const FamilyInfo* family = formulas::family_info(spec->family))
      return counted(*family, subject, preset.config);
  }
  return std::nullopt;
}

Error unknown_subject(const std::string& subject) {
  std::vector<std::string> names = preset_names();
  for (const auto& family : formulas::family_table()) names.push_back(family.model_type);
  for (const auto& term : formulas::term_table()) names.push_back(term.id);
  const auto nearest = nearest_name(subject, names);
  return Error{
      ErrorCode::kUsage, "there is no term, family or preset \"" + subject.substr(0, 80) + "\"",
      nearest.empty() ? "`torchtally formulas` lists them" : "did you mean " + nearest + "?"};
}

}  // namespace

std::vector<std::string> preset_names(std::string_view family) {
  std::vector<std::string> names;
  for (const auto& preset : formulas::presets()) {
    // A preset's text begins with its model_type or holds it; reading 198 of them is not needed to
    // list them.
    const auto mark = "\"model_type\":\"" + std::string(family) + "\"";
    if (family.empty() || preset.config.find(mark) != std::string_view::npos)
      names.emplace_back(preset.name);
  }
  return names;
}

Result<Found> look_up(const std::string& subject) {
  if (auto found = family_or_preset(subject)) return std::move(*found);
  FoundTerms found;
  for (const auto& term : formulas::term_table()) {
    if (term.id == subject) return Found(FoundTerms{{term}});
    if (starts_with(term.id, subject + ".")) found.terms.push_back(term);
  }
  if (found.terms.empty()) return unknown_subject(subject);
  return Found(std::move(found));
}

}  // namespace tally::app
