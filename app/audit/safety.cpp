#include <app/audit/safety.h>

#include <algorithm>
#include <iterator>

namespace tally::app {
namespace {

/// A check of safety: the codes of findings that make it fail, and what it is called.
struct SafetyCheck {
  const char* name;
  std::vector<std::string> codes;
  bool always_told;  ///< worth a line of every report
};

const std::vector<SafetyCheck>& checks() {
  static const auto* const kChecks = new std::vector<SafetyCheck>{
      {"operators that touch files, processes or the network", {"unsafe-operator"}, true},
      {"operators and classes that are not PyTorch's", {"unknown-operator", "unknown-class"}, true},
      {"code that cannot be read", {"unscanned-code"}, true},
      {"bytes of no record", {"hidden-bytes"}, true},
      {"programs among the extra files", {"program-in-extra"}, true},
      {"names that deceive", {"deceptive-name"}, true},
      {"records of no known use", {"unreferenced-record"}, false},
      {"code that runs when the file is loaded", {"state-code"}, false},
  };
  return *kChecks;
}

bool has(const std::vector<std::string>& codes, const std::string& code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::vector<std::string> texts_of(const Audit& audit, const std::vector<std::string>& codes) {
  std::vector<std::string> texts;
  for (const inspector::Finding& finding : audit.snapshot.findings) {
    if (has(codes, finding.code)) texts.push_back(finding.text);
  }
  return texts;
}

/// Passes where there is no finding of `codes`.
GateFinding none_of(const Audit& audit, const std::vector<std::string>& codes) {
  const auto texts = texts_of(audit, codes);
  return {texts.empty(), report::Integer{static_cast<std::int64_t>(texts.size())},
          texts.empty() ? "none found" : texts.front()};
}

// Code that cannot be read may do anything.
constexpr GateWord<Audit> kWords[] = {
    {"unsafe-ops", false,
     [](const Audit& audit, double) {
       return none_of(audit, {"unsafe-operator", "unscanned-code"});
     }},
    {"unknown-ops", false,
     [](const Audit& audit, double) {
       return none_of(audit, {"unknown-operator", "unknown-class", "unscanned-code"});
     }},
    {"hidden-bytes", false,
     [](const Audit& audit, double) { return none_of(audit, {"hidden-bytes"}); }},
    {"hidden-weights", false,
     [](const Audit& audit, double) { return none_of(audit, {"hidden-weights"}); }},
};

}  // namespace

Result<std::vector<Condition<Audit>>> read_audit_conditions(const std::vector<std::string>& texts) {
  std::vector<Condition<Audit>> conditions;
  for (const std::string& text : texts) {
    auto condition = parse_condition("--fail-on", text, kWords);
    if (!condition) return condition.error();
    conditions.push_back(std::move(*condition));
  }
  return conditions;
}

bool is_told_always(const std::string& code) {
  return std::none_of(checks().begin(), checks().end(), [&code](const SafetyCheck& check) {
    return !check.always_told && has(check.codes, code);
  });
}

report::Table safety_table(const Audit& audit) {
  report::Table table;
  table.key = "safety";
  table.title = "Safety, read from the file and not tried";
  table.columns = {
      {"check", "check"}, {"verdict", "verdict"}, {"found", "found", report::Align::kLeft, true}};
  for (const SafetyCheck& check : checks()) {
    const auto texts = texts_of(audit, check.codes);
    const bool clean = texts.empty();
    report::List found;
    for (const std::string& text : texts) found.emplace_back(text);
    report::Row row;
    row.cells = {check.name, clean ? "clean" : "found", std::move(found)};
    row.tone = clean ? report::Tone::kNormal : report::Tone::kWarning;
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace tally::app
