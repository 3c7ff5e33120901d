#include <app/compare/compare_report.h>
#include <app/compare/compare_tables.h>
#include <app/compare/export_text.h>
#include <report/quantities.h>
#include <report/views.h>

#include <utility>

namespace tally::app {
namespace {

using inspector::Comparison;
using inspector::SwitchChange;
using report::Data;
using report::Difference;
using report::Facts;
using report::Heading;
using report::List;
using report::Object;
using report::Phrase;
using report::Section;
using report::Tone;
using report::Value;

Object recognised_value(const inspector::Inference& inference) {
  return {{"transformer", Value::of(inference.transformer)},
          {"as", recognised_as(inference)},
          {"family", inference.family},
          {"class", inference.family_evidence},
          {"reason", inference.reason}};
}

/// What it was recognised as and how that compares, for people.
Facts summary(const Compared& c) {
  const Comparison& x = c.formulas().comparison;
  Facts facts;
  facts.facts.push_back({"recognised as", {{"", recognised_as(x.inference)}}});
  if (!x.inference.family_evidence.empty())
    facts.facts.push_back({"class", {{"", x.inference.family_evidence}}});
  facts.facts.push_back({"formula",
                         {{"", verdict(c)}},
                         x.terms.lines.empty() ? Tone::kNormal
                         : x.terms.exact()     ? Tone::kGood
                                               : Tone::kBad});
  for (const inspector::ExportChange& change : c.formulas().changes)
    facts.facts.push_back({"export", {{"", change_text(change)}}, Tone::kMuted});
  return facts;
}

void add_explanation(const Comparison& x, Section& section) {
  List steps;
  Facts facts;
  for (const SwitchChange& change : x.explanation) {
    List terms;
    Phrase text{{"", change.path + " = " + change.to + " instead of " + change.from}};
    for (const inspector::TermChange& term : change.terms) {
      const std::string formula = change_formula(term, x.terms);
      terms.emplace_back(Object{
          {"term", term.term.text()}, {"params", Difference{term.params}}, {"formula", formula}});
      text.push_back({"", (&term == &change.terms.front() ? ": " : "; ") + term.term.text() + " "});
      text.push_back({"", Difference{term.params}});
      text.push_back({"", ", " + formula});
    }
    facts.facts.push_back({report::text_of(Difference{change.params}), std::move(text)});
    steps.emplace_back(Object{{"path", change.path},
                              {"from", change.from},
                              {"to", change.to},
                              {"params", Difference{change.params}},
                              {"terms", std::move(terms)}});
  }
  section.add(Data{"explanation", std::move(steps)});
  if (facts.facts.empty()) return;
  section.add(Heading{{{"", "What makes the formula exact"}}});
  section.add(std::move(facts));
}

Object total_value(const inspector::Reconciliation& r) {
  return {{"predicted_params", report::Count{r.predicted_params}},
          {"real_params", report::Count{r.real_params}},
          {"unexplained_params", report::Count{r.unexplained_params}},
          {"residual_params", Difference{r.residual()}}};
}

List changes_value(const FormulaComparison& held) {
  List changes;
  for (const inspector::ExportChange& change : held.changes) {
    Object row{{"code", name(change.what)}, {"count", report::Count{change.count}}};
    row.emplace_back("params", change.params ? Value(report::Count{*change.params}) : Value());
    if (!change.by_dtype.empty()) {
      Object types;
      for (const auto& [dtype, elements] : change.by_dtype)
        types.emplace_back(dtype, report::Count{elements});
      row.emplace_back("by_dtype", std::move(types));
    }
    if (!change.terms.empty()) {
      List terms;
      for (const std::string& term : change.terms) terms.emplace_back(term);
      row.emplace_back("terms", std::move(terms));
    }
    row.emplace_back("text", change_text(change));
    changes.emplace_back(std::move(row));
  }
  return changes;
}

void add_modules(const Compared& c, Section& section) {
  const inspector::DeclaredModules& m = c.declared;
  const auto all = static_cast<std::int64_t>(m.modules.size());
  Section modules;
  modules.key = "modules";
  modules.add(Data{"declared", report::Count{all}});
  modules.add(Data{"as_declared", report::Count{m.as_declared}});
  modules.add(Data{"without_declarations", report::Count{m.silent}});
  modules.add(Data{"packed", report::Count{m.packed}});
  modules.add(Data{"other_params", report::Count{m.other_params}});
  if (all > 0 || m.silent > 0) {
    modules.add(Heading{{{"", "Modules against their own declarations"}}});
    std::string text = report::grouped(Int128{m.as_declared}) + " of " +
                       report::grouped(Int128{all}) + " modules as declared";
    if (m.silent > 0)
      text += "; " + report::plural(m.silent, "module") +
              " of such classes declare no sizes (tracing drops them)";
    modules.add(report::Note{{{"", text}}, m.as_declared == all ? Tone::kNormal : Tone::kBad});
  }
  add_module_tables(c, modules);
  section.add(std::move(modules));
}

}  // namespace

report::Report compare_report(const Compared& c, bool every_field) {
  if (c.is_guide()) return guide_comparison_report(c);
  const Comparison& x = c.formulas().comparison;
  const bool held = !x.terms.lines.empty();
  report::Report report;
  report.command = "compare";
  report.title = "Comparison: " + c.snapshot.path;
  Section& body = report.body;
  body.add(Heading{{{"path", report::Path{c.snapshot.path}}}, 1});
  body.add(Data{"recognised", recognised_value(x.inference)});
  body.add(summary(c));
  add_checks(c.gates, body);
  add_contradictions(c, body);
  add_explanation(x, body);
  body.add(Data{"specification.source", x.source});
  add_specification(c, every_field, body);
  body.add(Data{"exact", Value::of(held && x.terms.exact())});
  add_terms(c, body);
  add_unexplained(c, body);
  body.add(Data{"total", total_value(x.terms)});
  add_modules(c, body);
  body.add(Data{"export", changes_value(c.formulas())});
  body.add(checks_table(c.gates));
  return report;
}

}  // namespace tally::app
