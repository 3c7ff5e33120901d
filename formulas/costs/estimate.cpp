#include <formulas/costs/estimate.h>

#include <string>
#include <utility>

namespace tally::formulas {
namespace {

FlopsPerToken flops_per_token(const TransformerSpec& spec, const ParameterCounts& parameters,
                              const FlopCount& pass, std::int64_t tokens, std::int64_t seq) {
  FlopsPerToken per_token;
  per_token.exact_forward = ceil_div(Wide::of(pass.forward_flops), tokens).value();
  per_token.exact_training = ceil_div(Wide::of(model_step_flops(pass)), tokens).value();
  per_token.six_n = training_flops_6nd(parameters.active_params, 1).value();
  const bool one_kind = spec.stacks.size() == 1 && spec.stacks[0].groups.size() == 1 &&
                        spec.stacks[0].groups[0].attention.kind == AttentionKind::kStandard;
  if (one_kind) {
    const auto& group = spec.stacks[0].groups[0];
    per_token.palm = palm_flops_per_token(parameters.active_params, group.num_applied,
                                          group.attention.num_heads, group.attention.head_dim, seq)
                         .value();
  }
  return per_token;
}

}  // namespace

Result<Estimate> estimate(const TransformerSpec& spec, const EstimateInputs& inputs) {
  Estimate result;
  auto parameters = count_parameters(spec);
  if (!parameters) return parameters.error();
  result.parameters = std::move(*parameters);
  const auto& terms = result.parameters.terms;

  for (const auto& info : dtype_table()) {
    const auto weights = weight_bytes(terms, info.dtype, inputs.inference.group_size);
    if (!weights) return weights.error();
    result.weights.push_back(*weights);
  }
  auto training = training_memory(spec, terms, inputs.training);
  if (!training) return training.error();
  result.training = std::move(*training);

  InferencePlan inference = inputs.inference;
  inference.shape = inputs.training.shape;
  auto inference_bytes = inference_memory(spec, terms, inference);
  if (!inference_bytes) return inference_bytes.error();
  result.inference = std::move(*inference_bytes);
  const auto cache = kv_cache(spec, 1);
  if (!cache) return cache.error();
  result.cache_bytes_per_token =
      ceil_div(cache->elements_per_token * dtype_info(inference.cache).bits, 8);

  const auto tokens = stack_tokens(spec, inputs.training.shape);
  if (!tokens) return tokens.error();
  const std::int64_t seq = tokens->back().queries;
  const auto tokens_per_pass = (Wide(inputs.training.shape.batch) * seq).to_int64();
  auto pass = pass_flops(spec, inputs.training.shape);
  if (!pass) return pass.error();
  if (!tokens_per_pass) {
    return Error{ErrorCode::kUsage, "batch and seq give more than 2^63 - 1 tokens", ""};
  }
  result.tokens_per_pass = *tokens_per_pass;
  result.pass = std::move(*pass);
  result.step_flops = model_step_flops(result.pass);
  result.hardware_flops = hardware_step_flops(result.pass, inputs.training.recomputation);
  result.per_token =
      flops_per_token(spec, result.parameters, result.pass, result.tokens_per_pass, seq);

  result.optimal_tokens = chinchilla_optimal_tokens(result.parameters.active_params);
  result.num_tokens = inputs.num_tokens > 0 ? inputs.num_tokens
                                            : result.optimal_tokens.to_int64().value_or(INT64_MAX);
  if (inputs.accelerator) {
    TrainingRun run;
    run.num_tokens = result.num_tokens;
    run.num_devices = inputs.training.parallel.num_devices();
    run.mfu = inputs.mfu;
    run.price_per_gpu_hour = inputs.price_per_gpu_hour;
    const auto time =
        training_time(result.step_flops, result.tokens_per_pass,
                      inputs.accelerator->peak_flops_per_second(inputs.training.precision), run);
    if (!time) return time.error();
    result.time = *time;
  }
  const auto guide = guide_resources(result.parameters.unique_params);
  if (guide) result.guide = *guide;
  return result;
}

}  // namespace tally::formulas
