#include <inspector/reconcile/layers/layer_runs.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <unordered_set>

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

/// Drops single modules around or inside a longer run: a numbered name ("vit2") makes no layer of
/// what holds layers. Of single modules within each other the outermost stays.
void drop_singles(const Weights& weights, std::vector<LayerRun>& runs) {
  std::vector<std::int32_t> holders;  // ranks of the modules that hold longer runs
  std::vector<ModuleId> singles;
  for (const LayerRun& run : runs) {
    if (run.layers.size() > 1)
      holders.push_back(weights.rank[run.parent]);
    else
      singles.push_back(run.layers.front());
  }
  std::sort(holders.begin(), holders.end());
  std::sort(singles.begin(), singles.end(),
            [&](ModuleId a, ModuleId b) { return weights.rank[a] < weights.rank[b]; });
  std::unordered_set<ModuleId> spare;
  std::int32_t covered = 0;  // one past what the single modules so far hold, by rank
  for (const ModuleId module : singles) {
    const auto run = std::lower_bound(holders.begin(), holders.end(), weights.rank[module]);
    const bool holds_run = run != holders.end() && *run < weights.end[module];
    if (holds_run || weights.rank[module] < covered) spare.insert(module);
    covered = std::max(covered, weights.end[module]);
  }
  const auto is_spare = [&](const LayerRun& run) { return spare.count(run.layers.front()) > 0; };
  runs.erase(std::remove_if(runs.begin(), runs.end(), is_spare), runs.end());
}

}  // namespace

std::vector<LayerRun> find_layer_runs(const ModelSnapshot& snapshot, const Weights& weights,
                                      const std::function<bool(ModuleId module)>& is_layer) {
  std::vector<LayerRun> runs;
  if (snapshot.modules.empty()) return runs;
  std::vector<ModuleId> open{ModuleId(0)};
  while (!open.empty()) {
    const ModuleId module = open.back();
    open.pop_back();
    std::map<std::string, std::map<std::int64_t, ModuleId>> siblings;
    std::vector<ModuleId> further;
    for (const ModuleId child : weights.children[module]) {
      const ModuleNode& node = snapshot.modules[child];
      if (node.same_as.valid()) continue;  // seen under its first path
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
      if (numbers.size() == 1) further.push_back(run.layers.front());
      runs.push_back(std::move(run));
    }
    open.insert(open.end(), further.rbegin(), further.rend());
  }
  drop_singles(weights, runs);
  return runs;
}

}  // namespace tally::inspector
