#include <app/gates.h>
#include <app/parse_number.h>
#include <base/nearest_name.h>

#include <algorithm>

namespace tally::app {
namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

Result<ConditionText> read_condition(const std::string& flag, const std::string& text,
                                     const std::vector<std::string>& words,
                                     const std::vector<std::string>& with_share) {
  const auto sign = text.find('>');
  ConditionText condition;
  condition.word = text.substr(0, sign);
  if (!contains(words, condition.word)) {
    std::string hint = nearest_name(condition.word, words);
    if (!hint.empty()) {
      hint = "did you mean " + hint + "?";
    } else {
      for (const std::string& word : words) {
        hint += (hint.empty() ? "it is one of " : ", ") + word;
        if (contains(with_share, word)) hint += ", " + word + ">0.1%";
      }
    }
    return Error{ErrorCode::kUsage, flag + ": unknown condition " + text, hint};
  }
  if (sign == std::string::npos) return condition;
  if (!contains(with_share, condition.word)) {
    return Error{ErrorCode::kUsage, flag + ": " + condition.word + " takes no limit",
                 "give " + flag + " " + condition.word};
  }
  if (text.back() != '%') {
    return Error{ErrorCode::kUsage, flag + ": " + text + " has no share of the whole in percent",
                 "for example " + condition.word + ">0.1%"};
  }
  const auto percent = parse_number(flag + " " + condition.word,
                                    text.substr(sign + 1, text.size() - sign - 2), 0, 100);
  if (!percent) return percent.error();
  condition.most_percent = *percent;
  return condition;
}

report::Table checks_table(const std::vector<Gate>& gates) {
  report::Table table;
  table.key = "checks";
  table.programs = true;
  for (const char* key : {"check", "passed", "value", "found"}) {
    report::Column column;
    column.key = key;
    table.columns.push_back(std::move(column));
  }
  for (const Gate& gate : gates) {
    report::Row row;
    row.cells = {gate.check, report::Value::of(gate.finding.passed), gate.finding.value,
                 gate.finding.found};
    table.rows.push_back(std::move(row));
  }
  return table;
}

void add_checks(const std::vector<Gate>& gates, report::Section& section) {
  if (gates.empty()) return;
  section.add(report::Heading{{{"", "Checks"}}});
  report::Facts facts;
  for (const Gate& gate : gates) {
    const bool passed = gate.finding.passed;
    facts.facts.push_back({passed ? "passed" : "FAILED",
                           {{"", gate.check + ": " + gate.finding.found}},
                           passed ? report::Tone::kGood : report::Tone::kBad});
  }
  section.add(std::move(facts));
}

bool all_passed(const std::vector<Gate>& gates) {
  return std::all_of(gates.begin(), gates.end(),
                     [](const Gate& gate) { return gate.finding.passed; });
}

}  // namespace tally::app
