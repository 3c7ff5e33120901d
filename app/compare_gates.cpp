#include <app/compare_gates.h>
#include <app/compare_names.h>
#include <app/parse_number.h>
#include <report/numbers.h>

#include <algorithm>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace inspector;

struct Name {
  const char* text;
  FailOn::What what;
};

constexpr Name kNames[] = {
    {"mismatch", FailOn::What::kMismatch}, {"unexplained", FailOn::What::kUnexplained},
    {"missing", FailOn::What::kMissing},   {"contradiction", FailOn::What::kContradiction},
    {"open", FailOn::What::kOpen},         {"modules", FailOn::What::kModules}};

std::int64_t missing_params(const Reconciliation& r) {
  std::int64_t sum = 0;
  for (const TermLine& line : r.lines) sum += std::max<std::int64_t>(0, -line.difference());
  return sum;
}

}  // namespace

Result<FailOn> parse_fail_on(const std::string& text) {
  const auto sign = text.find('>');
  const std::string name = text.substr(0, sign);
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                   [&](const Name& n) { return name == n.text; });
  const bool limit = sign != std::string::npos;
  if (found == std::end(kNames) ||
      (limit && (found->what != FailOn::What::kUnexplained || text.back() != '%'))) {
    return Error{ErrorCode::kUsage, "--fail-on: unknown condition " + text,
                 "it is one of mismatch, unexplained, unexplained>0.1%, missing, contradiction, "
                 "open, modules"};
  }
  FailOn result{found->what, text, 0};
  if (limit) {
    const auto percent =
        parse_number("--fail-on " + name, text.substr(sign + 1, text.size() - sign - 2), 0, 100);
    if (!percent) return percent.error();
    result.most_percent = *percent;
  }
  return result;
}

Gate check(const FailOn& fail_on, const Compared& c) {
  const Comparison& x = c.comparison;
  const Reconciliation& r = x.terms;
  Gate gate{"--fail-on " + fail_on.text, false, ""};
  const bool needs_terms =
      fail_on.what != FailOn::What::kModules && fail_on.what != FailOn::What::kOpen;
  if (needs_terms && r.lines.empty()) {
    gate.found = "could not be checked: " + recognised_as(x.inference);
    return gate;
  }
  switch (fail_on.what) {
    case FailOn::What::kMismatch:
      gate.passed = r.exact();
      gate.found = gate.passed ? "every term is met" : verdict(c);
      break;
    case FailOn::What::kUnexplained: {
      const double share = r.real_params > 0 ? 100.0 * static_cast<double>(r.unexplained_params) /
                                                   static_cast<double>(r.real_params)
                                             : 0;
      gate.passed =
          fail_on.most_percent > 0 ? share <= fail_on.most_percent : r.unexplained_params == 0;
      gate.found = grouped(r.unexplained_params) + " parameters unexplained, " +
                   percent(r.unexplained_params, r.real_params);
      break;
    }
    case FailOn::What::kMissing:
      gate.passed = missing_params(r) == 0;
      gate.found = grouped(missing_params(r)) + " parameters missing";
      break;
    case FailOn::What::kContradiction:
      gate.passed = x.contradictions.empty();
      gate.found = grouped(static_cast<std::int64_t>(x.contradictions.size())) + " contradictions";
      break;
    case FailOn::What::kOpen: {
      const auto open = std::count_if(x.inference.fields.begin(), x.inference.fields.end(),
                                      [](const SpecField& f) { return f.ambiguous; });
      gate.passed = x.inference.transformer && open == 0;
      gate.found = x.inference.transformer ? grouped(open) + " fields open"
                                           : "could not be checked: " + recognised_as(x.inference);
      break;
    }
    case FailOn::What::kModules: {
      const auto all = static_cast<std::int64_t>(c.declared.modules.size());
      gate.passed = all > 0 && c.declared.as_declared == all;
      gate.found = all == 0 ? "could not be checked: no module declares its sizes"
                            : grouped(c.declared.as_declared) + " of " + grouped(all) +
                                  " modules as declared";
      break;
    }
  }
  return gate;
}

Gate check_params(std::int64_t expected, const Compared& c) {
  const std::int64_t real = c.weights.total;
  Gate gate{"--expect-params " + std::to_string(expected), real == expected,
            "the file has " + grouped(real)};
  if (!gate.passed) gate.found += ", " + signed_count(real - expected);
  return gate;
}

Gate check_config(const std::string& name, const Compared& c) {
  Gate gate{"--expect-config " + name, false, ""};
  const Comparison& x = c.comparison;
  gate.passed = !x.terms.lines.empty() && x.terms.exact() && x.contradictions.empty();
  gate.found = gate.passed ? "every term is met and nothing contradicts" : verdict(c);
  if (!x.contradictions.empty())
    gate.found += "; " + x.contradictions.front().path + " is " +
                  x.contradictions.front().file_value + ", not " +
                  x.contradictions.front().given_value;
  return gate;
}

}  // namespace tally::app
