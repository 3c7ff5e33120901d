#include <inspector/reconcile/frozen/frozen_units.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

namespace tally::inspector {
namespace {

struct Taker {
  std::string_view operation;
  const char* type;
  std::int32_t weight;  // position of the argument
  std::int32_t bias;    // -1: it has none
};

// Of torch.nn where a class of it calls the operator; Conv1D is the linear layer of `transformers`
// that keeps its weight as [in, out].
constexpr const char* kInputFirst = "transformers.pytorch_utils.Conv1D";
constexpr Taker kTakers[] = {
    {"torch.linear", "torch.nn.modules.linear.Linear", 1, 2},
    {"torch._C._nn.linear", "torch.nn.modules.linear.Linear", 1, 2},
    {"torch.addmm", kInputFirst, 2, 0},
    {"torch.matmul", kInputFirst, 1, -1},
    {"torch.mm", kInputFirst, 1, -1},
    {"torch.embedding", "torch.nn.modules.sparse.Embedding", 0, -1},
    {"torch.embedding_bag", "torch.nn.modules.sparse.EmbeddingBag", 0, -1},
    {"torch.layer_norm", "torch.nn.modules.normalization.LayerNorm", 2, 3},
    {"torch.rms_norm", "torch.nn.modules.normalization.RMSNorm", 2, -1},
    {"torch.group_norm", "torch.nn.modules.normalization.GroupNorm", 2, 3},
    {"torch.batch_norm", "torch.nn.modules.batchnorm.BatchNorm", 1, 2},
    {"torch.conv1d", "torch.nn.modules.conv.Conv1d", 1, 2},
    {"torch.conv2d", "torch.nn.modules.conv.Conv2d", 1, 2},
    {"torch.conv3d", "torch.nn.modules.conv.Conv3d", 1, 2},
    {"torch._convolution", "torch.nn.modules.conv.Conv2d", 1, 2},
};

// What gives its first argument again, in another form.
constexpr std::string_view kSame[] = {
    "torch.to",    "torch.expand",  "torch.unsqueeze", "torch.slice",   "torch.contiguous",
    "torch.view",  "torch.reshape", "torch.clone",     "torch.dropout", "torch.expand_as",
    "torch.float", "torch.type_as", "torch.detach",    "torch.select",  "torch.transpose"};
// Between the frequencies of rotary positions and their cosines.
constexpr std::string_view kOfAngles[] = {"torch.mul",    "torch.matmul", "torch.cat",
                                          "torch.outer",  "torch.einsum", "torch.bmm",
                                          "torch.stack",  "torch.div",    "torch.repeat_interleave",
                                          "torch.flatten"};

template <std::size_t N>
bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

class Follower {
 public:
  explicit Follower(const ModelSnapshot& s) : s_(s) {
    for (std::size_t i = 0; i < s.operations.size(); ++i) {
      const Operation& o = s.operations[i];
      for (const std::int32_t value : o.outputs) maker_[value] = i;
      if (!is_one_of(kSame, o.name)) continue;
      const TensorId constant = constant_at(o, 0);
      if (constant.valid()) constant_of_[o.outputs.front()] = constant;
    }
  }

  std::vector<FrozenUnit> units() {
    std::vector<FrozenUnit> units;
    std::unordered_map<std::int32_t, std::size_t> unit_of_value;
    for (const Operation& o : s_.operations) {
      if (is_one_of(kSame, o.name)) {
        const Operand* first = at(o, 0);
        const auto from = first == nullptr ? unit_of_value.end() : unit_of_value.find(first->value);
        if (from != unit_of_value.end()) unit_of_value[o.outputs.front()] = from->second;
        continue;
      }
      FrozenUnit unit = unit_of(o);
      if (unit.tensors.empty()) continue;
      // matmul(x, W) + b: the bias of a linear layer that was taken apart.
      if (o.name == "torch.add" && unit.tensors.size() == 1 && rank(unit.tensors[0].second) == 1) {
        const auto product = product_before(o, unit_of_value);
        if (product != unit_of_value.end() && units[product->second].type == kInputFirst &&
            units[product->second].tensors.size() == 1) {
          const std::size_t index = product->second;
          units[index].tensors.emplace_back("bias", unit.tensors[0].second);
          units[index].output = unit.output;
          unit_of_value[unit.output] = index;
          continue;
        }
      }
      unit_of_value[unit.output] = units.size();
      units.push_back(std::move(unit));
    }
    return units;
  }

  std::vector<bool> buffers() const {
    std::vector<bool> none(s_.tensors.size(), false), other(s_.tensors.size(), false);
    const std::set<std::size_t> angles = operations_of_angles();
    for (std::size_t i = 0; i < s_.operations.size(); ++i) {
      const Operation& o = s_.operations[i];
      if (is_one_of(kSame, o.name)) continue;
      for (const Operand& x : o.operands) {
        const TensorId constant = constant_of(x);
        if (!constant.valid()) continue;
        const bool statistic = o.name == "torch.batch_norm" && (x.position == 3 || x.position == 4);
        auto& flags = statistic || angles.count(i) > 0 ? none : other;
        flags[constant] = true;
      }
    }
    for (std::size_t t = 0; t < none.size(); ++t) {
      const TensorRecord& tensor = s_.tensors[t];
      none[t] = tensor.kind == TensorKind::kConstant &&
                (tensor.view.sizes.empty() || tensor.view.elements == 0 || (none[t] && !other[t]));
    }
    return none;
  }

 private:
  static const Operand* at(const Operation& o, std::int32_t position) {
    for (const Operand& x : o.operands) {
      if (x.position == position) return &x;
    }
    return nullptr;
  }

  TensorId constant_of(const Operand& x) const {
    if (x.tensor.valid()) return x.tensor;
    const auto found = constant_of_.find(x.value);
    return found == constant_of_.end() ? TensorId::none() : found->second;
  }

  TensorId constant_at(const Operation& o, std::int32_t position) const {
    const Operand* x = at(o, position);
    return x == nullptr ? TensorId::none() : constant_of(*x);
  }

  std::size_t rank(TensorId tensor) const { return view(tensor).sizes.size(); }
  const StridedView& view(TensorId tensor) const { return s_.tensors[tensor].view; }
  bool is_number(TensorId tensor) const {
    return !info(view(tensor).dtype).floating || view(tensor).sizes.empty();
  }

  FrozenUnit unit_of(const Operation& o) const {
    FrozenUnit unit;
    unit.output = o.outputs.empty() ? -1 : o.outputs.front();
    const auto* taker = std::find_if(std::begin(kTakers), std::end(kTakers),
                                     [&](const Taker& t) { return t.operation == o.name; });
    const auto add = [&](const char* name, TensorId tensor) {
      if (tensor.valid() && !is_number(tensor)) unit.tensors.emplace_back(name, tensor);
    };
    if (taker != std::end(kTakers)) {
      add("weight", constant_at(o, taker->weight));
      if (unit.tensors.empty()) return unit;
      if (taker->bias >= 0) add("bias", constant_at(o, taker->bias));
      unit.type = taker->type;
      const std::size_t dimensions = rank(unit.tensors.front().second);
      if (o.name == "torch._convolution" && dimensions == 3)
        unit.type = "torch.nn.modules.conv.Conv1d";
      if (unit.type == kInputFirst && dimensions != 2) unit.type.clear();
      return unit;
    }
    for (const Operand& x : o.operands) add("parameter", constant_of(x));
    if (o.name == "torch.mul" && unit.tensors.size() == 1 && scales_a_norm(o)) {
      unit.type = "torch.nn.modules.normalization.RMSNorm";
      unit.tensors.front().first = "weight";
    }
    return unit;
  }

  /// x·rsqrt(mean(x²)): the product that a weight scales, through casts.
  bool scales_a_norm(const Operation& o) const {
    std::vector<std::int32_t> open;
    for (const Operand& x : o.operands) open.push_back(x.value);
    for (int step = 0; step < 8 && !open.empty(); ++step) {
      const auto maker = maker_.find(open.back());
      open.pop_back();
      if (maker == maker_.end()) continue;
      const Operation& from = s_.operations[maker->second];
      if (from.name == "torch.rsqrt") return true;
      if (from.name != "torch.mul" && !is_one_of(kSame, from.name)) continue;
      for (const Operand& x : from.operands) open.push_back(x.value);
    }
    return false;
  }

  using UnitOfValue = std::unordered_map<std::int32_t, std::size_t>;
  static UnitOfValue::iterator product_before(const Operation& o, UnitOfValue& unit_of_value) {
    for (const Operand& x : o.operands) {
      const auto found = unit_of_value.find(x.value);
      if (found != unit_of_value.end()) return found;
    }
    return unit_of_value.end();
  }

  /// The operations whose values only lead to cosines and sines.
  std::set<std::size_t> operations_of_angles() const {
    std::set<std::size_t> found;
    std::vector<std::int32_t> open;
    for (const Operation& o : s_.operations) {
      if (o.name != "torch.cos" && o.name != "torch.sin") continue;
      for (const Operand& x : o.operands) open.push_back(x.value);
    }
    while (!open.empty()) {
      const auto maker = maker_.find(open.back());
      open.pop_back();
      if (maker == maker_.end()) continue;
      const Operation& o = s_.operations[maker->second];
      if (!is_one_of(kOfAngles, o.name) && !is_one_of(kSame, o.name)) continue;
      if (!found.insert(maker->second).second) continue;
      for (const Operand& x : o.operands) open.push_back(x.value);
    }
    return found;
  }

  const ModelSnapshot& s_;
  std::unordered_map<std::int32_t, std::size_t> maker_;
  std::unordered_map<std::int32_t, TensorId> constant_of_;  // values that are a constant
};

}  // namespace

std::vector<FrozenUnit> frozen_units(const ModelSnapshot& snapshot) {
  return Follower(snapshot).units();
}

std::vector<bool> frozen_buffers(const ModelSnapshot& snapshot) {
  return Follower(snapshot).buffers();
}

}  // namespace tally::inspector
