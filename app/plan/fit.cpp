#include <app/plan/fit.h>
#include <formulas/terms/parameters.h>

#include <utility>

namespace tally::app {

bool FitAnswer::fits() const {
  return (!training || training->fits) && (!inference || inference->fits);
}

Result<FitAnswer> fit(const FitRequest& request) {
  if (!request.plan.costs.accelerator) {
    return Error{ErrorCode::kUsage, "no accelerator is named",
                 "give --gpu, for example --gpu \"H100 80GB\""};
  }
  const auto model = chosen_model(request.model);
  if (!model) return model.error();
  const auto inputs = plan_for(request.plan, model->spec);
  if (!inputs) return inputs.error();
  const auto terms = formulas::terms(model->spec);
  if (!terms) return terms.error();
  FitAnswer answer;
  answer.model = model->name;
  answer.accelerator = *inputs->accelerator;
  answer.num_devices = inputs->training.parallel.num_devices();
  answer.training_plan = inputs->training;
  answer.inference_plan = inputs->inference;
  const std::int64_t bytes = answer.accelerator.memory_bytes();
  if (request.training) {
    auto found = formulas::fit_training(model->spec, *terms, answer.training_plan, bytes);
    if (!found) return found.error();
    answer.training = std::move(*found);
  }
  if (request.inference) {
    auto found = formulas::fit_inference(model->spec, *terms, answer.inference_plan, bytes,
                                         answer.num_devices);
    if (!found) return found.error();
    answer.inference = std::move(*found);
  }
  return answer;
}

}  // namespace tally::app
