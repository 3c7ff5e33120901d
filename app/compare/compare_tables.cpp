#include <app/compare/compare_tables.h>
#include <app/compare/folded_names.h>
#include <report/columns.h>
#include <report/quantities.h>

#include <algorithm>
#include <utility>

namespace tally::app {
namespace {

using inspector::ComponentSum;
using inspector::Reconciliation;
using inspector::SpecField;
using inspector::TermLine;
using namespace report;

constexpr std::size_t kNamesShown = 3;
constexpr std::size_t kProofsShown = 2;

/// A row that only people see: what is left, or a part that JSON has elsewhere.
Row people_row(std::vector<Value> cells, Tone tone = Tone::kNormal) {
  Row row = row_of(std::move(cells), tone);
  row.people_only = true;
  return row;
}

std::vector<TensorId> tensors_of(const inspector::Weights& weights,
                                 const std::vector<WeightId>& indices) {
  std::vector<TensorId> tensors;
  tensors.reserve(indices.size());
  for (const WeightId i : indices) tensors.push_back(weights[i].tensor);
  return tensors;
}

List names_of(const Compared& c, const std::vector<TensorId>& tensors) {
  List names;
  for (const TensorId t : tensors) names.emplace_back(full_name(c.snapshot, c.snapshot.tensors[t]));
  return names;
}

List proofs_of(const Compared& c, const std::vector<TensorId>& tensors) {
  List proofs;
  for (const TensorId t : tensors) proofs.emplace_back(shown(c.snapshot, t));
  return proofs;
}

std::string first_proofs(const Compared& c, const std::vector<TensorId>& tensors) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kProofsShown, tensors.size()); ++i)
    text += (text.empty() ? "" : ", ") + shown(c.snapshot, tensors[i]);
  return text;
}

std::string evidence(const Compared& c, const SpecField& field) {
  std::string text = first_proofs(c, field.tensors);
  if (!field.reason.empty()) text += (text.empty() ? "" : "; ") + field.reason;
  if (field.ambiguous && !field.candidates.empty()) {
    text += "; may be ";
    for (const std::string& candidate : field.candidates)
      text += (&candidate == &field.candidates.front() ? "" : ", ") + candidate;
  }
  return text;
}

List texts(const std::vector<std::string>& strings) {
  List list;
  for (const std::string& text : strings) list.emplace_back(text);
  return list;
}

/// The cells of one term, in the order of add_terms()'s columns.
Row term_row(const Compared& c, const TermLine& line) {
  const bool tied = !line.alias_of.empty();
  const auto tensors = tied ? line.alias_tensors : tensors_of(c.weights, line.weights);
  std::string names = folded_names_text(c.snapshot, tensors, kNamesShown);
  if (tied) names = "= " + line.alias_of + ": " + names;
  if (line.weights.empty() && line.predicted_params != 0) names = "[missing]";
  const auto for_people = [tied](Value value) { return tied ? Value("tied") : std::move(value); };
  return row_of(
      {line.id(), formulas::component_name(line.component), line.symbols(), line.numbers(),
       for_people(Count{line.predicted_params}), for_people(Count{line.real_params}),
       tied ? Value() : Value(Difference{line.difference()}), Count{line.predicted_params},
       Count{line.real_params}, Difference{line.difference()},
       tied ? Value(line.alias_of) : Value(), names_of(c, tensors), names},
      line.difference() != 0 ? Tone::kBad : Tone::kNormal);
}

void add_missing(const Reconciliation& r, Section& section) {
  Table table;
  table.key = "missing";
  table.programs = true;
  table.columns = {hidden("term"), hidden("params")};
  for (const TermLine& line : r.lines) {
    if (line.difference() < 0) table.rows.push_back(row_of({line.id(), Count{-line.difference()}}));
  }
  section.add(std::move(table));
}

void add_components(const Reconciliation& r, Section& section) {
  Object sums;
  Table table;
  table.title = "Components";
  table.columns = {text_column("", "component"), number_column("", "predicted"),
                   number_column("", "real"), number_column("", "difference"),
                   number_column("", "share")};
  const auto row = [&](const std::string& name, std::int64_t predicted, std::int64_t real) {
    return row_of({name, Count{predicted}, Count{real}, Difference{real - predicted},
                   Share{real, r.real_params}});
  };
  for (int k = 0; k < formulas::kNumComponents; ++k) {
    const ComponentSum& sum = r.components[static_cast<std::size_t>(k)];
    const std::string name(formulas::component_name(static_cast<formulas::Component>(k)));
    sums.emplace_back(
        name, Object{{"predicted_params", Count{sum.predicted_params}},
                     {"real_params", Count{sum.real_params}},
                     {"difference_params", Difference{sum.real_params - sum.predicted_params}}});
    if (sum.predicted_params != 0 || sum.real_params != 0)
      table.rows.push_back(row(name, sum.predicted_params, sum.real_params));
  }
  if (r.unexplained_params > 0) table.rows.push_back(row("[unexplained]", 0, r.unexplained_params));
  table.footer.push_back(row("TOTAL", r.predicted_params, r.real_params));
  section.add(report::Data{"components", std::move(sums)});
  if (!r.lines.empty()) section.add(std::move(table));
}

}  // namespace

void add_contradictions(const Compared& c, Section& section) {
  const inspector::Comparison& x = c.formulas().comparison;
  Table table;
  table.key = "contradictions";
  table.title = "What " + x.source + " says and the file does not";
  table.columns = {text_column("path", "field"), number_column("file", "file"),
                   number_column("given", "given"), text_column("", "evidence", true)};
  for (const inspector::Contradiction& found : x.contradictions) {
    table.rows.push_back(
        row_of({found.path, found.file_value, found.given_value, first_proofs(c, found.tensors)},
               Tone::kWarning));
  }
  table.programs = table.rows.empty() || x.terms.lines.empty();
  section.add(std::move(table));
}

void add_specification(const Compared& c, bool every_field, Section& section) {
  const inspector::Comparison& x = c.formulas().comparison;
  Table table;
  table.key = "specification.inferred";
  table.title = "Specification inferred from the file";
  table.programs = true;
  table.columns = {hidden("path"),       hidden("value"),    hidden("open"),
                   hidden("candidates"), hidden("evidence"), hidden("reason")};
  Table people;
  people.title = table.title;
  people.columns = {text_column("", "field"), number_column("", "value"),
                    text_column("", "evidence", true)};
  for (const SpecField& field : x.inference.fields) {
    const std::string path = formulas::path(field.key, x.inference.spec);
    table.rows.push_back(
        row_of({path, field.value, Value::of(field.ambiguous), texts(field.candidates),
                proofs_of(c, field.tensors), field.reason}));
    if (field.value == "no" && !every_field) continue;
    people.rows.push_back(
        row_of({path, field.ambiguous ? field.value + " (open)" : field.value, evidence(c, field)},
               field.ambiguous ? Tone::kWarning : Tone::kNormal));
  }
  section.add(std::move(table));
  if (x.inference.transformer && !x.terms.lines.empty()) section.add(std::move(people));
}

void add_terms(const Compared& c, Section& section) {
  const inspector::Comparison& x = c.formulas().comparison;
  const Reconciliation& r = x.terms;
  Table table;
  table.key = "terms";
  table.title = "Terms, with " + x.source + " as the specification";
  table.main = true;
  table.programs = r.lines.empty();
  table.columns = {text_column("id", "term"),
                   hidden("component"),
                   text_column("formula", "formula", true),
                   text_column("numbers", "with numbers", true),
                   number_column("", "predicted"),
                   number_column("", "real"),
                   number_column("", "difference"),
                   hidden("predicted_params"),
                   hidden("real_params"),
                   hidden("difference_params"),
                   hidden("alias_of", true),
                   hidden("tensors"),
                   text_column("", "tensors", true)};
  for (const TermLine& line : r.lines) table.rows.push_back(term_row(c, line));
  if (!r.unexplained.empty()) {
    table.rows.push_back(
        people_row({"[unexplained]",
                    {},
                    {},
                    {},
                    Count{0},
                    Count{r.unexplained_params},
                    Difference{r.unexplained_params},
                    {},
                    {},
                    {},
                    {},
                    {},
                    plural(static_cast<std::int64_t>(r.unexplained.size()), "tensor")},
                   Tone::kBad));
  }
  table.footer.push_back(row_of({"TOTAL",
                                 {},
                                 {},
                                 {},
                                 Count{r.predicted_params},
                                 Count{r.real_params},
                                 Difference{r.residual()}}));
  section.add(std::move(table));
  add_components(r, section);
  add_missing(r, section);
}

void add_unexplained(const Compared& c, Section& section) {
  const Reconciliation& r = c.formulas().comparison.terms;
  Table table;
  table.key = "unexplained";
  table.title = "[unexplained]";
  table.columns = {hidden("tensor"), hidden("shape"), text_column("", "tensor", true),
                   number_column("params", "parameters")};
  for (const WeightId i : r.unexplained) {
    const inspector::Weight& weight = c.weights[i];
    table.rows.push_back(row_of({full_name(c.snapshot, c.snapshot.tensors[weight.tensor]),
                                 report::Shape{weight.shape}, shown(c.snapshot, weight.tensor),
                                 Count{weight.elements}}));
  }
  table.footer.push_back(row_of({{}, {}, "TOTAL", Count{r.unexplained_params}}));
  table.programs = table.rows.empty() || r.lines.empty();
  section.add(std::move(table));
}

void add_module_tables(const Compared& c, Section& section) {
  const inspector::DeclaredModules& m = c.declared;
  const bool transformer = c.formulas().comparison.inference.transformer;
  const auto all = static_cast<std::int64_t>(m.modules.size());
  Table programs, people;
  programs.key = "modules";
  programs.programs = true;
  programs.columns = {hidden("path"),
                      hidden("type"),
                      hidden("formula"),
                      hidden("numbers"),
                      hidden("predicted_params"),
                      hidden("real_params")};
  people.columns = {text_column("", "module", true),  text_column("", "type"),
                    text_column("", "formula", true), text_column("", "with numbers", true),
                    number_column("", "predicted"),   number_column("", "real"),
                    number_column("", "difference")};
  for (const inspector::DeclaredModule& x : m.modules) {
    const inspector::ModuleNode& node = c.snapshot.modules[x.module];
    programs.rows.push_back(row_of({Path{node.path}, node.type, x.formula, x.numbers,
                                    Count{x.predicted_params}, Count{x.real_params}}));
    if (transformer && x.predicted_params == x.real_params) continue;
    people.rows.push_back(row_of({Path{node.path}, inspector::short_type(node.type), x.formula,
                                  x.numbers, Count{x.predicted_params}, Count{x.real_params},
                                  Difference{Int128{x.real_params} - x.predicted_params}},
                                 x.real_params != x.predicted_params ? Tone::kBad : Tone::kNormal));
  }
  section.add(std::move(programs));
  if (m.modules.empty() || (transformer && m.as_declared == all)) return;
  if (!transformer) {
    if (m.other_params > 0)
      people.rows.push_back(row_of({"[other modules]", {}, {}, {}, {}, Count{m.other_params}}));
    const ModuleSums sums = sums_of(m);
    people.footer.push_back(row_of({"TOTAL, by module",
                                    {},
                                    {},
                                    {},
                                    Count{sums.predicted_params},
                                    Count{sums.real_params},
                                    Difference{sums.real_params - sums.predicted_params}}));
  }
  section.add(std::move(people));
}

}  // namespace tally::app
