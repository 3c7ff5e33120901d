#include <formulas/terms/parameters.h>

namespace tally::formulas {
namespace {

/// What each layer of `spec` holds. `terms` has no sum that overflows.
std::vector<LayerParams> per_layer(const TransformerSpec& spec,
                                   const std::vector<TermCount>& terms) {
  std::vector<LayerParams> layers;
  for (std::size_t s = 0; s < spec.stacks.size(); ++s) {
    const auto& stack = spec.stacks[s];
    const auto first = layers.size();
    for (std::int64_t i = 0; i < stack.num_layers(); ++i) layers.push_back({stack.name, i, 0});
    for (const auto& term : terms) {
      if (term.stack != static_cast<int>(s) || term.group < 0) continue;
      const auto& members = stack.groups[static_cast<std::size_t>(term.group)].layers;
      if (term.copies_per_layer == 0) {  // held once, by the stack's first layer
        layers[first].params += term.unique_params;
        continue;
      }
      for (const auto layer : members) {
        layers[first + static_cast<std::size_t>(layer)].params +=
            term.copies_per_layer * term.tensor_params;
      }
    }
  }
  return layers;
}

}  // namespace

Result<ParameterCounts> count_parameters(const TransformerSpec& spec) {
  auto all = terms(spec);
  if (!all) return all.error();
  // terms() has checked that all of them together fit.
  std::int64_t idle = 0, tables = 0;
  ParameterCounts counts;
  for (const auto& term : *all) {
    counts.unique_params += term.unique_params;
    counts.tied_counted_again_params += term.unique_params + term.tied_params;
    counts.component_params[static_cast<std::size_t>(term.component)] += term.unique_params;
    idle += term.idle_params;
    if (term.traits.token_table) tables += term.unique_params;
  }
  counts.non_embedding_params =
      counts.unique_params -
      counts.component_params[static_cast<std::size_t>(Component::kEmbedding)];
  counts.active_params = counts.unique_params - idle;
  counts.active_without_input_table_params = counts.active_params - tables;
  counts.layers = per_layer(spec, *all);
  counts.terms = std::move(*all);
  return counts;
}

}  // namespace tally::formulas
