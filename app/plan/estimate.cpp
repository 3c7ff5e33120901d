#include <app/plan/estimate.h>

#include <utility>

namespace tally::app {

Result<EstimateAnswer> estimate(const EstimateRequest& request) {
  auto model = chosen_model(request.model);
  if (!model) return model.error();
  return estimate(std::move(*model), request.plan);
}

Result<EstimateAnswer> estimate(NamedModel model, const PlanRequest& plan) {
  auto inputs = plan_for(plan, model.spec);
  if (!inputs) return inputs.error();
  auto predicted = formulas::estimate(model.spec, *inputs);
  if (!predicted) return predicted.error();
  return EstimateAnswer{std::move(model), *inputs, std::move(*predicted)};
}

}  // namespace tally::app
