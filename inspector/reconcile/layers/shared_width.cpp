#include <base/wide.h>
#include <inspector/reconcile/layers/shared_width.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <unordered_set>

namespace tally::inspector {
namespace {

/// Sizes of a growing set of weights, and which of them is shared most.
class Widths {
 public:
  /// Adds a weight, or takes it out again where `times` is -1.
  void add(const Weight& weight, int times = 1) {
    auto shape = squeezed(weight.shape);
    if (shape.size() == 1) change(shape[0], 0, times);
    if (shape.size() != 2 && shape.size() != 3) return;
    matrices_ += times;
    const Int128 elements = Int128{times} * weight.elements;
    all_ += elements;
    std::sort(shape.begin(), shape.end());
    shape.erase(std::unique(shape.begin(), shape.end()), shape.end());
    for (const std::int64_t size : shape) change(size, elements, 0);
  }

  void add(const Widths& other) {
    matrices_ += other.matrices_;
    all_ += other.all_;
    for (const auto& [size, along] : other.along_) change(size, along.elements, along.vectors);
  }

  std::size_t sizes() const { return along_.size(); }

  SharedWidth most_shared() const {
    SharedWidth shared;
    shared.matrices = matrices_;
    if (order_.empty()) return shared;
    const auto& [elements, vectors, size] = *order_.rbegin();
    shared.width = -size;
    shared.share = static_cast<double>(elements) / static_cast<double>(all_);
    return shared;
  }

 private:
  struct Along {
    Int128 elements = 0;
    std::int64_t vectors = 0;
  };

  void change(std::int64_t size, Int128 elements, std::int64_t vectors) {
    if (size < 2) return;
    Along& along = along_[size];
    if (along.elements > 0) order_.erase({along.elements, along.vectors, -size});
    along.elements += elements;
    along.vectors += vectors;
    if (along.elements > 0) order_.insert({along.elements, along.vectors, -size});
  }

  std::map<std::int64_t, Along> along_;
  std::set<std::tuple<Int128, std::int64_t, std::int64_t>> order_;  ///< of the sizes of matrices
  Int128 all_ = 0;
  std::int64_t matrices_ = 0;
};

/// The weights below a module, while its submodules are added.
struct Below {
  Widths widths;
  std::unordered_set<WeightId> named;  ///< of those with several names: they count once
};

void add_weight(const Weights& weights, WeightId weight, Below& below) {
  if (weights[weight].aliases.empty() || below.named.insert(weight).second)
    below.widths.add(weights[weight]);
}

/// Adds the smaller to the larger, so that a weight moves a few times only, however deep it lies.
void merge(const Weights& weights, Below&& from, Below& into) {
  if (from.widths.sizes() > into.widths.sizes()) std::swap(from.widths, into.widths);
  into.widths.add(from.widths);
  if (from.named.size() > into.named.size()) std::swap(from.named, into.named);
  for (const WeightId weight : from.named) {
    if (!into.named.insert(weight).second) into.widths.add(weights[weight], -1);
  }
}

}  // namespace

std::vector<SharedWidth> shared_widths(const Weights& weights) {
  const std::size_t count = weights.children.size();
  std::vector<ModuleId> by_rank(count), parent(count, ModuleId::none());
  for (const ModuleId module : ids_of<ModuleId>(count)) {
    by_rank[static_cast<std::size_t>(weights.rank[module])] = module;
    for (const ModuleId child : weights.children[module]) parent[child] = module;
  }
  std::vector<SharedWidth> found(count);
  std::vector<std::unique_ptr<Below>> open(count);
  const auto below = [&open](ModuleId module) -> Below& {
    auto& own = open[module];
    if (own == nullptr) own = std::make_unique<Below>();
    return *own;
  };
  // Submodules before the modules that hold them.
  for (auto it = by_rank.rbegin(); it != by_rank.rend(); ++it) {
    const ModuleId module = *it;
    for (const TensorId tensor : weights.names_in[module])
      add_weight(weights, weights.of_tensor[tensor], below(module));
    if (open[module] == nullptr) continue;
    found[module] = open[module]->widths.most_shared();
    if (parent[module].valid()) {
      auto& above = open[parent[module]];
      if (above == nullptr)
        above = std::move(open[module]);
      else
        merge(weights, std::move(*open[module]), *above);
    }
    open[module].reset();
  }
  return found;
}

SharedWidth shared_width(const Weights& weights, const std::vector<ModuleId>& modules) {
  Widths widths;
  for (const ModuleId module : modules) {
    for (const WeightId weight : weights_below(weights, module)) widths.add(weights[weight]);
  }
  return widths.most_shared();
}

std::vector<WeightId> weights_below(const Weights& weights, ModuleId module) {
  std::vector<WeightId> found;
  std::vector<ModuleId> open{module};
  std::unordered_set<WeightId> seen;  // no flag a weight: a file may hold many small modules
  while (!open.empty()) {
    const ModuleId m = open.back();
    open.pop_back();
    for (const TensorId tensor : weights.names_in[m]) {
      const WeightId weight = weights.of_tensor[tensor];
      if (seen.insert(weight).second) found.push_back(weight);
    }
    open.insert(open.end(), weights.children[m].rbegin(), weights.children[m].rend());
  }
  return found;
}

}  // namespace tally::inspector
