#include <app/audit/recognition.h>
#include <inspector/reconcile/hold/comparison.h>
#include <inspector/reconcile/hold/declared_modules.h>
#include <report/numbers.h>
#include <report/views.h>

namespace tally::app {

using namespace inspector;

std::optional<Recognition> recognise(const ModelSnapshot& snapshot, const Census& census) {
  const Weights weights = find_weights(snapshot, census);
  if (weights.all.empty()) return std::nullopt;
  const Inference inference = infer(snapshot, weights);
  Recognition r;
  r.as = recognised_as(inference);
  if (inference.transformer) {
    const auto terms = reconcile(weights, inference, inference.spec);
    if (!terms) return std::nullopt;
    r.transformer = true;
    r.exact = terms->exact();
    r.predicted_params = terms->predicted_params;
    r.residual_params = terms->residual();
    r.unexplained_params = terms->unexplained_params;
  }
  const DeclaredModules declared = check_declared(snapshot, weights);
  r.modules_declared = static_cast<std::int64_t>(declared.modules.size());
  r.modules_as_declared = declared.as_declared;
  return r;
}

std::string recognition_line(const Recognition& r) {
  if (r.transformer) {
    if (r.exact) return r.as + "; the formula is exact";
    std::string text = r.as + "; the formula is off by " +
                       report::text_of(report::Difference{r.residual_params}) + " parameters";
    if (r.unexplained_params > 0)
      text += ", " + report::grouped(r.unexplained_params) + " fit no term";
    return text + ": see torchtally compare";
  }
  if (r.modules_declared == 0) return "";
  return "no transformer; " + report::grouped(r.modules_as_declared) + " of " +
         report::grouped(r.modules_declared) + " modules have the parameters that they declare";
}

}  // namespace tally::app
