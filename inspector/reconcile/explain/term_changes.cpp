#include <inspector/reconcile/explain/term_changes.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

struct Prediction {
  std::int64_t params = 0;
  std::vector<Addend> addends;
};

std::map<formulas::TermKey, Prediction> by_term(const std::vector<TermLine>& lines) {
  std::map<formulas::TermKey, Prediction> predictions;
  for (const TermLine& line : lines) {
    Prediction& prediction = predictions[line.key];
    prediction.params += line.predicted_params;
    prediction.addends.insert(prediction.addends.end(), line.addends.begin(), line.addends.end());
  }
  return predictions;
}

/// `addends` without those of `others`, each as often as it is there.
std::vector<Addend> without(std::vector<Addend> addends, const std::vector<Addend>& others) {
  for (const Addend& other : others) {
    const auto found = std::find(addends.begin(), addends.end(), other);
    if (found != addends.end()) addends.erase(found);
  }
  return addends;
}

std::string formula_of(const std::vector<Addend>& before, const std::vector<Addend>& after) {
  std::vector<Addend> gone = without(before, after);
  std::string text;
  for (const Addend& addend : without(after, before)) {
    text += (text.empty() ? "" : ", ") + addend.symbols + " = " + addend.numbers;
    const auto old = std::find_if(gone.begin(), gone.end(),
                                  [&](const Addend& a) { return a.symbols == addend.symbols; });
    if (old == gone.end()) continue;
    text += " instead of " + old->numbers;
    gone.erase(old);
  }
  for (const Addend& addend : gone)
    text += (text.empty() ? "no " : ", no ") + addend.symbols + " = " + addend.numbers;
  return text;
}

}  // namespace

std::vector<TermChange> term_changes(const std::vector<TermLine>& before,
                                     const std::vector<TermLine>& after) {
  std::map<formulas::TermKey, Prediction> was = by_term(before);
  std::vector<TermChange> changes;
  std::map<formulas::TermKey, Prediction> is = by_term(after);
  for (const auto& [term, prediction] : was) is.try_emplace(term);
  for (const auto& [term, prediction] : is) {
    const Prediction& old = was[term];
    if (prediction.params == old.params) continue;
    changes.push_back(
        {term, prediction.params - old.params, formula_of(old.addends, prediction.addends)});
  }
  return changes;
}

}  // namespace tally::inspector
