#include <inspector/reconcile/explain/module_formulas.h>
#include <inspector/reconcile/facts/weights.h>
#include <inspector/reconcile/frozen/frozen_units.h>

#include <algorithm>
#include <tuple>

namespace tally::inspector {
namespace {

Storing storing_of(const ModelSnapshot& snapshot, const Census& census) {
  const bool quantized =
      std::any_of(snapshot.tensors.begin(), snapshot.tensors.end(),
                  [](const TensorRecord& t) { return t.quantization.has_value(); });
  // Half-precision layers are packed too, with tensors of a plain type.
  if (census.all.of(TensorKind::kPacked).elements > 0 ||
      (quantized && census.all.of(TensorKind::kState).elements > 0)) {
    return Storing::kQuantized;
  }
  const bool frozen =
      census.all.parameters().elements == 0 && census.all.of(TensorKind::kConstant).elements > 0;
  return frozen ? Storing::kFrozen : Storing::kParameters;
}

bool is_weight(const ModelSnapshot& snapshot, const TensorRecord& tensor, TensorKind kind,
               Storing storing) {
  if (tensor.view.elements == 0)
    return false;  // no parameter: DINOv3 without registers has a table
  if (kind == TensorKind::kParameter) return true;
  const bool number = info(tensor.view.dtype).floating || info(tensor.view.dtype).quantized;
  if (storing == Storing::kQuantized) {
    // PReLU keeps its quantized slope as a plain attribute. Cells keep copies of their packed
    // biases so, which are no weights again.
    const bool slope = kind == TensorKind::kAttribute && tensor.quantization.has_value() &&
                       is_quantized_type(snapshot.modules[tensor.module].type);
    return number && (kind == TensorKind::kPacked || kind == TensorKind::kState || slope);
  }
  return storing == Storing::kFrozen && number && kind == TensorKind::kConstant;
}

/// Where a tensor is held and under which name, through the objects in which quantized layers pack
/// weight and bias.
std::pair<ModuleId, std::string> place_of(const ModelSnapshot& snapshot,
                                          const TensorRecord& tensor) {
  const ModuleNode& holder = snapshot.modules[tensor.module];
  const bool packed = tensor.kind == TensorKind::kPacked && holder.parent.valid() &&
                      last_part(holder.path) == "_packed_params";
  if (packed && tensor.name == "_packed_params[0]") return {holder.parent, "weight"};
  if (packed && tensor.name == "_packed_params[1]") return {holder.parent, "bias"};
  return {tensor.module, tensor.name};
}

void find_tree(const ModelSnapshot& snapshot, Weights& weights) {
  const std::size_t count = snapshot.modules.size();
  weights.children.resize(count);
  for (std::size_t i = 1; i < count; ++i) {
    weights.children[snapshot.modules[i].parent].push_back(ModuleId(i));
  }
  weights.rank.assign(count, 0);
  weights.end.assign(count, 0);
  if (count == 0) return;
  // Without recursion: how deep modules nest is the file's choice.
  std::vector<std::pair<ModuleId, std::size_t>> open{{ModuleId(0), 0}};
  std::int32_t next = 1;
  while (!open.empty()) {
    const ModuleId module = open.back().first;
    if (open.back().second == weights.children[module].size()) {
      weights.end[module] = next;
      open.pop_back();
      continue;
    }
    const ModuleId child = weights.children[module][open.back().second++];
    weights.rank[child] = next++;
    open.emplace_back(child, 0);
  }
}

}  // namespace

Weights find_weights(const ModelSnapshot& snapshot, const Census& census) {
  Weights weights;
  weights.storing = storing_of(snapshot, census);
  find_tree(snapshot, weights);
  weights.of_tensor.resize(snapshot.tensors.size());
  weights.names_in.resize(snapshot.modules.size());
  weights.name_of.resize(snapshot.tensors.size());
  weights.module_of.resize(snapshot.tensors.size());
  const std::vector<bool> buffers =
      weights.storing == Storing::kFrozen ? frozen_buffers(snapshot) : std::vector<bool>();
  for (std::size_t i = 0; i < snapshot.tensors.size(); ++i) {
    const TensorRecord& tensor = snapshot.tensors[i];
    if (census.tensors[i].alias_of.valid() ||
        !is_weight(snapshot, tensor, census.tensors[i].kind, weights.storing) ||
        (!buffers.empty() && buffers[i]))
      continue;
    weights.of_tensor[i] = WeightId(weights.all.size());
    weights.all.push_back({TensorId(i),
                           place_of(snapshot, tensor).first,
                           tensor.view.sizes,
                           tensor.view.elements,
                           {}});
    weights.total += tensor.view.elements;  // fits: the census has added them up
  }
  for (std::size_t i = 0; i < snapshot.tensors.size(); ++i) {
    if (const TensorId alias_of = census.tensors[i].alias_of; alias_of.valid()) {
      const WeightId weight = weights.of_tensor[alias_of];
      weights.of_tensor[i] = weight;
      if (weight.valid()) weights.all[weight].aliases.push_back(TensorId(i));
    }
    if (!weights.of_tensor[i].valid()) continue;
    std::tie(weights.module_of[i], weights.name_of[i]) = place_of(snapshot, snapshot.tensors[i]);
    weights.names_in[weights.module_of[i]].push_back(TensorId(i));
  }
  return weights;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string shown(const ModelSnapshot& snapshot, TensorId tensor) {
  const TensorRecord& record = snapshot.tensors[tensor];
  std::string text = full_name(snapshot, record) + " [";
  for (std::size_t i = 0; i < record.view.sizes.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(record.view.sizes[i]);
  }
  return text + "]";
}

std::vector<std::int64_t> squeezed(std::vector<std::int64_t> shape) {
  while (shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
  return shape;
}

}  // namespace tally::inspector
