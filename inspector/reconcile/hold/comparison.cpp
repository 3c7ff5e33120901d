#include <formulas/spec/switches.h>
#include <formulas/terms/parameters.h>
#include <inspector/reconcile/facts/shape_match.h>
#include <inspector/reconcile/hold/comparison.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace tally::inspector {
namespace {

using formulas::FieldPart;
using formulas::HeadLayer;
using formulas::NormKind;
using formulas::Switch;
using formulas::TransformerSpec;

constexpr std::size_t kMostDifferences = 24;  // beyond these, no small set explains anything
constexpr std::size_t kLargestSet = 4;
constexpr std::size_t kMostTries = 600;  // sets; beyond these only the fields that all sets need

std::set<std::string> head_ids(const TransformerSpec& spec) {
  std::set<std::string> ids;
  for (const HeadLayer& layer : spec.head_layers) ids.insert(layer.id);
  return ids;
}

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

/// Stacks have the names of the given specification: no tensor says "text" or "encoder".
void adopt_names(const TransformerSpec& given, TransformerSpec& inferred) {
  if (inferred.stacks.size() != given.stacks.size()) return;
  for (std::size_t i = 0; i < given.stacks.size(); ++i)
    inferred.stacks[i].name = given.stacks[i].name;
}

/// Gives `inferred` the values of `given` where the file leaves them open and they fit what it
/// shows.
void settle_open(TransformerSpec& inferred, const TransformerSpec& given,
                 const std::vector<SpecField>& fields) {
  const auto heads_open = [&](std::size_t stack) {
    return std::any_of(fields.begin(), fields.end(), [&](const SpecField& field) {
      return field.ambiguous && field.key.stack == static_cast<int>(stack) &&
             field.key.part == FieldPart::kAttention && field.key.name == "head_dim";
    });
  };
  for (std::size_t i = 0; i < std::min(inferred.stacks.size(), given.stacks.size()); ++i) {
    auto& stack = inferred.stacks[i];
    const auto& other = given.stacks[i];
    const bool learned = stack.embedding.positions == formulas::PositionKind::kLearned ||
                         other.embedding.positions == formulas::PositionKind::kLearned;
    if (!learned) stack.embedding.positions = other.embedding.positions;
    const auto bare = [](NormKind kind) {
      return kind == NormKind::kRmsNorm || kind == NormKind::kLayerNormNoBias;
    };
    if (bare(stack.final_norm) && bare(other.final_norm)) stack.final_norm = other.final_norm;
    const bool open = heads_open(i);
    for (std::size_t g = 0; g < std::min(stack.groups.size(), other.groups.size()); ++g) {
      auto& group = stack.groups[g];
      const auto& theirs = other.groups[g];
      for (const bool cross : {false, true}) {
        auto& a = cross ? group.cross_attention : group.attention;
        const auto& b = cross ? theirs.cross_attention : theirs.attention;
        if (bare(a.qk_norm_kind) && bare(b.qk_norm_kind)) a.qk_norm_kind = b.qk_norm_kind;
        if (!open || a.kind != formulas::AttentionKind::kStandard) continue;
        const std::int64_t width = a.num_heads * a.head_dim,
                           narrow = a.num_key_value_heads * a.head_dim;
        std::int64_t d = b.head_dim;
        if ((d < 1 || width % d != 0 || narrow % d != 0) && b.num_heads > 0 &&
            width % b.num_heads == 0)
          d = width / b.num_heads;
        if (d < 1 || width == 0 || width % d != 0 || narrow % d != 0 || b.kind != a.kind) continue;
        if (a.qk_norm == formulas::QkNorm::kHeadDim && d != a.head_dim) continue;
        a.head_dim = a.value_head_dim = d;
        a.num_heads = width / d;
        a.num_key_value_heads = narrow / d;
      }
      if (bare(group.norm) && bare(theirs.norm)) group.norm = theirs.norm;
      const auto count = [](const formulas::LayerGroup& l) {
        return l.attention_pre_norm + l.attention_post_norm + l.mlp_pre_norm + l.mlp_post_norm;
      };
      if (count(group) == count(theirs)) {
        group.attention_pre_norm = theirs.attention_pre_norm;
        group.attention_post_norm = theirs.attention_post_norm;
        group.mlp_pre_norm = theirs.mlp_pre_norm;
        group.mlp_post_norm = theirs.mlp_post_norm;
      }
    }
  }
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

/// Heads that the file leaves open are the configuration's where they fit what it shows.
void close_heads(const GivenSpec& given, Inference& inference) {
  constexpr std::string_view kHeads[] = {"num_heads", "num_key_value_heads", "head_dim"};
  for (SpecField& field : inference.fields) {
    if (!field.ambiguous || field.key.part != FieldPart::kAttention ||
        std::find(std::begin(kHeads), std::end(kHeads), field.key.name) == std::end(kHeads))
      continue;
    field.value = formulas::value_text(field.key, inference.spec);
    field.ambiguous = false;
    field.candidates.clear();
    field.reason = given.config_name + " says so, and it fits the weights";
  }
}

/// Constants have no names: a layer behind the stacks that only its shape shows takes the name of
/// the one layer of that shape that the configuration has and the file seems to lack.
void name_head_layers(const TransformerSpec& given, Inference& inference) {
  const std::set<std::string> given_ids = head_ids(given);
  std::set<std::string> ids = head_ids(inference.spec);
  for (HeadLayer& layer : inference.spec.head_layers) {
    if (given_ids.count(layer.id) > 0) continue;
    std::vector<std::string> names;
    for (const HeadLayer& other : given.head_layers) {
      const bool alike = other.present && other.kind == layer.kind && other.in == layer.in &&
                         other.out == layer.out && other.bias == layer.bias &&
                         other.norm == layer.norm;
      if (alike && ids.count(other.id) == 0) names.push_back(other.id);
    }
    if (names.size() != 1) continue;
    const auto rename = [&](std::string& id) {
      if (id == layer.id) id = names.front();
    };
    for (Placement& p : inference.placements) rename(p.term.head_layer);
    for (SpecField& field : inference.fields) rename(field.key.head_layer);
    ids.erase(layer.id);
    ids.insert(names.front());
    layer.id = names.front();
  }
}

/// Whether the heads of all stacks are those of `given`.
bool same_heads(const TransformerSpec& a, const TransformerSpec& given) {
  if (a.stacks.size() != given.stacks.size()) return false;
  for (std::size_t i = 0; i < a.stacks.size(); ++i) {
    if (a.stacks[i].groups.size() != given.stacks[i].groups.size()) return false;
    for (std::size_t g = 0; g < a.stacks[i].groups.size(); ++g) {
      const auto &x = a.stacks[i].groups[g].attention, &y = given.stacks[i].groups[g].attention;
      if (x.num_heads != y.num_heads || x.head_dim != y.head_dim ||
          x.num_key_value_heads != y.num_key_value_heads)
        return false;
    }
  }
  return true;
}

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
    adopt_names(c.spec, c.inference.spec);
    if (weights.storing == Storing::kFrozen) name_head_layers(c.spec, c.inference);
    settle_open(c.inference.spec, c.spec, c.inference.fields);
    if (same_heads(c.inference.spec, c.spec)) close_heads(given, c.inference);
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
