#include <inspector/reconcile/frozen/frozen_inference.h>
#include <inspector/reconcile/frozen/frozen_units.h>

#include <algorithm>
#include <map>
#include <set>

namespace tally::inspector {
namespace {

constexpr std::size_t kMostUnits = 50'000;
constexpr std::size_t kMostPeriods = 64;  // distances at which a first repetition is looked for
constexpr std::size_t kFewestMatrices = 3;

/// `repeats` times `length` units from `from` on.
struct Run {
  std::size_t from = 0, length = 0, repeats = 0;
  std::size_t spare = 0;  ///< how many units further it may start and still repeat as often
  std::size_t end() const { return from + length * repeats; }
  std::size_t covered() const { return length * repeats; }
};

class TreeBuilder {
 public:
  TreeBuilder(const ModelSnapshot& snapshot, const Weights& weights, bool blocks)
      : s_(snapshot), w_(weights), blocks_(blocks) {}

  FrozenTree run() {
    if (s_.operations.empty()) return none("its code could not be followed");
    for (FrozenUnit& unit : frozen_units(s_)) {
      auto& tensors = unit.tensors;
      tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                                   [&](const auto& t) { return !is_weight(t.second); }),
                    tensors.end());
      if (!tensors.empty()) units_.push_back(std::move(unit));
    }
    if (units_.size() > kMostUnits) return none("its code takes constants too often to be read");
    number_kinds();
    Run layers = longest_run(0, units_.size());
    if (layers.repeats == 0) return none("its code takes no constants in repeated layers");
    settle_start(layers);
    for (const auto& [from, to] :
         {std::pair(std::size_t{0}, layers.from), std::pair(layers.end(), units_.size())}) {
      if (longest_run(from, to).repeats > 0)
        return none("its code has several stacks of layers, which no name tells apart");
    }
    if (shares_layers(layers)) layers = first_only(layers);
    build(layers);
    tree_.repeats = static_cast<std::int64_t>(layers.repeats);
    return std::move(tree_);
  }

 private:
  FrozenTree none(std::string reason) {
    FrozenTree nothing;
    nothing.reason = std::move(reason);
    return nothing;
  }

  bool is_weight(TensorId tensor) const { return w_.of_tensor[tensor].valid(); }
  const TensorRecord& record(TensorId tensor) const { return s_.tensors[tensor]; }
  std::int64_t size_of(const FrozenUnit& unit) const {
    return record(unit.tensors.front().second).view.elements;
  }
  bool is_matrix(const FrozenUnit& unit) const {
    return record(unit.tensors.front().second).view.sizes.size() == 2;
  }

  static bool is_norm(const FrozenUnit& unit) {
    return unit.type.find("Norm") != std::string::npos;
  }

  /// Units of one class and of the same shapes have one number.
  void number_kinds() {
    std::map<std::string, std::size_t> numbers;
    for (const FrozenUnit& unit : units_) {
      std::string key = unit.type;
      for (const auto& [name, tensor] : unit.tensors) {
        key += "/" + name;
        for (const std::int64_t size : record(tensor).view.sizes) key += "," + std::to_string(size);
      }
      kinds_.push_back(numbers.emplace(key, numbers.size()).first->second);
    }
  }

  /// The run that covers most of the units from `from` to `to`, the shorter of two that cover as
  /// many. Only distances at which one unit comes again are tried.
  Run longest_run(std::size_t from, std::size_t to) const {
    Run best;
    std::set<std::size_t> lengths;
    std::map<std::size_t, std::size_t> last;
    for (std::size_t i = from; i < to && lengths.size() < kMostPeriods; ++i) {
      if (const auto seen = last.find(kinds_[i]); seen != last.end())
        lengths.insert(i - seen->second);
      last[kinds_[i]] = i;
    }
    // A layer may hold one kind several times, at distances that are none of its own: those of a
    // unit's first and its later appearances are tried as well.
    std::map<std::size_t, std::size_t> first;
    for (std::size_t i = from; i < to && lengths.size() < 2 * kMostPeriods; ++i) {
      const auto [seen, fresh] = first.emplace(kinds_[i], i);
      if (!fresh) lengths.insert(i - seen->second);
    }
    for (const std::size_t length : lengths) {
      for (std::size_t i = from; i + length < to;) {
        std::size_t same = 0;
        while (i + same + length < to && kinds_[i + same] == kinds_[i + same + length]) ++same;
        const std::size_t repeats = same / length + 1;
        const Run run{i, length, repeats, same % length};
        if (repeats > 1 && matrices_of(run) >= kFewestMatrices && run.covered() > best.covered())
          best = run;
        i += same + 1;
      }
    }
    return best;
  }

  std::size_t matrices_of(const Run& run) const {
    std::size_t matrices = 0;
    for (std::size_t i = run.from; i < run.from + run.length; ++i) matrices += is_matrix(units_[i]);
    return matrices;
  }

  /// A run of layers may begin with the norm that ends what was before it, and then lacks its own
  /// last one. A norm whose value is added to something is such a one: layers that begin with a
  /// norm add what went into it.
  void settle_start(Run& run) const {
    const FrozenUnit& unit = units_[run.from];
    if (is_norm(unit) && run.spare > 0 && is_added(unit.output)) ++run.from;
  }

  bool is_added(std::int32_t value) const {
    std::set<std::int32_t> names{value};  // the value and what it is cast to
    for (const Operation& o : s_.operations) {
      const auto is_it = [&](const Operand& x) { return names.count(x.value) > 0; };
      if (std::none_of(o.operands.begin(), o.operands.end(), is_it)) continue;
      if (o.name == "torch.add" || o.name == "torch.add_") return true;
      if (o.name == "torch.to" || o.name == "torch.dropout")
        names.insert(o.outputs.begin(), o.outputs.end());
    }
    return false;
  }

  /// Whether every layer takes the matrices of the first.
  bool shares_layers(const Run& run) const {
    for (std::size_t i = run.from + run.length; i < run.end(); ++i) {
      const FrozenUnit& first = units_[run.from + (i - run.from) % run.length];
      if (is_matrix(first) && first.tensors.front().second != units_[i].tensors.front().second)
        return false;
    }
    return true;
  }

  Run first_only(const Run& run) {
    units_.erase(units_.begin() + static_cast<std::ptrdiff_t>(run.from + run.length),
                 units_.begin() + static_cast<std::ptrdiff_t>(run.end()));
    return {run.from, run.length, 1, 0};
  }

  void build(const Run& layers) {
    ModelSnapshot& tree = tree_.snapshot;
    tree.path = s_.path;
    tree.storages = s_.storages;
    tree.code_sizes = s_.code_sizes;
    add_module(ModuleId::none(), "", "");
    ModuleId stack, layer, block;
    std::int64_t widest = 0;  // of a layer's norms; those of queries and keys are of one head
    for (std::size_t i = layers.from; i < layers.end(); ++i) {
      if (is_norm(units_[i])) widest = std::max(widest, size_of(units_[i]));
    }
    for (std::size_t i = 0; i < units_.size(); ++i) {
      const bool inside = i >= layers.from && i < layers.end();
      ModuleId parent(0);
      std::string path = "unit" + std::to_string(i);
      if (inside) {
        const std::string of_layer = "layers." + std::to_string((i - layers.from) / layers.length);
        const bool norm = is_norm(units_[i]) && size_of(units_[i]) == widest;
        if (!stack.valid()) stack = add_module(ModuleId(0), "layers", "");
        if ((i - layers.from) % layers.length == 0) {
          layer = add_module(stack, of_layer, "");
          tree.modules.back().code_sizes = s_.modules.front().code_sizes;  // one code for all
          block = ModuleId::none();
        }
        parent = layer;
        path = of_layer + "." + path;
        if (norm) block = ModuleId::none();
        if (blocks_ && !norm) {
          if (!block.valid())
            block = add_module(layer, of_layer + ".block" + std::to_string(i), "");
          parent = block;
          path = tree.modules[block].path + ".unit" + std::to_string(i);
        }
      }
      const ModuleId module = add_module(parent, path, units_[i].type);
      for (const auto& [name, tensor] : units_[i].tensors) add_tensor(module, name, tensor);
    }
  }

  ModuleId add_module(ModuleId parent, const std::string& path, const std::string& type) {
    ModuleNode node;
    node.path = path;
    node.parent = parent;
    node.type = type;
    tree_.snapshot.modules.push_back(std::move(node));
    return ModuleId(tree_.snapshot.modules.size() - 1);
  }

  void add_tensor(ModuleId module, const std::string& name, TensorId tensor) {
    TensorRecord copy = record(tensor);
    copy.module = module;
    copy.name = name;
    copy.kind = TensorKind::kParameter;
    const bool again = !taken_.insert(tensor).second;
    if (again && copy.view.sizes.size() < 2) {
      copy.view.storage = StorageId(tree_.snapshot.storages.size());
      tree_.snapshot.storages.push_back(!record(tensor).view.storage.valid()
                                            ? StorageRecord{}
                                            : s_.storages[record(tensor).view.storage]);
    }
    tree_.snapshot.tensors.push_back(std::move(copy));
    tree_.tensor_of.push_back(tensor);
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  std::vector<FrozenUnit> units_;
  std::vector<std::size_t> kinds_;
  std::set<TensorId> taken_;
  bool blocks_;
  FrozenTree tree_;
};

}  // namespace

FrozenTree frozen_tree(const ModelSnapshot& snapshot, const Weights& weights, bool blocks) {
  return TreeBuilder(snapshot, weights, blocks).run();
}

}  // namespace tally::inspector
