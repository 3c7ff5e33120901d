#include <formulas/costs/memory_fit.h>

#include <algorithm>
#include <utility>

namespace tally::formulas {
namespace {

/// The largest n in [1, most] for which `fits` holds, 0 where it holds for none; `fits` must not
/// come back once lost.
std::int64_t largest(std::int64_t most, const std::function<bool(std::int64_t)>& fits) {
  if (!fits(1)) return 0;
  std::int64_t low = 1;  // fits
  std::int64_t high = 1;
  while (high < most) {
    high = std::min(most, high * 2);
    if (!fits(high)) break;
    low = high;
  }
  if (low == most) return most;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

/// The longest sequence that tables of learned positions hold, or nothing where there is none.
std::optional<std::int64_t> position_limit(const TransformerSpec& spec) {
  std::optional<std::int64_t> limit;
  for (const auto& stack : spec.stacks) {
    const auto own = longest_text(stack);
    if (own) limit = limit ? std::min(*limit, *own) : *own;
  }
  return limit;
}

/// `memory_of` gives the memory of a shape.
FitLimits limits_of(const TransformerSpec& spec, const PassShape& shape, std::int64_t device_bytes,
                    const std::function<Result<DeviceMemory>(const PassShape&)>& memory_of) {
  const auto fits = [&](const PassShape& tried) {
    const auto memory = memory_of(tried);
    return memory && memory->total_bytes <= device_bytes;
  };
  FitLimits limits;
  limits.largest_batch = largest(kMostBatch, [&](std::int64_t batch) {
    PassShape tried = shape;
    tried.batch = batch;
    return fits(tried);
  });
  const auto positions = position_limit(spec);
  limits.longest_seq = largest(positions.value_or(kMostSeq), [&](std::int64_t seq) {
    PassShape tried = shape;
    tried.seq = seq;
    if (tried.encoder_seq > 0) tried.encoder_seq = seq;
    return fits(tried);
  });
  limits.seq_is_bounded_by_positions = positions && limits.longest_seq == *positions;
  return limits;
}

template <class Plan>
struct Step {
  std::string name;
  std::string cost;
  std::function<bool(Plan&)> apply;  ///< false: changes nothing here
};

/// `plan` with `steps`, or nothing where one of them changes nothing.
template <class Plan>
std::optional<Plan> with_steps(Plan plan, const std::vector<const Step<Plan>*>& steps) {
  for (const auto* step : steps) {
    if (!step->apply(plan)) return std::nullopt;
  }
  return plan;
}

/// Applies `steps` one after the other until the plan fits, then leaves out again what it fits
/// without, dearest first.
template <class Plan>
std::optional<Plan> climb(Plan plan, const std::vector<Step<Plan>>& steps,
                          std::int64_t device_bytes,
                          const std::function<Result<DeviceMemory>(const Plan&)>& memory_of,
                          std::vector<FitRung>& rungs) {
  const Plan asked = plan;
  std::vector<const Step<Plan>*> taken;
  for (const auto& step : steps) {
    Plan tried = plan;
    if (!step.apply(tried)) continue;
    const auto memory = memory_of(tried);
    if (!memory) continue;  // a division that this model does not allow
    plan = tried;
    taken.push_back(&step);
    rungs.push_back(
        {step.name, step.cost, memory->total_bytes, memory->total_bytes <= device_bytes});
    if (rungs.back().fits) break;
  }
  if (rungs.empty() || !rungs.back().fits) return std::nullopt;
  // The last step made it fit, and stays.
  for (std::size_t i = taken.size() - 1; i-- > 0;) {
    std::vector<const Step<Plan>*> fewer;
    for (std::size_t j = 0; j < taken.size(); ++j) {
      if (j != i) fewer.push_back(taken[j]);
    }
    const auto tried = with_steps(asked, fewer);
    if (!tried) continue;
    const auto memory = memory_of(*tried);
    if (!memory || memory->total_bytes > device_bytes) continue;
    taken = fewer;
    plan = *tried;
  }
  return plan;
}

Step<TrainingPlan> zero_step(ZeroStage stage, std::string name, std::string cost) {
  return {std::move(name), std::move(cost), [stage](TrainingPlan& plan) {
            if (plan.parallel.data_parallel == 1 || plan.parallel.zero >= stage) return false;
            plan.parallel.zero = stage;
            return true;
          }};
}

Step<TrainingPlan> recomputation_step(Recomputation recomputation, std::string name,
                                      std::string cost) {
  return {std::move(name), std::move(cost), [recomputation](TrainingPlan& plan) {
            const bool no_use = recomputation == Recomputation::kSelective &&
                                plan.kernel == AttentionKernel::kFlash;
            if (no_use || plan.recomputation >= recomputation) return false;
            plan.recomputation = recomputation;
            return true;
          }};
}

/// Divides matrices among `degree` of the data-parallel devices.
template <class Plan>
bool divide_by_tensor(Plan& plan, std::int64_t degree) {
  const std::int64_t devices = plan.parallel.num_devices() / plan.parallel.pipeline_parallel;
  if (degree <= plan.parallel.tensor_parallel || devices % degree != 0) return false;
  plan.parallel.tensor_parallel = degree;
  plan.parallel.data_parallel = devices / degree;
  plan.parallel.sequence_parallel = true;
  if (plan.parallel.data_parallel % plan.parallel.expert_parallel != 0) {
    plan.parallel.expert_parallel = 1;
  }
  return true;
}

std::vector<Step<TrainingPlan>> training_steps() {
  std::vector<Step<TrainingPlan>> steps = {
      {"flash attention", "nothing: the same sums in another order",
       [](TrainingPlan& plan) {
         if (plan.kernel == AttentionKernel::kFlash) return false;
         plan.kernel = AttentionKernel::kFlash;
         return true;
       }},
      zero_step(ZeroStage::kOptimizer, "ZeRO-1", "no more traffic than data parallelism"),
      zero_step(ZeroStage::kGradients, "ZeRO-2", "no more traffic than data parallelism"),
      recomputation_step(Recomputation::kSelective, "selective recomputation",
                         "the core of attention once more"),
      recomputation_step(Recomputation::kFull, "full recomputation",
                         "one more forward pass of the layers"),
      zero_step(ZeroStage::kParameters, "ZeRO-3", "half as much traffic again"),
      {"8-bit Adam", "optimizer states rounded to 8 bits", [](TrainingPlan& plan) {
         if (plan.optimizer != Optimizer::kAdam && plan.optimizer != Optimizer::kAdamW)
           return false;
         plan.optimizer = Optimizer::kAdam8bit;
         return true;
       }}};
  for (const std::int64_t degree : {2, 4, 8}) {
    steps.push_back({"tensor and sequence parallelism over " + std::to_string(degree),
                     "traffic in every layer",
                     [degree](TrainingPlan& plan) { return divide_by_tensor(plan, degree); }});
  }
  steps.push_back(
      {"bf16 throughout", "no fp32 master weights: small updates are lost", [](TrainingPlan& plan) {
         if (plan.precision == Precision::kBf16) return false;
         plan.precision = Precision::kBf16;
         return true;
       }});
  return steps;
}

std::vector<Step<InferencePlan>> inference_steps() {
  std::vector<Step<InferencePlan>> steps;
  for (const std::int64_t degree : {2, 4, 8}) {
    steps.push_back({"tensor parallelism over " + std::to_string(degree), "traffic in every layer",
                     [degree](InferencePlan& plan) { return divide_by_tensor(plan, degree); }});
  }
  const auto narrower = [](Dtype dtype) {
    return [dtype](InferencePlan& plan) {
      if (dtype_info(plan.weights).bits <= dtype_info(dtype).bits) return false;
      plan.weights = dtype;
      return true;
    };
  };
  steps.push_back({"weights in bf16", "nothing that shows in practice", narrower(Dtype::kBf16)});
  steps.push_back({"cache in fp8", "keys and values rounded to 8 bits", [](InferencePlan& plan) {
                     if (dtype_info(plan.cache).bits <= 8) return false;
                     plan.cache = Dtype::kFp8;
                     return true;
                   }});
  steps.push_back({"weights in int8", "weights rounded to 8 bits", narrower(Dtype::kInt8)});
  steps.push_back({"weights in int4", "weights rounded to 4 bits", narrower(Dtype::kInt4)});
  return steps;
}

template <class Plan>
Result<Fit<Plan>> fit_plan(const TransformerSpec& spec, const Plan& plan,
                           const std::vector<Step<Plan>>& steps, std::int64_t device_bytes,
                           const std::function<Result<DeviceMemory>(const Plan&)>& memory_of) {
  auto memory = memory_of(plan);
  if (!memory) return memory.error();
  const auto limits = [&](const Plan& of) {
    return limits_of(spec, of.shape, device_bytes, [&](const PassShape& shape) {
      Plan tried = of;
      tried.shape = shape;
      return memory_of(tried);
    });
  };
  Fit<Plan> fit;
  fit.memory = std::move(*memory);
  fit.fits = fit.memory.total_bytes <= device_bytes;
  fit.limits = limits(plan);
  if (fit.fits) return fit;
  fit.recipe = climb<Plan>(plan, steps, device_bytes, memory_of, fit.rungs);
  if (fit.recipe) fit.recipe_limits = limits(*fit.recipe);
  return fit;
}

}  // namespace

Result<TrainingFit> fit_training(const TransformerSpec& spec, const std::vector<TermCount>& terms,
                                 const TrainingPlan& plan, std::int64_t device_bytes) {
  return fit_plan<TrainingPlan>(
      spec, plan, training_steps(), device_bytes,
      [&](const TrainingPlan& tried) { return training_memory(spec, terms, tried); });
}

Result<InferenceFit> fit_inference(const TransformerSpec& spec, const std::vector<TermCount>& terms,
                                   const InferencePlan& plan, std::int64_t device_bytes,
                                   std::int64_t num_devices) {
  InferencePlan whole = plan;  // devices that share nothing are replicas
  const std::int64_t sharing = plan.parallel.tensor_parallel * plan.parallel.pipeline_parallel;
  whole.parallel.data_parallel = std::max<std::int64_t>(1, num_devices / sharing);
  return fit_plan<InferencePlan>(
      spec, whole, inference_steps(), device_bytes,
      [&](const InferencePlan& tried) { return inference_memory(spec, terms, tried); });
}

}  // namespace tally::formulas
