#include <app/compare/compare_gates.h>
#include <app/parse_number.h>
#include <report/quantities.h>
#include <report/views.h>

#include <algorithm>

namespace tally::app {
namespace {

using inspector::Reconciliation;
using inspector::SpecField;
using inspector::TermLine;
using report::Count;
using report::plural;

GateFinding not_evaluated(const std::string& why) {
  return {false, {}, "could not be checked: " + why};
}

GateFinding mismatch(const GateSubject& s, double) {
  if (!s.not_held.empty()) return not_evaluated(s.not_held);
  const Int128 residual = s.compared->is_guide()
                              ? Int128{s.compared->guide().total.difference_params}
                              : Int128{s.compared->formulas().comparison.terms.residual()};
  return {s.exact, report::Difference{residual},
          s.exact ? "every term is met" : verdict(*s.compared)};
}

GateFinding unexplained(const GateSubject& s, double most_percent) {
  if (!s.not_held.empty()) return not_evaluated(s.not_held);
  const double share = s.real_params > 0 ? 100.0 * static_cast<double>(s.unexplained_params) /
                                               static_cast<double>(s.real_params)
                                         : 0;
  return {most_percent > 0 ? share <= most_percent : s.unexplained_params == 0,
          Count{s.unexplained_params},
          plural(s.unexplained_params, "parameter") + " unexplained, " +
              report::percent(s.unexplained_params, s.real_params)};
}

GateFinding missing(const GateSubject& s, double) {
  if (!s.not_held.empty()) return not_evaluated(s.not_held);
  return {s.missing_params == 0, Count{s.missing_params},
          plural(s.missing_params, "parameter") + " missing"};
}

GateFinding contradiction(const GateSubject& s, double) {
  if (!s.not_held.empty()) return not_evaluated(s.not_held);
  return {s.contradictions == 0, Count{s.contradictions},
          plural(s.contradictions, "contradiction")};
}

GateFinding open(const GateSubject& s, double) {
  if (!s.open_fields)
    return not_evaluated(recognised_as(s.compared->formulas().comparison.inference));
  return {*s.open_fields == 0, Count{*s.open_fields}, plural(*s.open_fields, "field") + " open"};
}

GateFinding modules(const GateSubject& s, double) {
  const inspector::DeclaredModules& declared = s.compared->declared;
  const auto all = static_cast<std::int64_t>(declared.modules.size());
  if (all == 0) return not_evaluated("no module declares its sizes");
  return {declared.as_declared == all, Count{declared.as_declared},
          report::grouped(Int128{declared.as_declared}) + " of " + report::grouped(Int128{all}) +
              " modules as declared"};
}

constexpr GateWord<GateSubject> kWords[] = {
    {"mismatch", false, mismatch}, {"unexplained", true, unexplained},
    {"missing", false, missing},   {"contradiction", false, contradiction},
    {"open", false, open},         {"modules", false, modules}};

GateSubject subject_of(const Compared& c) {
  GateSubject s;
  s.compared = &c;
  s.real_params = c.weights.total;
  if (c.is_guide()) {
    const inspector::GuideComparison& guide = c.guide();
    s.exact = true;
    for (const inspector::GuideRow& row : guide.rows) {
      if (row.depth > 0) continue;
      s.exact = s.exact && row.difference_params == 0;
      s.missing_params += std::max<std::int64_t>(0, -row.difference_params);
      if (row.guide_params == 0) s.unexplained_params += row.real_params;
    }
    const auto contradicts = [](const inspector::EvidentSize& found, std::int64_t used) {
      return found.value && *found.value != used ? 1 : 0;
    };
    s.contradictions = contradicts(guide.subject.vocab_size, guide.inputs.vocab_size) +
                       contradicts(guide.subject.hidden_size, guide.inputs.hidden_size) +
                       contradicts(guide.subject.num_layers, guide.inputs.num_layers);
    return s;
  }
  const inspector::Comparison& x = c.formulas().comparison;
  const Reconciliation& r = x.terms;
  if (r.lines.empty()) s.not_held = recognised_as(x.inference);
  s.exact = !r.lines.empty() && r.exact();
  s.unexplained_params = r.unexplained_params;
  for (const TermLine& line : r.lines)
    s.missing_params += std::max<std::int64_t>(0, -line.difference());
  s.contradictions = static_cast<std::int64_t>(x.contradictions.size());
  if (x.inference.transformer) {
    s.open_fields = std::count_if(x.inference.fields.begin(), x.inference.fields.end(),
                                  [](const SpecField& field) { return field.ambiguous; });
  }
  return s;
}

Gate params_gate(std::int64_t expected, const Compared& c) {
  const std::int64_t real = c.weights.total;
  GateFinding finding{real == expected, Count{real},
                      "the file has " + report::grouped(Int128{real})};
  if (real != expected)
    finding.found += ", " + report::text_of(report::Difference{Int128{real} - expected});
  return {"--expect-params " + std::to_string(expected), std::move(finding)};
}

/// The file and the configuration lead to the same terms, each met exactly.
Gate config_gate(const std::string& name, const Compared& c) {
  const inspector::Comparison& x = c.formulas().comparison;
  GateFinding finding;
  finding.passed = !x.terms.lines.empty() && x.terms.exact() && x.contradictions.empty();
  if (!x.terms.lines.empty()) finding.value = report::Difference{x.terms.residual()};
  finding.found = finding.passed ? "every term is met and nothing contradicts" : verdict(c);
  if (!x.contradictions.empty()) {
    const inspector::Contradiction& first = x.contradictions.front();
    finding.found += "; " + first.path + " is " + first.file_value + ", not " + first.given_value;
  }
  return {"--expect-config " + name, std::move(finding)};
}

}  // namespace

Result<CompareChecks> read_checks(const CompareRequest& request) {
  CompareChecks checks;
  if (!request.expect_params.empty()) {
    const auto count = parse_count("--expect-params", request.expect_params);
    if (!count) return count.error();
    checks.params = *count;
  }
  checks.config = request.expect_config;
  for (const std::string& text : request.fail_on) {
    auto condition = parse_condition("--fail-on", text, kWords);
    if (!condition) return condition.error();
    if (!request.profile.empty() && condition->word->evaluate == open) {
      return Error{ErrorCode::kUsage, "--fail-on open asks nothing with --profile guide",
                   "the guide's sizes are evident or given; leave out one of the two"};
    }
    checks.conditions.push_back(std::move(*condition));
  }
  return checks;
}

std::vector<Gate> evaluate(const CompareChecks& checks, const Compared& compared) {
  std::vector<Gate> gates;
  if (checks.params) gates.push_back(params_gate(*checks.params, compared));
  if (!checks.config.empty()) gates.push_back(config_gate(checks.config, compared));
  const GateSubject subject = subject_of(compared);
  for (const auto& condition : checks.conditions) gates.push_back(condition.evaluate(subject));
  return gates;
}

}  // namespace tally::app
