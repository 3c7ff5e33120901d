#include <inspector/reconcile/layer_runs.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace tally::inspector {
namespace {

/// "block_12" as "block_" and 12; -1 where it ends in no digits, or in too many to be a layer's
/// number.
std::pair<std::string, std::int64_t> numbered(std::string_view name) {
  std::size_t digits = 0;
  while (digits < name.size() &&
         std::isdigit(static_cast<unsigned char>(name[name.size() - 1 - digits])) != 0)
    ++digits;
  if (digits == 0 || digits > 6) return {"", -1};
  return {std::string(name.substr(0, name.size() - digits)),
          std::stoll(std::string(name.substr(name.size() - digits)))};
}

std::int64_t most_shared(const Weights& weights, const std::vector<std::int32_t>& indices,
                         std::size_t* matrices, std::size_t* sharing) {
  std::map<std::int64_t, std::size_t> matrices_with, vectors_with;
  *matrices = 0;
  for (const std::int32_t i : indices) {
    const auto shape = squeezed(weights[i].shape);
    if (shape.size() == 1) ++vectors_with[shape[0]];
    if (shape.size() != 2 && shape.size() != 3) continue;
    ++*matrices;
    const std::int64_t a = shape[shape.size() - 2], b = shape[shape.size() - 1];
    ++matrices_with[a];
    if (a != b) ++matrices_with[b];
  }
  std::int64_t best = 0;
  *sharing = 0;
  for (const auto& [size, count] : matrices_with) {
    const bool more =
        count > *sharing || (count == *sharing && vectors_with[size] > vectors_with[best]);
    if (size > 1 && more) {
      best = size;
      *sharing = count;
    }
  }
  return best;
}

}  // namespace

std::vector<std::int32_t> weights_below(const Weights& weights, std::int32_t module) {
  std::vector<std::int32_t> found, open{module};
  std::vector<bool> seen(weights.all.size(), false);
  while (!open.empty()) {
    const auto m = static_cast<std::size_t>(open.back());
    open.pop_back();
    for (const std::int32_t tensor : weights.names_in[m]) {
      const std::int32_t weight = weights.of_tensor[static_cast<std::size_t>(tensor)];
      if (!seen[static_cast<std::size_t>(weight)]) found.push_back(weight);
      seen[static_cast<std::size_t>(weight)] = true;
    }
    open.insert(open.end(), weights.children[m].rbegin(), weights.children[m].rend());
  }
  return found;
}

bool looks_like_layer(const Weights& weights, const ModelSnapshot&, std::int32_t module) {
  std::size_t matrices = 0, sharing = 0;
  const std::int64_t width =
      most_shared(weights, weights_below(weights, module), &matrices, &sharing);
  return matrices >= 3 && width > 0 && sharing * 4 >= matrices * 3;
}

std::int64_t common_width(const Weights& weights, const std::vector<std::int32_t>& modules) {
  std::vector<std::int32_t> all;
  for (const std::int32_t module : modules) {
    const auto below = weights_below(weights, module);
    all.insert(all.end(), below.begin(), below.end());
  }
  std::size_t matrices = 0, sharing = 0;
  return most_shared(weights, all, &matrices, &sharing);
}

std::vector<LayerRun> find_layer_runs(const ModelSnapshot& snapshot, const Weights& weights,
                                      const std::function<bool(std::int32_t module)>& is_layer) {
  std::vector<LayerRun> runs;
  if (snapshot.modules.empty()) return runs;
  std::vector<std::int32_t> open{0};
  while (!open.empty()) {
    const std::int32_t module = open.back();
    open.pop_back();
    std::map<std::string, std::map<std::int64_t, std::int32_t>> siblings;
    std::vector<std::int32_t> further;
    for (const std::int32_t child : weights.children[static_cast<std::size_t>(module)]) {
      const ModuleNode& node = snapshot.modules[static_cast<std::size_t>(child)];
      if (node.same_as >= 0) continue;  // seen under its first path
      const auto [prefix, number] = numbered(last_part(node.path));
      if (number >= 0 && is_layer(child)) {
        siblings[prefix][number] = child;
      } else {
        further.push_back(child);
      }
    }
    for (const auto& [prefix, numbers] : siblings) {
      LayerRun run;
      run.parent = module;
      for (const auto& [number, child] : numbers) run.layers.push_back(child);
      runs.push_back(std::move(run));
    }
    open.insert(open.end(), further.rbegin(), further.rend());
  }
  return runs;
}

}  // namespace tally::inspector
