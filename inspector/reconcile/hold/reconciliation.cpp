#include <formulas/spec/switches.h>
#include <inspector/reconcile/hold/reconciliation.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

using formulas::TermCount;
using formulas::TransformerSpec;

namespace slot = formulas::slot;
using formulas::TermKey;

class Reconciler {
 public:
  Reconciler(const Weights& weights, const Inference& inference, const TransformerSpec& spec)
      : w_(weights), in_(inference), spec_(spec) {}

  Result<Reconciliation> run() {
    const auto terms = formulas::terms(spec_);
    if (!terms) return terms.error();
    find_groups();
    find_cross_in_one();
    for (const TermCount& term : *terms) add_term(term);
    for (const Placement& p : in_.placements) place(p);
    r_.unexplained.insert(r_.unexplained.end(), in_.unexplained.begin(), in_.unexplained.end());
    std::sort(r_.unexplained.begin(), r_.unexplained.end());
    for (const WeightId weight : r_.unexplained) r_.unexplained_params += w_[weight].elements;
    for (TermLine& line : r_.lines) {
      auto& sum = r_.components[static_cast<std::size_t>(line.component)];
      sum.predicted_params += line.predicted_params;
      sum.real_params += line.real_params;
      r_.predicted_params += line.predicted_params;
      if (!line.alias_of.empty()) line.alias_tensors = in_.tied;
    }
    r_.real_params = w_.total;
    return std::move(r_);
  }

 private:
  /// The group of each layer, where a stack has several.
  void find_groups() {
    for (const auto& stack : spec_.stacks) {
      std::vector<int>& groups = group_of_.emplace_back();
      if (stack.groups.size() == 1) continue;
      groups.resize(static_cast<std::size_t>(stack.num_layers()), -1);
      for (std::size_t g = 0; g < stack.groups.size(); ++g) {
        for (const std::int64_t layer : stack.groups[g].layers)
          groups[static_cast<std::size_t>(layer)] = static_cast<int>(g);
      }
    }
  }

  /// Stacks whose cross-attention has its queries stored with keys and values (torch's
  /// in_proj_weight), which the specification cannot say.
  void find_cross_in_one() {
    std::vector<bool> alone(spec_.stacks.size(), false);
    cross_in_one_ = alone;
    for (const Placement& p : in_.placements) {
      if (p.stack < 0 || static_cast<std::size_t>(p.stack) >= alone.size()) continue;
      const auto stack = static_cast<std::size_t>(p.stack);
      if (p.term == formulas::TermName{slot::kQkv, formulas::Part::kWeight, true})
        cross_in_one_[stack] = true;
      if (p.term == formulas::TermName{slot::kQ, formulas::Part::kWeight, true})
        alone[stack] = true;
    }
    for (std::size_t i = 0; i < alone.size(); ++i) cross_in_one_[i] = cross_in_one_[i] && !alone[i];
  }

  void add_term(const TermCount& term) {
    const TermKey key = line_key(term);
    const auto [found, fresh] = line_of_.emplace(key, r_.lines.size());
    if (fresh) {
      r_.lines.emplace_back();
      r_.lines.back().key = key;
      r_.lines.back().component = term.component;
      r_.lines.back().alias_of = term.alias_of;
    }
    TermLine& line = r_.lines[found->second];
    line.addends.push_back({term.symbols, term.numbers});
    line.predicted_params += term.unique_params;
    if (term.alias_of.empty()) line.expected_tensors = std::max(line.expected_tensors, term.copies);
  }

  /// Terms that are rows of one stored tensor share a line.
  TermKey line_key(const TermCount& term) const {
    if (term.packing.name.slot.valid()) return term.packing;
    TermKey key = term.key;
    if (key.name.cross && key.name.slot == slot::kQ &&
        cross_in_one_[static_cast<std::size_t>(term.stack)])
      key.name.slot = slot::kQkv;
    return key;
  }

  void place(const Placement& p) {
    TermLine* line = line_for(p);
    if (line == nullptr || !line->alias_of.empty()) {
      r_.unexplained.push_back(p.weight);
      return;
    }
    line->weights.push_back(p.weight);
    line->real_params += w_[p.weight].elements;
  }

  /// The line of what is placed so, if there is one.
  TermLine* line_for(const Placement& p) {
    TermKey key;
    key.name = p.term;
    if (p.stack >= 0) {
      const auto index = static_cast<std::size_t>(p.stack);
      if (index >= spec_.stacks.size()) return nullptr;
      key.stack = spec_.stacks[index].name;
      const auto& groups = group_of_[index];
      if (p.layer >= 0 && !groups.empty()) {
        if (static_cast<std::size_t>(p.layer) >= groups.size()) return nullptr;
        key.group = groups[static_cast<std::size_t>(p.layer)];
      }
    }
    auto line = line_of_.find(key);
    if (line == line_of_.end()) {
      // Whether a norm stands before or behind its block shows in no tensor: the specification has
      // the say.
      key.name.slot = formulas::other_side(key.name.slot);
      line = line_of_.find(key);
    }
    return line == line_of_.end() ? nullptr : &r_.lines[line->second];
  }

  const Weights& w_;
  const Inference& in_;
  const TransformerSpec& spec_;
  Reconciliation r_;
  std::map<TermKey, std::size_t> line_of_;
  std::vector<std::vector<int>> group_of_;  ///< per stack and layer; none where there is one group
  std::vector<bool> cross_in_one_;          ///< per stack
};

}  // namespace

std::string TermLine::symbols() const {
  std::string text;
  for (const Addend& addend : addends) text += (text.empty() ? "" : " + ") + addend.symbols;
  return text;
}

std::string TermLine::numbers() const {
  std::string text;
  for (const Addend& addend : addends) text += (text.empty() ? "" : " + ") + addend.numbers;
  return text;
}

bool Reconciliation::exact() const {
  return unexplained.empty() && std::all_of(lines.begin(), lines.end(), [](const TermLine& line) {
           return line.difference() == 0;
         });
}

void copy_storage(const TransformerSpec& from, TransformerSpec& to) {
  for (std::size_t s = 0; s < std::min(from.stacks.size(), to.stacks.size()); ++s) {
    for (auto& group : to.stacks[s].groups) {
      if (group.layers.empty()) continue;
      for (const auto& other : from.stacks[s].groups) {
        const bool same =
            std::binary_search(other.layers.begin(), other.layers.end(), group.layers.front());
        if (!same && from.stacks[s].groups.size() > 1) continue;
        formulas::copy_fields(other, group, formulas::Changes::kStorage);
        break;
      }
    }
  }
}

Result<Reconciliation> reconcile(const Weights& weights, const Inference& inference,
                                 TransformerSpec spec) {
  copy_storage(inference.spec, spec);
  return Reconciler(weights, inference, spec).run();
}

}  // namespace tally::inspector
