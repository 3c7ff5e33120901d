#include <cli/compare_line.h>
#include <cli/numbers.h>
#include <inspector/reconcile/comparison.h>
#include <inspector/reconcile/declared_modules.h>

namespace tally::cli {

using namespace inspector;

std::string recognition_line(const ModelSnapshot& snapshot, const Census& census) {
  const Weights weights = find_weights(snapshot, census);
  if (weights.all.empty()) return "";
  const Inference inference = infer(snapshot, weights);
  if (inference.transformer) {
    const auto terms = reconcile(weights, inference, inference.spec);
    if (!terms) return "";
    if (terms->exact()) return recognised_as(inference) + "; the formula is exact";
    return recognised_as(inference) + "; " + grouped(terms->unexplained_params) +
           " parameters fit no formula: see torchtally compare";
  }
  const DeclaredModules declared = check_declared(snapshot, weights);
  if (declared.modules.empty()) return "";
  return "no transformer; " + grouped(declared.as_declared) + " of " +
         grouped(static_cast<std::int64_t>(declared.modules.size())) +
         " modules have the parameters that they declare";
}

}  // namespace tally::cli
