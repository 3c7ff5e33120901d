#include <base/checked.h>
#include <formulas/terms/parameters.h>

namespace tally::formulas {
namespace {

/// A sum that remembers having overflowed.
struct Sum {
  std::int64_t value = 0;
  bool fits = true;

  void add(std::int64_t more) {
    const auto sum = checked_add(value, more);
    fits = fits && sum.has_value();
    value = sum.value_or(0);
  }
};

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
  Sum unique;
  Sum again;
  Sum idle;
  Sum tables;
  ParameterCounts counts;
  for (const auto& term : *all) {
    unique.add(term.unique_params);
    again.add(term.tied_params);
    idle.add(term.idle_params);
    // Each part is at most `unique`, which is checked.
    counts.component_params[static_cast<std::size_t>(term.component)] +=
        unique.fits ? term.unique_params : 0;
    if (term.term_id == "embedding.tokens") tables.add(term.unique_params);
  }
  again.add(unique.value);
  if (!unique.fits || !again.fits) {
    return Error{ErrorCode::kUsage, "the number of parameters does not fit in 64 bits",
                 "check the sizes of the specification"};
  }
  counts.unique_params = unique.value;
  counts.tied_counted_again_params = again.value;
  counts.non_embedding_params =
      unique.value - counts.component_params[static_cast<std::size_t>(Component::kEmbedding)];
  counts.active_params = unique.value - idle.value;
  counts.active_without_input_table_params = counts.active_params - tables.value;
  counts.layers = per_layer(spec, *all);
  counts.terms = std::move(*all);
  return counts;
}

}  // namespace tally::formulas
