// The report of `torchtally formulas`.
#include <app/plan/look_up.h>
#include <formulas/spec/switches.h>
#include <formulas/terms/expression.h>

#include <algorithm>
#include <utility>

namespace tally::app {
namespace {

using formulas::Switch;
using formulas::TermInfo;
using namespace report;

Phrase only(const char* key, Value value) { return {{key, std::move(value)}}; }

Column for_programs(const char* key) { return {key, "", Align::kLeft, false, true}; }

List list_of(const std::vector<std::string>& texts) { return List(texts.begin(), texts.end()); }

/// `name_all`: people see cross attention's terms as well.
void add_terms(Section& body, const std::vector<TermInfo>& terms, bool name_all) {
  Table all;
  all.key = "terms";
  all.title = "Terms";
  all.columns = {{"id", "Term"},
                 {"formula", "Count"},
                 {"component", "Component"},
                 {"meaning", "Meaning", Align::kLeft, true},
                 {"source", "Source", Align::kLeft, true},
                 for_programs("shape"),
                 for_programs("copies")};
  for (const auto& term : terms) {
    all.rows.push_back({{term.id, term.formula(), formulas::component_name(term.component),
                         term.meaning, term.source, term.shape, term.copies}});
  }
  if (name_all) {
    body.add(std::move(all));
    return;
  }
  Table shown = all;
  shown.key.clear();
  shown.rows.clear();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (!terms[i].cross) shown.rows.push_back(all.rows[i]);
  }
  all.programs = true;
  body.add(std::move(shown));
  body.add(std::move(all));
  body.add(
      Note{{{"", "Cross attention has the terms of attention once more, as cross_attention.*"}},
           Tone::kMuted});
}

/// The symbols that `terms` use; all of them if `terms` is empty.
void add_symbols(Section& body, const std::vector<TermInfo>& terms) {
  std::vector<std::string> used;
  for (const auto& term : terms) {
    for (auto& symbol : formulas::symbols_in(term.formula())) used.push_back(std::move(symbol));
  }
  Table table;
  table.key = "symbols";
  table.title = "Symbols";
  table.columns = {{"symbol", "Symbol"}, {"meaning", "Meaning", Align::kLeft, true}};
  for (const auto& symbol : formulas::symbol_table()) {
    if (!terms.empty() && std::find(used.begin(), used.end(), symbol.symbol) == used.end())
      continue;
    table.rows.push_back({{symbol.symbol, symbol.meaning}});
  }
  body.add(std::move(table));
}

void add(Section& body, const EveryFormula&) {
  body.add(Data{"kind", "formulas"});
  body.add(Heading{{{"", "Formulas"}}, 1});
  add_terms(body, formulas::term_table(), false);
  add_symbols(body, {});
  Table families;
  families.key = "families";
  families.title = "Families";
  families.columns = {{"model_type", "Family"},
                      {"models", "Models", Align::kLeft, true},
                      {"", "Class if none is named"},
                      for_programs("architectures")};
  for (const auto& family : formulas::family_table()) {
    families.rows.push_back({{family.model_type, family.covers, family.architectures.front(),
                              list_of(family.architectures)}});
  }
  body.add(std::move(families));
  body.add(Heading{{{"", "Presets"}}, 2});
  body.add(Note{only("presets", list_of(preset_names()))});
}

void add(Section& body, const FoundTerms& found) {
  body.add(Data{"kind", "terms"});
  if (found.terms.size() == 1) {
    const TermInfo& term = found.terms.front();
    body.add(Facts{{{"Term", {{"", term.id}}, Tone::kStrong},
                    {"Count", {{"", term.formula()}}},
                    {"Shape of one", {{"", "(" + term.shape + ")"}}},
                    {"How many", {{"", term.copies}}},
                    {"Component", {{"", formulas::component_name(term.component)}}},
                    {"Meaning", {{"", term.meaning}}},
                    {"Source", {{"", term.source}}}}});
  }
  add_terms(body, found.terms, true);
  if (found.terms.size() == 1) std::get<Table>(body.blocks.back()).programs = true;
  add_symbols(body, found.terms);
}

/// The value of a switch: a size, yes or no, or the name of a choice.
Value value_of(const Switch& s, const formulas::TransformerSpec& spec) {
  const std::int64_t value = s.get(spec);
  switch (s.kind) {
    case formulas::SwitchKind::kSize:
      return Count{value};
    case formulas::SwitchKind::kFlag:
      return Value::of(value != 0);
    case formulas::SwitchKind::kChoice:
      break;
  }
  return s.value_names[static_cast<std::size_t>(value)];
}

/// Whether a switch says something: a size above 0, a flag that is set, a kind but "none".
bool is_on(const Switch& s, const formulas::TransformerSpec& spec) {
  if (!s.inert(spec).empty()) return false;
  const std::int64_t value = s.get(spec);
  if (s.kind != formulas::SwitchKind::kChoice) return value != 0;
  return s.value_names[static_cast<std::size_t>(value)] != "none";
}

void add_switches(Section& body, const FoundFamily& found) {
  Table shown;
  shown.title =
      "Switches of " + found.example + " (" + found.spec.architecture + "), those that are on";
  shown.columns = {{"", "Switch"}, {"", "Value", Align::kRight}};
  Table all;
  all.key = "example.switches";
  all.programs = true;
  all.columns = {for_programs("path"), for_programs("value"), for_programs("values"),
                 for_programs("changes_no_term_because")};
  for (const Switch& s : formulas::switches(found.spec)) {
    const Value value = value_of(s, found.spec);
    const std::string_view inert = s.inert(found.spec);
    const bool choice = s.kind == formulas::SwitchKind::kChoice;
    all.rows.push_back({{s.path, value, choice ? Value(list_of(s.value_names)) : Value(),
                         inert.empty() ? Value() : Value(inert)}});
    if (is_on(s, found.spec)) shown.rows.push_back({{s.path, value}});
  }
  body.add(std::move(shown));
  body.add(std::move(all));
}

void add_example_terms(Section& body, const FoundFamily& found) {
  const auto& terms = found.counts.terms;
  const bool tied = std::any_of(terms.begin(), terms.end(),
                                [](const auto& term) { return !term.alias_of.empty(); });
  Table table;
  table.key = "example.terms";
  table.title = "Terms of " + found.example;
  table.main = true;
  table.columns = {{"id", "Term"},
                   {"formula", "Count"},
                   {"numbers", "With numbers"},
                   {"parameters", "Parameters", Align::kRight},
                   {"component", "Component"},
                   {"tied_to", "Tied to", Align::kLeft, false, !tied},
                   for_programs("shape"),
                   for_programs("copies"),
                   for_programs("source")};
  const auto total = static_cast<double>(found.counts.unique_params);
  for (const auto& term : terms) {
    List shape;
    for (const std::int64_t size : term.shape) shape.emplace_back(Count{size});
    Row row{{term.id, term.symbols, term.numbers, Count{term.unique_params},
             formulas::component_name(term.component),
             term.alias_of.empty() ? Value() : Value(term.alias_of), std::move(shape),
             Count{term.copies}, term.source}};
    row.share = static_cast<double>(term.unique_params) / total;
    table.rows.push_back(std::move(row));
  }
  Row sum{{"Total", "", "", Count{found.counts.unique_params}}};
  sum.tone = Tone::kStrong;
  table.footer.push_back(std::move(sum));
  body.add(std::move(table));
}

void add(Section& body, const FoundFamily& found) {
  body.add(Data{"kind", "family"});
  body.add(Heading{
      {{"model_type", found.family.model_type}, {"", ": "}, {"models", found.family.covers}}, 1});
  body.add(Note{{{"", "Classes: "}, {"architectures", list_of(found.family.architectures)}}});
  Table fields;
  fields.key = "defaults";
  fields.title = "Fields of config.json and their defaults (transformers 5.23.0)";
  fields.columns = {{"field", "Field"}, {"value", "Default"}};
  for (const auto& field : found.family.fields)
    fields.rows.push_back({{field.field, Literal{field.value}}});
  body.add(std::move(fields));
  body.add(Data{"example.name", found.example});
  body.add(Data{"example.architecture", found.spec.architecture});
  add_switches(body, found);
  add_example_terms(body, found);
  const auto& counts = found.counts;
  Table components;
  components.key = "example.components";
  components.programs = true;
  components.columns = {for_programs("component"), for_programs("parameters")};
  for (int i = 0; i < formulas::kNumComponents; ++i) {
    components.rows.push_back({{formulas::component_name(static_cast<formulas::Component>(i)),
                                Count{counts.component_params[static_cast<std::size_t>(i)]}}});
  }
  body.add(std::move(components));
  body.add(
      Facts{{{"Parameters", only("example.parameters", Count{counts.unique_params}), Tone::kStrong},
             {"Tied counted again", only("example.parameters_with_tied_counted_again",
                                         Count{counts.tied_counted_again_params})},
             {"Without embeddings",
              only("example.non_embedding_parameters", Count{counts.non_embedding_params})},
             {"Active (all but idle experts)",
              only("example.active_parameters", Count{counts.active_params})},
             {"Active, input table left out too",
              only("example.active_parameters_without_input_table",
                   Count{counts.active_without_input_table_params})}}});
  const auto presets = preset_names(found.family.model_type);
  if (presets.empty()) {
    body.add(Data{"presets", List{}});
  } else {
    body.add(Note{{{"", "Presets: "}, {"presets", list_of(presets)}}, Tone::kMuted});
  }
}

}  // namespace

report::Report formulas_report(const Found& found) {
  report::Report report;
  report.command = "formulas";
  const auto* family = std::get_if<FoundFamily>(&found);
  report.title = family == nullptr ? "Formulas" : family->family.model_type;
  std::visit([&](const auto& one) { add(report.body, one); }, found);
  return report;
}

}  // namespace tally::app
