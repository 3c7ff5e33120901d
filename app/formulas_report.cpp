#include <app/formulas_report.h>
#include <base/nearest_name.h>
#include <formulas/families/hf_config.h>
#include <formulas/families/presets.h>
#include <formulas/spec/switches.h>
#include <formulas/terms/expression.h>
#include <formulas/terms/parameters.h>
#include <report/json_text.h>
#include <report/numbers.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using formulas::FamilyInfo;
using formulas::TermInfo;
using nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr std::string_view kCross = "cross_";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string text_of(std::string_view view) { return std::string(view); }

ordered_json term_json(const TermInfo& term) {
  return {{"id", term.id},
          {"formula", term.formula()},
          {"shape", term.shape},
          {"copies", term.copies},
          {"component", formulas::component_name(term.component)},
          {"meaning", term.meaning},
          {"source", term.source}};
}

std::vector<std::string> preset_names(std::string_view family = "") {
  std::vector<std::string> names;
  for (const auto& preset : formulas::presets()) {
    // A preset's text begins with its model_type or holds it; reading 198 of them is not needed to
    // list them.
    const auto mark = "\"model_type\":\"" + std::string(family) + "\"";
    if (family.empty() || preset.config.find(mark) != std::string_view::npos) {
      names.emplace_back(preset.name);
    }
  }
  return names;
}

void add_terms(Document& document, const std::string& title, const std::vector<TermInfo>& terms) {
  Table table;
  table.title = title;
  table.columns = {{"Term", Align::kLeft, false},
                   {"Count", Align::kLeft, false},
                   {"Component", Align::kLeft, false},
                   {"Meaning", Align::kLeft, true},
                   {"Source", Align::kLeft, true}};
  for (const auto& term : terms) {
    Row row;
    row.cells = {term.id, term.formula(), text_of(formulas::component_name(term.component)),
                 term.meaning, term.source};
    table.rows.push_back(std::move(row));
  }
  document.add(std::move(table));
}

/// The symbols that `terms` use; all of them if `terms` is empty.
void add_symbols(Document& document, const std::vector<TermInfo>& terms) {
  std::vector<std::string> used;
  for (const auto& term : terms) {
    for (auto& symbol : formulas::symbols_in(term.formula())) used.push_back(std::move(symbol));
  }
  Table table;
  table.title = "Symbols";
  table.columns = {{"Symbol", Align::kLeft, false}, {"Meaning", Align::kLeft, true}};
  for (const auto& symbol : formulas::symbol_table()) {
    if (!terms.empty() && std::find(used.begin(), used.end(), symbol.symbol) == used.end())
      continue;
    Row row;
    row.cells = {text_of(symbol.symbol), text_of(symbol.meaning)};
    table.rows.push_back(std::move(row));
  }
  document.add(std::move(table));
}

ordered_json symbols_json() {
  ordered_json symbols = ordered_json::array();
  for (const auto& symbol : formulas::symbol_table()) {
    symbols.push_back({{"symbol", symbol.symbol}, {"meaning", symbol.meaning}});
  }
  return symbols;
}

Document all_document() {
  Document document;
  document.title = "Formulas";
  document.add(Heading{"Formulas", 1});
  std::vector<TermInfo> terms;
  for (const auto& term : formulas::term_table()) {
    if (!starts_with(term.id, kCross)) terms.push_back(term);
  }
  add_terms(document, "Terms", terms);
  document.add(Paragraph{
      "Cross attention has the terms of attention once more, as cross_attention.*", Tone::kMuted});
  add_symbols(document, {});
  Table families;
  families.title = "Families";
  families.columns = {{"Family", Align::kLeft, false},
                      {"Models", Align::kLeft, true},
                      {"Class if none is named", Align::kLeft, false}};
  for (const auto& family : formulas::family_table()) {
    Row row;
    row.cells = {family.model_type, family.covers, family.architectures.front()};
    families.rows.push_back(std::move(row));
  }
  document.add(std::move(families));
  document.add(Heading{"Presets", 2});
  document.add(Paragraph{joined(preset_names()), Tone::kNormal});
  return document;
}

std::string all_json() {
  ordered_json terms = ordered_json::array();
  for (const auto& term : formulas::term_table()) terms.push_back(term_json(term));
  ordered_json families = ordered_json::array();
  for (const auto& family : formulas::family_table()) {
    families.push_back({{"model_type", family.model_type},
                        {"models", family.covers},
                        {"architectures", family.architectures}});
  }
  const ordered_json json = {
      {"schema_version", kSchemaVersion}, {"kind", "formulas"},   {"terms", terms},
      {"symbols", symbols_json()},        {"families", families}, {"presets", preset_names()}};
  return json_text(json);
}

OldReport terms_report(std::vector<TermInfo> terms) {
  OldReport report;
  report.document = [terms] {
    Document document;
    document.title = "Formulas";
    if (terms.size() > 1) {
      add_terms(document, "Terms", terms);
    } else {
      const auto& term = terms.front();
      Facts facts;
      facts.facts = {
          {"Term", term.id, Tone::kStrong},
          {"Count", term.formula(), Tone::kNormal},
          {"Shape of one", "(" + term.shape + ")", Tone::kNormal},
          {"How many", term.copies, Tone::kNormal},
          {"Component", text_of(formulas::component_name(term.component)), Tone::kNormal},
          {"Meaning", term.meaning, Tone::kNormal},
          {"Source", term.source, Tone::kNormal}};
      document.add(std::move(facts));
    }
    add_symbols(document, terms);
    return document;
  };
  report.json = [terms] {
    ordered_json list = ordered_json::array();
    for (const auto& term : terms) list.push_back(term_json(term));
    const ordered_json json = {{"schema_version", kSchemaVersion},
                               {"kind", "terms"},
                               {"terms", list},
                               {"symbols", symbols_json()}};
    return json_text(json);
  };
  return report;
}

/// A family, and one configuration of it that is counted.
struct Example {
  FamilyInfo family;
  std::string name;  ///< preset, or "its defaults"
  formulas::TransformerSpec spec;
  formulas::ParameterCounts counts;
};

Result<Example> make_example(FamilyInfo family, const std::string& name, std::string_view config) {
  auto spec = formulas::spec_from_hf_config(config);
  if (!spec) return spec.error();
  auto counts = formulas::count_parameters(spec->spec);
  if (!counts) return counts.error();
  return Example{std::move(family), name, std::move(spec->spec), std::move(*counts)};
}

/// Switches of the example that say something: sizes above 0, flags that are set, kinds but "none".
std::vector<formulas::Switch> effective(const formulas::TransformerSpec& spec) {
  std::vector<formulas::Switch> chosen;
  for (auto& s : formulas::switches(spec)) {
    const bool kind = s.kind == formulas::SwitchKind::kChoice;
    const bool says = kind ? formulas::value_text(s, s.get(spec)) != "none" : s.get(spec) != 0;
    if (says && s.inert(spec).empty()) chosen.push_back(std::move(s));
  }
  return chosen;
}

Document family_document(const Example& example) {
  Document document;
  document.title = example.family.model_type;
  document.add(Heading{example.family.model_type + ": " + example.family.covers, 1});
  document.add(Paragraph{"Classes: " + joined(example.family.architectures), Tone::kNormal});

  Table fields;
  fields.title = "Fields of config.json and their defaults (transformers 5.23.0)";
  fields.columns = {{"Field", Align::kLeft, false}, {"Default", Align::kLeft, false}};
  for (const auto& field : example.family.fields) {
    Row row;
    row.cells = {field.field, field.value};
    fields.rows.push_back(std::move(row));
  }
  document.add(std::move(fields));

  Table switch_table;
  switch_table.title =
      "Switches of " + example.name + " (" + example.spec.architecture + "), those that are on";
  switch_table.columns = {{"Switch", Align::kLeft, false}, {"Value", Align::kRight, false}};
  for (const auto& s : effective(example.spec)) {
    Row row;
    row.cells = {s.path, formulas::value_text(s, s.get(example.spec))};
    switch_table.rows.push_back(std::move(row));
  }
  document.add(std::move(switch_table));

  Table terms;
  terms.title = "Terms of " + example.name;
  terms.columns = {{"Term", Align::kLeft, false},
                   {"Count", Align::kLeft, false},
                   {"With numbers", Align::kLeft, false},
                   {"Parameters", Align::kRight, false},
                   {"Component", Align::kLeft, false}};
  const auto total = static_cast<double>(example.counts.unique_params);
  for (const auto& term : example.counts.terms) {
    Row row;
    row.cells = {term.id, term.symbols, term.numbers,
                 term.alias_of.empty() ? grouped(term.unique_params) : "tied to " + term.alias_of,
                 text_of(formulas::component_name(term.component))};
    row.share = static_cast<double>(term.unique_params) / total;
    terms.rows.push_back(std::move(row));
  }
  Row sum;
  sum.cells = {"Total", "", "", grouped(example.counts.unique_params), ""};
  sum.tone = Tone::kStrong;
  terms.footer.push_back(std::move(sum));
  document.add(std::move(terms));

  Facts facts;
  facts.facts = {
      {"Parameters", grouped(example.counts.unique_params), Tone::kStrong},
      {"Tied counted again", grouped(example.counts.tied_counted_again_params), Tone::kNormal},
      {"Without embeddings", grouped(example.counts.non_embedding_params), Tone::kNormal},
      {"Active (all but idle experts)", grouped(example.counts.active_params), Tone::kNormal},
      {"Active, input table left out too",
       grouped(example.counts.active_without_input_table_params), Tone::kNormal}};
  document.add(std::move(facts));
  const auto others = preset_names(example.family.model_type);
  if (!others.empty()) document.add(Paragraph{"Presets: " + joined(others), Tone::kMuted});
  return document;
}

std::string family_json(const Example& example) {
  ordered_json fields = ordered_json::object();
  for (const auto& field : example.family.fields) fields[field.field] = field.value;
  ordered_json switch_list = ordered_json::array();
  for (const auto& s : formulas::switches(example.spec)) {
    ordered_json entry = {{"path", s.path},
                          {"value", formulas::value_text(s, s.get(example.spec))}};
    if (!s.value_names.empty()) entry["values"] = s.value_names;
    if (!s.inert(example.spec).empty()) entry["changes_no_term_because"] = s.inert(example.spec);
    switch_list.push_back(std::move(entry));
  }
  ordered_json terms = ordered_json::array();
  for (const auto& term : example.counts.terms) {
    ordered_json entry = {{"id", term.id},
                          {"formula", term.symbols},
                          {"numbers", term.numbers},
                          {"shape", term.shape},
                          {"copies", term.copies},
                          {"parameters", term.unique_params},
                          {"component", formulas::component_name(term.component)},
                          {"source", term.source}};
    if (!term.alias_of.empty()) entry["tied_to"] = term.alias_of;
    terms.push_back(std::move(entry));
  }
  ordered_json components = ordered_json::object();
  for (int i = 0; i < formulas::kNumComponents; ++i) {
    components[text_of(formulas::component_name(static_cast<formulas::Component>(i)))] =
        example.counts.component_params[i];
  }
  const ordered_json json = {
      {"schema_version", kSchemaVersion},
      {"kind", "family"},
      {"model_type", example.family.model_type},
      {"models", example.family.covers},
      {"architectures", example.family.architectures},
      {"defaults", fields},
      {"presets", preset_names(example.family.model_type)},
      {"example",
       {{"name", example.name},
        {"architecture", example.spec.architecture},
        {"parameters", example.counts.unique_params},
        {"parameters_with_tied_counted_again", example.counts.tied_counted_again_params},
        {"non_embedding_parameters", example.counts.non_embedding_params},
        {"active_parameters", example.counts.active_params},
        {"active_parameters_without_input_table", example.counts.active_without_input_table_params},
        {"components", components},
        {"switches", switch_list},
        {"terms", terms}}}};
  return json_text(json);
}

/// The example that `subject` names, if it names a family or a preset.
std::optional<Result<Example>> example_named(const std::string& subject) {
  if (const auto* family = formulas::family_info(subject)) {
    const auto names = preset_names(subject);
    for (const auto& preset : formulas::presets()) {
      if (!names.empty() && preset.name == names.front()) {
        return make_example(*family, names.front(), preset.config);
      }
    }
    return make_example(*family, "its defaults", R"({"model_type":")" + subject + "\"}");
  }
  for (const auto& preset : formulas::presets()) {
    if (preset.name != subject) continue;
    const auto spec = formulas::preset_spec(subject);
    if (!spec) return Result<Example>(spec.error());
    const auto* family = formulas::family_info(spec->family);
    if (family) return make_example(*family, subject, preset.config);
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

OldReport all_formulas_report() { return {all_document, all_json}; }

Result<OldReport> formulas_report(const std::string& subject) {
  if (auto example = example_named(subject)) {
    if (!*example) return example->error();
    OldReport report;
    report.document = [shown = **example] { return family_document(shown); };
    report.json = [shown = **example] { return family_json(shown); };
    return report;
  }
  std::vector<TermInfo> found;
  for (const auto& term : formulas::term_table()) {
    if (term.id == subject) return terms_report({term});
    if (starts_with(term.id, subject + ".")) found.push_back(term);
  }
  if (found.empty()) return unknown_subject(subject);
  return terms_report(std::move(found));
}

}  // namespace tally::app
