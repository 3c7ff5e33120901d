// Gates: the checks that a user asks for, and their one grammar.
//
// A condition is a word of a table, or `WORD>SHARE%`. Every gate reports the value that it looked
// at; what could not be evaluated has not passed.
#pragma once

#include <base/result.h>
#include <report/report.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::app {

/// What a gate saw.
struct GateFinding {
  bool passed = false;
  report::Value value;  ///< the figure that decided; empty where it could not be evaluated
  std::string found;    ///< the same in words
};

/// A gate that was asked for, and what it saw.
struct Gate {
  std::string check;  ///< as given: "--fail-on unexplained>0.1%"
  GateFinding finding;
};

/// A word of the grammar, for conditions on a `Subject`.
template <class Subject>
struct GateWord {
  std::string_view word;
  bool takes_share = false;  ///< may be followed by ">0.1%"
  GateFinding (*evaluate)(const Subject&, double most_percent);
};

/// "unexplained>0.1%", taken apart.
struct ConditionText {
  std::string word;
  std::optional<double> most_percent;  ///< within [0, 100]
};

/// Takes `text` apart. `words` are all words, `with_share` those that may have one. Errors (kUsage)
/// name `flag`, what was found, and the nearest word or all of them.
Result<ConditionText> read_condition(const std::string& flag, const std::string& text,
                                     const std::vector<std::string>& words,
                                     const std::vector<std::string>& with_share);

/// A condition, ready to be evaluated.
template <class Subject>
struct Condition {
  std::string check;
  const GateWord<Subject>* word = nullptr;
  double most_percent = 0;

  Gate evaluate(const Subject& subject) const {
    return {check, word->evaluate(subject, most_percent)};
  }
};

/// Reads `text`, the value of `flag`, by `table`.
template <class Subject, std::size_t n>
Result<Condition<Subject>> parse_condition(const std::string& flag, const std::string& text,
                                           const GateWord<Subject> (&table)[n]) {
  std::vector<std::string> words, with_share;
  for (const auto& word : table) {
    words.emplace_back(word.word);
    if (word.takes_share) with_share.emplace_back(word.word);
  }
  const auto read = read_condition(flag, text, words, with_share);
  if (!read) return read.error();
  Condition<Subject> condition{flag + " " + text, nullptr, read->most_percent.value_or(0)};
  for (const auto& word : table) {
    if (word.word == read->word) condition.word = &word;
  }
  return condition;
}

/// For JSON, under "checks": [{check, passed, value, found}].
report::Table checks_table(const std::vector<Gate>& gates);

/// For people: "passed" or "FAILED", the check and what it found. Nothing where there are none.
void add_checks(const std::vector<Gate>& gates, report::Section& section);

/// Whether every one passed.
bool all_passed(const std::vector<Gate>& gates);

}  // namespace tally::app
