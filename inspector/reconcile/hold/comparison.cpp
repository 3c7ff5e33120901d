#include <formulas/spec/switches.h>
#include <formulas/terms/parameters.h>
#include <inspector/reconcile/facts/shape_match.h>
#include <inspector/reconcile/hold/adoption.h>
#include <inspector/reconcile/hold/comparison.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace tally::inspector {
namespace {

using formulas::HeadLayer;
using formulas::Switch;
using formulas::TransformerSpec;

constexpr std::size_t kMostDifferences = 24;  // beyond these, no small set explains anything
constexpr std::size_t kLargestSet = 4;
constexpr std::size_t kMostTries = 600;  // sets; beyond these only the fields that all sets need

/// The same stacks, groups and head layers in both, so that one list of switches serves both.
bool align(TransformerSpec& a, TransformerSpec& b) {
  if (a.stacks.size() != b.stacks.size()) return false;
  for (std::size_t i = 0; i < a.stacks.size(); ++i) {
    if (a.stacks[i].groups.size() != b.stacks[i].groups.size()) return false;
  }
  const auto add_missing = [](TransformerSpec& to, const TransformerSpec& from) {
    std::set<std::string> ids = head_ids(to);
    for (const HeadLayer& layer : from.head_layers) {
      if (!ids.insert(layer.id).second) continue;
      to.head_layers.push_back(layer);
      to.head_layers.back().present = false;
    }
    std::stable_sort(to.head_layers.begin(), to.head_layers.end(),
                     [](const HeadLayer& x, const HeadLayer& y) { return x.id < y.id; });
  };
  add_missing(a, b);
  add_missing(b, a);
  return true;
}

class Comparer {
 public:
  Comparer(const Weights& weights, Comparison& c) : w_(weights), c_(c) {}

  void find_contradictions() {
    TransformerSpec file = c_.inference.spec, given = c_.spec;
    settle_open(file, given, c_.inference.fields);
    copy_storage(file, given);
    if (!align(file, given)) {
      c_.contradictions.push_back({"stacks", shape_of(file), shape_of(given), {}});
      return;
    }
    for (const Switch& s : formulas::switches(file)) {
      // Other fields change no parameter, or say only how tensors are stored.
      const bool skipped = s.changes != formulas::Changes::kParameters;
      const std::int64_t is = s.get(file), said = s.get(given);
      // A tied output has the sizes of its table.
      const bool follows = file.output.tied && given.output.tied &&
                           (s.path == "output.vocab_size" || s.path == "output.width");
      if (skipped || follows || is == said || (!s.inert(file).empty() && !s.inert(given).empty()))
        continue;
      Contradiction found{s.path, formulas::value_text(s, is), formulas::value_text(s, said), {}};
      for (const SpecField& field : c_.inference.fields) {
        if (field.key == s.key) found.tensors = field.tensors;
      }
      c_.contradictions.push_back(std::move(found));
      differing_.push_back({s, is, said});
    }
    given_ = std::move(given);
  }

  /// The smallest set of the differing switches that makes the formula exact, first by size, then
  /// in the order of the fields.
  void explain() {
    if (differing_.empty() || differing_.size() > kMostDifferences || c_.terms.exact()) return;
    if (!c_.inference.unexplained.empty()) return;  // no change of the specification places them
    std::vector<std::size_t> all(differing_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    for (std::size_t size = 1; size <= std::min(kLargestSet, differing_.size()); ++size) {
      std::vector<std::size_t> chosen;
      if (try_sets(chosen, 0, size)) return;
    }
    if (!exact_with(all)) return;
    std::vector<std::size_t> needed;
    for (const std::size_t i : all) {
      std::vector<std::size_t> others = all;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      if (!exact_with(others)) needed.push_back(i);
    }
    keep(exact_with(needed) ? needed : all);
  }

 private:
  struct Difference {
    Switch field;
    std::int64_t file;
    std::int64_t given;
  };

  static std::string shape_of(const TransformerSpec& spec) {
    std::string text;
    for (const auto& stack : spec.stacks) {
      text += (text.empty() ? "" : ", ") + stack.name + " of";
      for (const auto& group : stack.groups)
        text +=
            " " + std::to_string(group.num_layers()) + (&group == &stack.groups.back() ? "" : " +");
      text += " layers";
    }
    return text;
  }

  TransformerSpec with(const std::vector<std::size_t>& chosen) const {
    TransformerSpec spec = given_;
    for (const std::size_t i : chosen) differing_[i].field.set(spec, differing_[i].file);
    for (std::size_t i = 0; i < spec.stacks.size() && spec.output.tied; ++i) {
      if (given_.stacks[i].embedding.vocab_size != given_.output.vocab_size) continue;
      spec.output.vocab_size = spec.stacks[i].embedding.vocab_size;
      spec.output.width = spec.stacks[i].embedding.embedding_size;
    }
    return spec;
  }

  bool exact_with(const std::vector<std::size_t>& chosen) const {
    const TransformerSpec spec = with(chosen);
    // The sum alone is told without looking at any weight, and refuses nearly all.
    const auto count = formulas::count_parameters(spec);
    if (!count || count->unique_params != w_.total) return false;
    const auto r = reconcile(w_, c_.inference, spec);
    return r && r->exact();
  }

  bool try_sets(std::vector<std::size_t>& chosen, std::size_t from, std::size_t size) {
    if (chosen.size() == size) {
      if (++tries_ > kMostTries || !exact_with(chosen)) return false;
      keep(chosen);
      return true;
    }
    for (std::size_t i = from; i < differing_.size() && tries_ <= kMostTries; ++i) {
      chosen.push_back(i);
      if (try_sets(chosen, i + 1, size)) return true;
      chosen.pop_back();
    }
    return false;
  }

  void keep(const std::vector<std::size_t>& chosen) {
    std::vector<std::size_t> done;
    std::vector<TermLine> before = c_.terms.lines;
    for (const std::size_t i : chosen) {
      done.push_back(i);
      const auto r = reconcile(w_, c_.inference, with(done));
      std::vector<TermLine> after = r ? r->lines : before;
      const Difference& d = differing_[i];
      SwitchChange change{d.field.path, formulas::value_text(d.field, d.given),
                          formulas::value_text(d.field, d.file), 0, term_changes(before, after)};
      for (const TermChange& term : change.terms) change.params += term.params;
      c_.explanation.push_back(std::move(change));
      before = std::move(after);
    }
  }

  const Weights& w_;
  Comparison& c_;
  std::vector<Difference> differing_;
  TransformerSpec given_;
  std::size_t tries_ = 0;
};

Result<Unit> apply_settings(const GivenSpec& given, TransformerSpec& spec) {
  for (const auto& [path, text] : given.settings) {
    if (auto set = formulas::set_field(spec, path, text); !set) {
      Error error = set.error();
      error.message = "--set: " + error.message;
      return error;
    }
  }
  return Unit{};
}

}  // namespace

Result<Comparison> compare(const ModelSnapshot& snapshot, const Weights& weights,
                           const GivenSpec& given) {
  Comparison c;
  c.inference = infer(snapshot, weights, given.flags);
  c.source = given.config ? given.config_name : "the file itself";
  if (!given.config && !c.inference.transformer) {
    if (!given.settings.empty())
      return Error{ErrorCode::kUsage, "--set: nothing to set: " + recognised_as(c.inference),
                   "give the specification with --config config.json"};
    c.terms.real_params = weights.total;
    c.terms.unexplained = c.inference.unexplained;
    c.terms.unexplained_params = weights.total;
    return c;
  }
  if (given.config) {
    c.spec = *given.config;
    adopt(c.spec, given.config_name, weights.storing, c.inference);
  } else {
    c.spec = c.inference.spec;
  }
  if (!given.settings.empty()) {
    c.source += " with --set";
    if (const auto set = apply_settings(given, c.spec); !set) return set.error();
  }
  if (!c.inference.transformer && weights.storing == Storing::kFrozen) {
    if (const auto matched = match_by_shape(weights, c.spec); matched) {
      c.inference.placements = matched->placements;
      c.inference.unexplained = matched->unexplained;
    }
  }
  auto terms = reconcile(weights, c.inference, c.spec);
  if (!terms) return terms.error();
  c.terms = std::move(*terms);
  if (c.inference.transformer && (given.config || !given.settings.empty())) {
    Comparer comparer(weights, c);
    comparer.find_contradictions();
    comparer.explain();
  }
  return c;
}

}  // namespace tally::inspector
