#include <inspector/probe/inputs/argument_walk.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace tally::inspector {
namespace {

using torch::jit::Node;
using torch::jit::Value;
using Place = GraphFlow::Place;
using Use = GraphFlow::Use;

bool is(const Node* node, std::string_view op) { return node->kind().toQualString() == op; }

bool keeps_sizes(const Node* node) {
  const std::string_view op = node->kind().toQualString();
  return std::find(std::begin(kSameSizes), std::end(kSameSizes), op) != std::end(kSameSizes);
}

bool is_tensor(const Value* value) { return value->type()->isSubtypeOf(*c10::TensorType::get()); }

/// Whether the program raises an exception where `condition` is `value`.
bool raises(const Value* condition, bool value) {
  for (const torch::jit::Use& use : condition->uses()) {
    if (is(use.user, "aten::__not__") && raises(use.user->output(), !value)) return true;
    if (use.user->kind() != c10::prim::If) continue;
    for (const Node* node : use.user->blocks()[value ? 0 : 1]->nodes()) {
      if (node->kind() == c10::prim::RaiseException) return true;
    }
  }
  return false;
}

class Walk {
 public:
  Walk(GraphFlow& flow, ArgumentFindings& findings) : flow_(flow), findings_(findings) {}

  void run(std::size_t argument) {
    pending_.push_back({{flow_.argument(argument), {}, false}});
    for (std::size_t level = 0; level < pending_.size(); ++level) {
      while (!pending_[level].empty()) {
        const Item item = std::move(pending_[level].back());
        pending_[level].pop_back();
        if (!seen_.insert({item.place.value, item.place.frame, item.rank_only}).second) continue;
        flow_.for_each_use(item.place, [&](const Use& use) { take(use, item); });
      }
    }
  }

 private:
  struct Item {
    Place place;
    std::vector<Reordering> reorderings;
    bool rank_only = false;  ///< another tensor with as many dimensions as the argument
  };

  void take(const Use& use, const Item& item) {
    if (item.reorderings.empty()) note_sizes(use, item.rank_only);
    for (const LayerRule& rule : kLayerRules) {
      if (use.offset == rule.input && is(use.node, rule.op)) take_layer(use, item, rule);
    }
    if (use.offset == 0 && keeps_sizes(use.node) && others_belong_to_the_model(use))
      push(use, item.reorderings, item.rank_only);
    if (use.offset == 0 && !item.rank_only) take_reordering(use, item);
  }

  void push(const Use& use, std::vector<Reordering> reorderings, bool rank_only) {
    if (use.node->outputs().empty() || !is_tensor(use.node->outputs()[0])) return;
    const std::size_t level = reorderings.size();
    constexpr std::size_t kMostReorderings = 6;
    if (level > kMostReorderings) return;
    if (pending_.size() <= level) pending_.resize(level + 1);
    pending_[level].push_back(
        {{use.node->outputs()[0], use.frame}, std::move(reorderings), rank_only});
  }

  bool others_belong_to_the_model(const Use& use) {
    for (const Value* input : use.node->inputs()) {
      if (input != use.node->input(use.offset) && is_tensor(input) &&
          !flow_.resolve(input, use.frame))
        return false;
    }
    return true;
  }

  std::optional<c10::IValue> known(const Use& use, int input) const {
    if (input < 0 || static_cast<std::size_t>(input) >= use.node->inputs().size())
      return std::nullopt;
    const auto found = flow_.resolve(use.node->input(static_cast<std::size_t>(input)), use.frame);
    if (!found) return std::nullopt;
    return found->value;
  }

  std::optional<std::int64_t> known_int(const Use& use, int input) const {
    const std::optional<c10::IValue> value = known(use, input);
    if (!value || !value->isInt()) return std::nullopt;
    return value->toInt();
  }

  bool known_bool(const Use& use, int input, bool otherwise) const {
    const std::optional<c10::IValue> value = known(use, input);
    return value && value->isBool() ? value->toBool() : otherwise;
  }

  /// The weight of a layer: a tensor, or the first of a list of them.
  std::optional<ModelValue> weight(const Use& use, std::size_t input) const {
    if (input >= use.node->inputs().size()) return std::nullopt;
    const Value* value = use.node->input(input);
    if (value->node()->kind() == c10::prim::ListConstruct && !value->node()->inputs().empty())
      value = value->node()->input(0);
    std::optional<ModelValue> found = flow_.resolve(value, use.frame);
    if (!found) return std::nullopt;
    if (found->value.isTensorList() && found->value.toTensorList().size() > 0)
      found->value = found->value.toTensorList().get(0);
    if (!found->value.isTensor() || !found->value.toTensor().defined()) return std::nullopt;
    return found;
  }

  void take_layer(const Use& use, const Item& item, const LayerRule& rule) {
    std::optional<ModelValue> found = weight(use, rule.weight);
    if (found && !findings_.layer && !item.rank_only) {
      FirstLayer layer;
      layer.rule = &rule;
      layer.weight = found->value.toTensor();
      layer.weight_path = found->path;
      layer.reorderings = item.reorderings;
      layer.groups = std::max<std::int64_t>(1, known_int(use, rule.groups).value_or(1));
      layer.transposed = known_bool(use, rule.transposed, false);
      layer.batch_first = known_bool(use, rule.batch_first, true);
      findings_.layer = std::move(layer);
    }
    const bool keeps_rank = rule.demand == Demand::kLast || rule.demand == Demand::kTrailing;
    if (keeps_rank && item.reorderings.empty()) push(use, {}, true);
  }

  void take_reordering(const Use& use, const Item& item) {
    Reordering next;
    if (is(use.node, "aten::transpose")) {
      next.kind = Reordering::Kind::kTranspose;
      const auto a = known_int(use, 1), b = known_int(use, 2);
      if (!a || !b) return;
      next.dims = {*a, *b};
    } else if (is(use.node, "aten::permute")) {
      next.kind = Reordering::Kind::kPermute;
      for (const Value* dim : use.node->input(1)->node()->inputs()) {
        const auto found = flow_.resolve(dim, use.frame);
        if (!found || !found->value.isInt()) return;
        next.dims.push_back(found->value.toInt());
      }
    } else if (is(use.node, "aten::unsqueeze") || is(use.node, "aten::squeeze")) {
      next.kind =
          is(use.node, "aten::squeeze") ? Reordering::Kind::kSqueeze : Reordering::Kind::kUnsqueeze;
      const auto dim = known_int(use, 1);
      if (!dim) return;
      next.dims = {*dim};
    } else if (!is(use.node, "aten::view") && !is(use.node, "aten::reshape") &&
               !is(use.node, "aten::flatten")) {
      return;
    }
    std::vector<Reordering> all = item.reorderings;
    all.push_back(std::move(next));
    push(use, std::move(all), false);
  }

  void note_rank(std::int64_t rank) { findings_.least_rank = std::max(findings_.least_rank, rank); }

  /// What this use of a tensor, which has the argument's number of dimensions, says of them.
  void note_sizes(const Use& use, bool rank_only) {
    const Node* const node = use.node;
    if (use.offset != 0) return;
    if (is(node, "aten::dim")) {
      if (const auto rank = demanded(node->output(), use.frame)) note_rank(*rank);
    } else if (is(node, "aten::size") && node->inputs().size() == 2) {
      const auto dim = known_int(use, 1);
      if (!dim) return;
      note_rank(*dim + 1);
      if (rank_only) return;
      if (const auto size = demanded(node->output(), use.frame)) findings_.demanded[*dim] = *size;
    } else if (is(node, "aten::size")) {
      for (const torch::jit::Use& list : node->output()->uses()) {
        if (list.user->kind() == c10::prim::ListUnpack)
          note_rank(static_cast<std::int64_t>(list.user->outputs().size()));
      }
    } else if (is(node, "aten::transpose")) {
      note_rank(std::max(known_int(use, 1).value_or(0), known_int(use, 2).value_or(0)) + 1);
    } else if (is(node, "aten::permute")) {
      note_rank(static_cast<std::int64_t>(node->input(1)->node()->inputs().size()));
    } else if (is(node, "aten::select") || is(node, "aten::slice")) {
      note_rank(known_int(use, 1).value_or(0) + 1);
    }
  }

  /// The number that `value` is compared with where another one raises an exception.
  std::optional<std::int64_t> demanded(const Value* value, const GraphFlow::Frame* frame) const {
    for (const torch::jit::Use& use : value->uses()) {
      const bool differs = is(use.user, "aten::ne");
      if ((!differs && !is(use.user, "aten::eq")) || !raises(use.user->output(), differs)) continue;
      const auto other = flow_.resolve(use.user->input(1 - use.offset), frame);
      if (other && other->value.isInt()) return other->value.toInt();
    }
    return std::nullopt;
  }

  GraphFlow& flow_;
  ArgumentFindings& findings_;
  std::vector<std::vector<Item>> pending_;  ///< by the number of reorderings
  std::set<std::tuple<const Value*, const GraphFlow::Frame*, bool>> seen_;
};

/// Follows the second size of an argument to the tables of positions that it must not pass.
class LengthWalk {
 public:
  LengthWalk(GraphFlow& flow, ArgumentFindings& findings) : flow_(flow), findings_(findings) {}

  void run(std::size_t argument) {
    push(flow_.argument(argument), What::kTensor);
    while (!pending_.empty()) {
      const auto [place, what] = pending_.back();
      pending_.pop_back();
      if (!seen_.insert({place.value, place.frame, what}).second) continue;
      flow_.for_each_use(place, [this, what = what](const Use& use) {
        if (what == What::kTensor) take_tensor(use);
        if (what == What::kSizes) take_sizes(use);
        if (what == What::kLength) take_length(use);
        if (what == What::kPositions) take_positions(use);
      });
    }
  }

 private:
  enum class What { kTensor, kSizes, kLength, kPositions };

  void push(const Place& place, What what) { pending_.push_back({place, what}); }
  void push_output(const Use& use, What what, std::size_t output = 0) {
    if (output < use.node->outputs().size()) push({use.node->outputs()[output], use.frame}, what);
  }

  std::optional<std::int64_t> known_int(const Use& use, std::size_t input) const {
    if (input >= use.node->inputs().size()) return std::nullopt;
    const auto found = flow_.resolve(use.node->input(input), use.frame);
    if (!found || !found->value.isInt()) return std::nullopt;
    return found->value.toInt();
  }

  static bool is_second(std::optional<std::int64_t> dim) {
    return dim && (*dim == 1 || *dim == -1);
  }

  void limit(const Use& use, std::size_t input, std::int64_t dim) {
    if (input >= use.node->inputs().size()) return;
    const Value* value = use.node->input(input);
    while (is(value->node(), "aten::slice")) value = value->node()->input(0);  // x[:, :n] is two
    const auto found = flow_.resolve(value, use.frame);
    if (!found || !found->value.isTensor()) return;
    const at::Tensor& table = found->value.toTensor();
    if (!table.defined() || dim < 0 || dim >= table.dim() || table.size(dim) < 1) return;
    findings_.longest = std::min(findings_.longest.value_or(table.size(dim)), table.size(dim));
  }

  void take_tensor(const Use& use) {
    if (use.offset != 0) return;
    if (is(use.node, "aten::size")) {
      if (use.node->inputs().size() == 1) push_output(use, What::kSizes);
      if (is_second(known_int(use, 1))) push_output(use, What::kLength);
    } else if (keeps_sizes(use.node) || is(use.node, "aten::view") ||
               is(use.node, "aten::reshape")) {
      push_output(use, What::kTensor);
    }
  }

  void take_sizes(const Use& use) {
    if (use.node->kind() == c10::prim::ListUnpack) push_output(use, What::kLength, 1);
    if (is(use.node, "aten::__getitem__") && is_second(known_int(use, 1)))
      push_output(use, What::kLength);
    if (is(use.node, "aten::slice")) push_output(use, What::kSizes);
  }

  void take_length(const Use& use) {
    static constexpr std::string_view kNumbers[] = {"prim::NumToTensor", "aten::Int",
                                                    "aten::add",         "aten::sub",
                                                    "prim::min",         "aten::ScalarImplicit"};
    if (is(use.node, "aten::arange")) {
      if (use.offset <= 1) push_output(use, What::kPositions);
    } else if (is(use.node, "aten::slice")) {
      constexpr std::size_t kEnd = 3;
      const auto dim = known_int(use, 1);
      if (use.offset == kEnd && dim) limit(use, 0, *dim);
    } else if (std::find(std::begin(kNumbers), std::end(kNumbers),
                         std::string_view(use.node->kind().toQualString())) != std::end(kNumbers)) {
      push_output(use, What::kLength);
    }
  }

  void take_positions(const Use& use) {
    if (is(use.node, "aten::embedding") && use.offset == 1) limit(use, 0, 0);
    if (use.offset != 0) return;
    if (keeps_sizes(use.node) || is(use.node, "aten::unsqueeze") || is(use.node, "aten::expand") ||
        is(use.node, "aten::expand_as") || is(use.node, "aten::view"))
      push_output(use, What::kPositions);
  }

  GraphFlow& flow_;
  ArgumentFindings& findings_;
  std::vector<std::pair<Place, What>> pending_;
  std::set<std::tuple<const Value*, const GraphFlow::Frame*, What>> seen_;
};

}  // namespace

ArgumentFindings walk_argument(GraphFlow& flow, std::size_t argument) {
  ArgumentFindings findings;
  Walk(flow, findings).run(argument);
  LengthWalk(flow, findings).run(argument);
  return findings;
}

}  // namespace tally::inspector
