#include <app/compare_names.h>
#include <app/compare_report.h>
#include <report/numbers.h>

#include <algorithm>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace inspector;

constexpr std::size_t kNamesShown = 3;
constexpr std::size_t kProofsShown = 2;

std::vector<TensorId> tensors_of(const Weights& weights, const std::vector<WeightId>& indices) {
  std::vector<TensorId> tensors;
  for (const WeightId i : indices) tensors.push_back(weights[i].tensor);
  return tensors;
}

std::string plural(std::size_t n, const std::string& noun) {
  return grouped(static_cast<std::int64_t>(n)) + " " + noun + (n == 1 ? "" : "s");
}

std::string evidence(const Compared& c, const SpecField& field) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kProofsShown, field.tensors.size()); ++i)
    text += (text.empty() ? "" : ", ") + shown(c.snapshot, field.tensors[i]);
  if (!field.reason.empty()) text += (text.empty() ? "" : "; ") + field.reason;
  if (field.ambiguous && !field.candidates.empty()) {
    text += "; may be ";
    for (const std::string& candidate : field.candidates)
      text += (&candidate == &field.candidates.front() ? "" : ", ") + candidate;
  }
  return text;
}

void add_specification(const Compared& c, Document& d) {
  Table table;
  table.title = "Specification inferred from the file";
  table.columns = {
      {"field", Align::kLeft}, {"value", Align::kRight}, {"evidence", Align::kLeft, true}};
  for (const SpecField& field : c.comparison.inference.fields) {
    if (field.value == "no" && !c.every_field) continue;
    Row row;
    row.cells = {field.path, field.ambiguous ? field.value + " (open)" : field.value,
                 evidence(c, field)};
    if (field.ambiguous) row.tone = Tone::kWarning;
    table.rows.push_back(std::move(row));
  }
  d.add(std::move(table));
}

Row term_row(const Compared& c, const TermLine& line) {
  Row row;
  std::string names =
      folded_names_text(c.snapshot, tensors_of(c.weights, line.weights), kNamesShown);
  if (!line.alias_of.empty())
    names = "= " + line.alias_of + ": " +
            folded_names_text(c.snapshot, line.alias_tensors, kNamesShown);
  const bool tied = !line.alias_of.empty();
  row.cells = {line.id,
               line.symbols(),
               line.numbers(),
               tied ? "tied" : grouped(line.predicted_params),
               tied ? "tied" : grouped(line.real_params),
               tied ? "" : signed_count(line.difference()),
               names};
  if (line.difference() != 0) row.tone = Tone::kBad;
  if (line.weights.empty() && line.predicted_params != 0) row.cells[6] = "[missing]";
  return row;
}

void add_terms(const Compared& c, Document& d) {
  const Reconciliation& r = c.comparison.terms;
  Table table;
  table.title = "Terms, with " + c.comparison.source + " as the specification";
  table.columns = {{"term", Align::kLeft},
                   {"formula", Align::kLeft, true},
                   {"with numbers", Align::kLeft, true},
                   {"predicted", Align::kRight},
                   {"real", Align::kRight},
                   {"difference", Align::kRight},
                   {"tensors", Align::kLeft, true}};
  for (const TermLine& line : r.lines) table.rows.push_back(term_row(c, line));
  if (!r.unexplained.empty()) {
    Row row;
    row.cells = {"[unexplained]",
                 "",
                 "",
                 "0",
                 grouped(r.unexplained_params),
                 signed_count(r.unexplained_params),
                 plural(r.unexplained.size(), "tensor")};
    row.tone = Tone::kBad;
    table.rows.push_back(std::move(row));
  }
  Row total;
  total.cells = {"TOTAL",
                 "",
                 "",
                 grouped(r.predicted_params),
                 grouped(r.real_params),
                 signed_count(r.residual()),
                 ""};
  table.footer.push_back(std::move(total));
  d.add(std::move(table));

  Table components;
  components.title = "Components";
  components.columns = {{"component", Align::kLeft},
                        {"predicted", Align::kRight},
                        {"real", Align::kRight},
                        {"difference", Align::kRight},
                        {"share", Align::kRight}};
  for (int k = 0; k < formulas::kNumComponents; ++k) {
    const ComponentSum& sum = r.components[k];
    if (sum.predicted_params == 0 && sum.real_params == 0) continue;
    Row row;
    row.cells = {std::string(formulas::component_name(static_cast<formulas::Component>(k))),
                 grouped(sum.predicted_params), grouped(sum.real_params),
                 signed_count(sum.real_params - sum.predicted_params),
                 percent(sum.real_params, r.real_params)};
    components.rows.push_back(std::move(row));
  }
  if (r.unexplained_params > 0) {
    Row row;
    row.cells = {"[unexplained]", "0", grouped(r.unexplained_params),
                 signed_count(r.unexplained_params), percent(r.unexplained_params, r.real_params)};
    components.rows.push_back(std::move(row));
  }
  Row sum;
  sum.cells = {"TOTAL", grouped(r.predicted_params), grouped(r.real_params),
               signed_count(r.residual()), percent(r.real_params, r.real_params)};
  components.footer.push_back(std::move(sum));
  d.add(std::move(components));
}

void add_unexplained(const Compared& c, Document& d) {
  const Reconciliation& r = c.comparison.terms;
  if (r.unexplained.empty()) return;
  Table table;
  table.title = "[unexplained]";
  table.columns = {{"tensor", Align::kLeft, true}, {"parameters", Align::kRight}};
  for (const WeightId i : r.unexplained) {
    Row row;
    row.cells = {shown(c.snapshot, c.weights[i].tensor), grouped(c.weights[i].elements)};
    table.rows.push_back(std::move(row));
  }
  Row total;
  total.cells = {"TOTAL", grouped(r.unexplained_params)};
  table.footer.push_back(std::move(total));
  d.add(std::move(table));
}

void add_contradictions(const Compared& c, Document& d) {
  const auto& found = c.comparison.contradictions;
  if (found.empty()) return;
  Table table;
  table.title = "What " + c.comparison.source + " says and the file does not";
  table.columns = {{"field", Align::kLeft},
                   {"file", Align::kRight},
                   {"given", Align::kRight},
                   {"evidence", Align::kLeft, true}};
  for (const Contradiction& x : found) {
    Row row;
    std::string proof;
    for (std::size_t i = 0; i < std::min(kProofsShown, x.tensors.size()); ++i)
      proof += (proof.empty() ? "" : ", ") + shown(c.snapshot, x.tensors[i]);
    row.cells = {x.path, x.file_value, x.given_value, proof};
    row.tone = Tone::kWarning;
    table.rows.push_back(std::move(row));
  }
  d.add(std::move(table));
}

void add_explanation(const Compared& c, Document& d) {
  if (c.comparison.explanation.empty()) return;
  d.add(Heading{"What makes the formula exact"});
  Facts facts;
  for (const SwitchChange& change : c.comparison.explanation) {
    std::string text = change.path + " = " + change.to + " instead of " + change.from;
    for (const TermChange& term : change.terms) {
      text += (&term == &change.terms.front() ? ": " : "; ") + term.term + " " +
              signed_count(term.params) + ", " + term.formula;
    }
    facts.facts.push_back({signed_count(change.params), text});
  }
  d.add(std::move(facts));
}

void add_modules(const Compared& c, Document& d) {
  const DeclaredModules& m = c.declared;
  if (m.modules.empty() && m.silent == 0) return;
  d.add(Heading{"Modules against their own declarations"});
  std::string text = grouped(m.as_declared) + " of " +
                     grouped(static_cast<std::int64_t>(m.modules.size())) + " modules as declared";
  if (m.silent > 0)
    text += "; " + plural(static_cast<std::size_t>(m.silent), "module") +
            " of such classes declare no sizes (tracing drops them)";
  d.add(Paragraph{text, m.as_declared == static_cast<std::int64_t>(m.modules.size()) ? Tone::kNormal
                                                                                     : Tone::kBad});
  const bool list = !c.comparison.inference.transformer ||
                    m.as_declared != static_cast<std::int64_t>(m.modules.size());
  if (!list || m.modules.empty()) return;
  Table table;
  table.columns = {{"module", Align::kLeft, true},  {"type", Align::kLeft},
                   {"formula", Align::kLeft, true}, {"with numbers", Align::kLeft, true},
                   {"predicted", Align::kRight},    {"real", Align::kRight},
                   {"difference", Align::kRight}};
  std::int64_t predicted = 0, real = m.other_params;
  for (const DeclaredModule& x : m.modules) {
    const ModuleNode& node = c.snapshot.modules[x.module];
    predicted += x.predicted_params;
    real += x.real_params;
    if (c.comparison.inference.transformer && x.predicted_params == x.real_params) continue;
    Row row;
    row.cells = {node.path,
                 std::string(short_type(node.type)),
                 x.formula,
                 x.numbers,
                 grouped(x.predicted_params),
                 grouped(x.real_params),
                 signed_count(x.real_params - x.predicted_params)};
    if (x.real_params != x.predicted_params) row.tone = Tone::kBad;
    table.rows.push_back(std::move(row));
  }
  Row others;
  others.cells = {"[other modules]", "", "", "", "", grouped(m.other_params), ""};
  if (m.other_params > 0 && !c.comparison.inference.transformer)
    table.rows.push_back(std::move(others));
  if (!c.comparison.inference.transformer) {
    Row total;
    total.cells = {"TOTAL, by module",
                   "",
                   "",
                   "",
                   grouped(predicted),
                   grouped(real),
                   signed_count(real - predicted)};
    table.footer.push_back(std::move(total));
  }
  d.add(std::move(table));
}

Document document(const Compared& c) {
  const Comparison& x = c.comparison;
  Document d;
  d.title = "Comparison: " + c.snapshot.path;
  d.add(Heading{c.snapshot.path, 1});
  Facts facts;
  facts.facts.push_back({"recognised as", recognised_as(x.inference)});
  if (!x.inference.family_evidence.empty())
    facts.facts.push_back({"class", x.inference.family_evidence});
  const bool held = !x.terms.lines.empty();
  facts.facts.push_back({"formula", verdict(c),
                         !held             ? Tone::kNormal
                         : x.terms.exact() ? Tone::kGood
                                           : Tone::kBad});
  for (const ExportChange& change : c.changes)
    facts.facts.push_back({"export", change_text(change), Tone::kMuted});
  d.add(std::move(facts));
  if (!c.gates.empty()) {
    d.add(Heading{"Checks"});
    Facts gates;
    for (const Gate& gate : c.gates)
      gates.facts.push_back({gate.passed ? "passed" : "FAILED", gate.name + ": " + gate.found,
                             gate.passed ? Tone::kGood : Tone::kBad});
    d.add(std::move(gates));
  }
  if (held) {
    add_contradictions(c, d);
    add_explanation(c, d);
    if (x.inference.transformer) add_specification(c, d);
    add_terms(c, d);
    add_unexplained(c, d);
  }
  add_modules(c, d);
  return d;
}

}  // namespace

std::string verdict(const Compared& c) {
  const Reconciliation& r = c.comparison.terms;
  if (r.lines.empty() && c.declared.modules.empty())
    return "none: " + grouped(r.real_params) + " parameters, and no module declares its sizes";
  if (r.lines.empty())
    return "none: held module by module against what each declares, " + grouped(r.real_params) +
           " parameters";
  if (r.exact())
    return "exact: " + plural(r.lines.size(), "term") + ", " + grouped(r.real_params) +
           " parameters, nothing unexplained";
  std::string text =
      "residual " + signed_count(r.residual()) + " of " + grouped(r.real_params) + " parameters";
  std::size_t off = 0;
  for (const TermLine& line : r.lines) off += line.difference() != 0;
  if (off > 0) text += ", " + plural(off, "term") + " not met";
  if (!r.unexplained.empty())
    text += ", " + plural(r.unexplained.size(), "tensor") + " unexplained (" +
            grouped(r.unexplained_params) + ")";
  return text;
}

OldReport comparison_report(const Compared& compared) {
  return {[&compared] { return document(compared); },
          [&compared] { return comparison_json(compared); }};
}

}  // namespace tally::app
