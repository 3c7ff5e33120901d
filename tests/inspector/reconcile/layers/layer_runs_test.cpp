#include <gtest/gtest.h>
#include <inspector/reconcile/layers/layer_runs.h>

#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {
namespace {

constexpr std::size_t kMany = 100'000;  // time that grows with the square takes minutes

/// Modules by path and parent, below a root; no weights.
ModelSnapshot tree_of(const std::vector<std::pair<std::string, ModuleId>>& modules) {
  ModelSnapshot snapshot;
  snapshot.modules.emplace_back();
  for (const auto& [path, parent] : modules) {
    ModuleNode node;
    node.path = path;
    node.parent = parent;
    snapshot.modules.push_back(std::move(node));
  }
  return snapshot;
}

std::vector<std::string> runs_of(const ModelSnapshot& snapshot) {
  const Weights weights = find_weights(snapshot, *take_census(snapshot));
  std::vector<std::string> runs;
  for (const LayerRun& run : find_layer_runs(snapshot, weights, [](ModuleId) { return true; })) {
    std::string text;
    for (const ModuleId layer : run.layers)
      text += (text.empty() ? "" : " ") + snapshot.modules[layer].path;
    runs.push_back(std::move(text));
  }
  return runs;
}

TEST(LayerRuns, DropASingleModuleThatHoldsARun) {
  EXPECT_EQ(runs_of(tree_of({{"vit2", ModuleId(0)},
                             {"vit2.h", ModuleId(1)},
                             {"vit2.h.0", ModuleId(2)},
                             {"vit2.h.1", ModuleId(2)}})),
            (std::vector<std::string>{"vit2.h.0 vit2.h.1"}));
}

TEST(LayerRuns, KeepTheOutermostOfSingleModulesWithinEachOther) {
  EXPECT_EQ(runs_of(tree_of({{"a1", ModuleId(0)},
                             {"a1.b1", ModuleId(1)},
                             {"a1.b1.c1", ModuleId(2)},
                             {"d1", ModuleId(0)}})),
            (std::vector<std::string>{"a1", "d1"}));
}

TEST(LayerRuns, KeepASingleModuleBesideARun) {
  EXPECT_EQ(
      runs_of(tree_of(
          {{"a1", ModuleId(0)}, {"h", ModuleId(0)}, {"h.0", ModuleId(2)}, {"h.1", ModuleId(2)}})),
      (std::vector<std::string>{"a1", "h.0 h.1"}));
}

TEST(LayerRuns, OfManySingleModulesAreFoundInOnePass) {
  std::vector<std::pair<std::string, ModuleId>> modules;
  for (std::size_t i = 0; i < kMany; ++i)
    modules.emplace_back("m" + std::to_string(i) + "_0", ModuleId(0));
  EXPECT_EQ(runs_of(tree_of(modules)).size(), kMany);
}

}  // namespace
}  // namespace tally::inspector
