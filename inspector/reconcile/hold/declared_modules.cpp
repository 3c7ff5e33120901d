#include <inspector/reconcile/explain/module_formulas.h>
#include <inspector/reconcile/facts/units.h>
#include <inspector/reconcile/hold/declared_modules.h>

#include <set>

namespace tally::inspector {
namespace {

/// The weights that `modules` hold, each once: an LSTM holds its weights in a list again.
std::int64_t params_of(const Weights& weights, const std::vector<ModuleId>& modules) {
  std::set<WeightId> held;
  for (const ModuleId module : modules) {
    for (const TensorId tensor : weights.names_in[module]) held.insert(weights.of_tensor[tensor]);
  }
  std::int64_t params = 0;
  for (const WeightId weight : held) params += weights[weight].elements;
  return params;
}

}  // namespace

DeclaredModules check_declared(const ModelSnapshot& snapshot, const Weights& weights) {
  DeclaredModules result;
  std::vector<bool> counted(snapshot.modules.size(), false);  // with the module that packs it
  for (std::size_t i = 0; i < snapshot.modules.size(); ++i) {
    const ModuleNode& node = snapshot.modules[i];
    if (node.parent.valid() && counted[node.parent]) counted[i] = true;
    if (counted[i]) continue;
    const ModuleId module(i);
    const ModuleClass* known = module_class(node.type);
    // Quantized modules keep their weights in objects and lists below them.
    const bool quantized = known != nullptr && is_quantized_type(node.type);
    const std::int64_t real =
        params_of(weights, quantized ? subtree(weights, module) : std::vector{module});
    Declaration declared{node, {}};
    for (const TensorId tensor : weights.names_in[i])
      declared.tensors.emplace_back(weights.name_of[tensor]);
    counted[i] = quantized;
    ModuleFormula formula;
    if (known == nullptr || !known->build(declared, formula) || !formula.sum()) {
      result.silent += known != nullptr;
      result.other_params += real;
      continue;
    }
    result.modules.push_back({module, formula.names(), formula.numbers(), *formula.sum(), real});
    result.as_declared += *formula.sum() == real;
    result.packed += quantized;
  }
  return result;
}

}  // namespace tally::inspector
