#include <formulas/spec/switches.h>
#include <inspector/reconcile/hold/reconciliation.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

using formulas::TermCount;
using formulas::TransformerSpec;

class Reconciler {
 public:
  Reconciler(const Weights& weights, const Inference& inference, const TransformerSpec& spec)
      : w_(weights), in_(inference), spec_(spec) {}

  Result<Reconciliation> run() {
    const auto terms = formulas::terms(spec_);
    if (!terms) return terms.error();
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
  void add_term(const TermCount& term) {
    const std::string id = line_id(term);
    const auto [found, fresh] = line_of_.emplace(id, r_.lines.size());
    if (fresh) {
      r_.lines.emplace_back();
      r_.lines.back().id = id;
      r_.lines.back().component = term.component;
      r_.lines.back().alias_of = term.alias_of;
    }
    TermLine& line = r_.lines[found->second];
    line.addends.push_back({term.symbols, term.numbers});
    line.predicted_params += term.unique_params;
    if (term.alias_of.empty()) line.expected_tensors = std::max(line.expected_tensors, term.copies);
  }

  /// Terms that are rows of one stored tensor share a line. A cross-attention whose queries are
  /// stored with keys and values (torch's in_proj_weight) has its query there as well, which the
  /// specification cannot say.
  std::string line_id(const TermCount& term) const {
    if (!term.packing.slot.empty()) return term.packing.text();
    if (term.key.slot != "cross_attention.q" || !cross_in_one(term.stack)) return term.id;
    formulas::TermKey packed = term.key;
    packed.slot = "cross_attention.qkv";
    return packed.text();
  }

  bool cross_in_one(int stack) const {
    const auto has = [&](const char* name) {
      return std::any_of(in_.placements.begin(), in_.placements.end(),
                         [&](const Placement& p) { return p.stack == stack && p.term == name; });
    };
    return has("cross_attention.qkv.weight") && !has("cross_attention.q.weight");
  }

  void place(const Placement& p) {
    auto line = line_of_.find(line_id(p));
    if (line == line_of_.end()) line = line_of_.find(line_id(other_side(p)));
    if (line == line_of_.end() || !r_.lines[line->second].alias_of.empty()) {
      r_.unexplained.push_back(p.weight);
      return;
    }
    r_.lines[line->second].weights.push_back(p.weight);
    r_.lines[line->second].real_params += w_[p.weight].elements;
  }

  /// Whether a norm stands before or behind its block shows in no tensor: the specification has the
  /// say.
  static Placement other_side(Placement p) {
    for (const char* slot : {"norm.attention", "norm.mlp"}) {
      const std::string before = std::string(slot) + ".", behind = std::string(slot) + "_post.";
      if (p.term.rfind(before, 0) == 0)
        p.term = behind + p.term.substr(before.size());
      else if (p.term.rfind(behind, 0) == 0)
        p.term = before + p.term.substr(behind.size());
      else
        continue;
      break;
    }
    return p;
  }

  std::string line_id(const Placement& p) const {
    formulas::TermKey key;
    key.slot = p.term;
    if (p.stack < 0) return key.text();
    const auto index = static_cast<std::size_t>(p.stack);
    if (index >= spec_.stacks.size()) return "";
    const auto& stack = spec_.stacks[index];
    key.stack = stack.name;
    if (p.layer < 0 || stack.groups.size() == 1) return key.text();
    for (std::size_t g = 0; g < stack.groups.size(); ++g) {
      const auto& layers = stack.groups[g].layers;
      key.group = static_cast<int>(g);
      if (std::binary_search(layers.begin(), layers.end(), p.layer)) return key.text();
    }
    return "";
  }

  const Weights& w_;
  const Inference& in_;
  const TransformerSpec& spec_;
  Reconciliation r_;
  std::map<std::string, std::size_t> line_of_;
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
