#include <inspector/census/census.h>
#include <inspector/reconcile/compare_model.h>
#include <inspector/reconcile/hold/comparison.h>

namespace tally::inspector {

Result<ModelComparison> compare_model(const ModelSnapshot& snapshot,
                                      const std::optional<formulas::TransformerSpec>& spec) {
  const auto census = take_census(snapshot);
  if (!census) return census.error();
  const Weights weights = find_weights(snapshot, *census);
  GivenSpec given;
  given.config = spec;
  given.config_name = "the specification";
  const auto comparison = compare(snapshot, weights, given);
  if (!comparison) return comparison.error();

  const auto name_of = [&](auto weight) {
    const auto tensor = static_cast<std::size_t>(weights[weight].tensor);
    return full_name(snapshot, snapshot.tensors[tensor]);
  };
  const Reconciliation& held = comparison->terms;
  ModelComparison result;
  result.transformer = comparison->inference.transformer;
  result.recognised_as = recognised_as(comparison->inference);
  for (const TermLine& line : held.lines) {
    ComparedTerm term{line.id(), line.symbols(), line.predicted_params, line.real_params, {}};
    for (const auto weight : line.weights) term.tensors.push_back(name_of(weight));
    result.terms.push_back(std::move(term));
  }
  for (const auto weight : held.unexplained) result.unexplained.push_back(name_of(weight));
  result.predicted_params = held.predicted_params;
  result.real_params = held.real_params;
  result.unexplained_params = held.unexplained_params;
  result.exact = result.transformer && held.exact();
  return result;
}

}  // namespace tally::inspector
