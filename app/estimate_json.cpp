#include <app/estimate_json.h>
#include <report/json_text.h>
#include <report/quantities.h>

#include <nlohmann/json.hpp>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace formulas;
using nlohmann::ordered_json;

ordered_json parameters_json(const ParameterCounts& counts) {
  ordered_json components = ordered_json::object();
  for (int i = 0; i < kNumComponents; ++i) {
    components[std::string(component_name(static_cast<Component>(i)))] = counts.component_params[i];
  }
  return {{"unique", counts.unique_params},
          {"tied_counted_again", counts.tied_counted_again_params},
          {"non_embedding", counts.non_embedding_params},
          {"active", counts.active_params},
          {"active_without_input_table", counts.active_without_input_table_params},
          {"components", components}};
}

ordered_json weights_json(const std::vector<WeightBytes>& weights) {
  ordered_json all = ordered_json::array();
  for (const auto& w : weights) {
    all.push_back({{"dtype", std::string(dtype_info(w.dtype).name)},
                   {"total_bytes", w.total_bytes},
                   {"quantized_params", w.quantized_params},
                   {"quantized_bytes", w.quantized_bytes},
                   {"num_scales", w.num_scales},
                   {"scale_bytes", w.scale_bytes},
                   {"kept_params", w.kept_params},
                   {"kept_bytes", w.kept_bytes},
                   {"source", std::string(dtype_info(w.dtype).source)}});
  }
  return all;
}

ordered_json flops_json(const Estimate& e) {
  ordered_json parts = ordered_json::array();
  for (const auto& part : e.pass.parts) {
    parts.push_back({{"id", part.id},
                     {"forward_flops", digits(part.forward_flops)},
                     {"backward_flops", digits(part.backward_flops)}});
  }
  return {
      {"convention", "2 FLOPs a multiply-add; matrix products and convolutions; attention in full"},
      {"tokens", e.tokens_per_pass},
      {"forward_flops", digits(e.pass.forward_flops)},
      {"backward_flops", digits(e.pass.backward_flops)},
      {"model_flops", digits(e.step_flops)},
      {"hardware_flops", digits(e.hardware_flops)},
      {"parts", parts},
      {"per_token",
       {{"exact_forward_flops", digits(e.per_token.exact_forward)},
        {"exact_training_flops", digits(e.per_token.exact_training)},
        {"six_n_flops", digits(e.per_token.six_n)},
        {"palm_flops",
         e.per_token.palm > 0 ? ordered_json(digits(e.per_token.palm)) : ordered_json()}}}};
}

ordered_json training_json(const EstimateReport& report) {
  const auto& e = report.estimate;
  ordered_json training = {{"optimal_tokens", digits(e.optimal_tokens.value())},
                           {"tokens", e.num_tokens},
                           {"mfu", report.inputs.mfu}};
  if (report.inputs.accelerator)
    training["accelerator"] = accelerator_json(*report.inputs.accelerator);
  if (e.time) {
    training["training_flops"] = digits(e.time->training_flops);
    training["seconds"] = e.time->seconds;
    training["gpu_days"] = e.time->gpu_days;
    if (report.inputs.price_per_gpu_hour > 0) {
      training["price_per_gpu_hour"] = report.inputs.price_per_gpu_hour;
      training["cost"] = e.time->cost;
    }
  }
  if (e.guide) {
    training["guide"] = {{"training_memory_gb", e.guide->training_memory_gb},
                         {"gpu_days", e.guide->gpu_days},
                         {"cost_low_usd", e.guide->cost_low_usd},
                         {"cost_high_usd", e.guide->cost_high_usd}};
  }
  return training;
}

ordered_json parallel_json(const ParallelPlan& p) {
  return {{"devices", p.num_devices()},
          {"data_parallel", p.data_parallel},
          {"tensor_parallel", p.tensor_parallel},
          {"pipeline_parallel", p.pipeline_parallel},
          {"expert_parallel", p.expert_parallel},
          {"sequence_parallel", p.sequence_parallel},
          {"chunks", p.chunks},
          {"zero", static_cast<int>(p.zero)}};
}

}  // namespace

const char* kernel_name(AttentionKernel kernel) {
  return kernel == AttentionKernel::kFlash ? "flash" : "eager";
}

const char* recomputation_name(Recomputation recomputation) {
  switch (recomputation) {
    case Recomputation::kNone:
      return "none";
    case Recomputation::kSelective:
      return "selective";
    case Recomputation::kFull:
      return "full";
  }
  return "none";
}

ordered_json accelerator_json(const Accelerator& a) {
  return {{"name", std::string(a.name)},
          {"memory_bytes", a.memory_bytes()},
          {"bandwidth_gb_per_second", a.bandwidth_gb_per_second},
          {"bf16_tflops", a.bf16_tflops},
          {"source", std::string(a.source)}};
}

ordered_json memory_json(const DeviceMemory& memory) {
  ordered_json parts = ordered_json::array();
  for (const auto& part : memory.parts) {
    parts.push_back({{"id", part.id}, {"bytes", part.bytes}, {"meaning", part.meaning}});
  }
  return {{"total_bytes", memory.total_bytes}, {"stage", memory.stage}, {"parts", parts}};
}

ordered_json plan_json(const TrainingPlan& plan) {
  ordered_json json = {{"batch", plan.shape.batch},
                       {"seq", plan.shape.seq},
                       {"encoder_seq", plan.shape.encoder_seq},
                       {"optimizer", std::string(optimizer_info(plan.optimizer).name)},
                       {"precision", std::string(precision_info(plan.precision).name)},
                       {"attention", kernel_name(plan.kernel)},
                       {"recompute", recomputation_name(plan.recomputation)},
                       {"dropout", plan.dropout}};
  json.update(parallel_json(plan.parallel));
  return json;
}

ordered_json plan_json(const InferencePlan& plan) {
  ordered_json json = {{"batch", plan.shape.batch},
                       {"seq", plan.shape.seq},
                       {"encoder_seq", plan.shape.encoder_seq},
                       {"weights", std::string(dtype_info(plan.weights).name)},
                       {"group_size", plan.group_size},
                       {"cache", std::string(dtype_info(plan.cache).name)}};
  json.update(parallel_json(plan.parallel));
  return json;
}

std::string estimate_json(const EstimateReport& report) {
  const auto& e = report.estimate;
  ordered_json defaults = ordered_json::array();
  for (const auto& taken : report.model.defaults_taken) {
    defaults.push_back({{"field", taken.field}, {"value", taken.value}});
  }
  ordered_json training_memory = memory_json(e.training);
  training_memory["plan"] = plan_json(report.inputs.training);
  ordered_json inference_memory = memory_json(e.inference);
  inference_memory["plan"] = plan_json(report.inputs.inference);
  inference_memory["cache_bytes_per_token"] = digits(e.cache_bytes_per_token.value());
  const ordered_json json = {{"schema_version", 1},
                             {"kind", "predicted"},
                             {"model", report.model.name},
                             {"family", report.model.spec.family},
                             {"architecture", report.model.spec.architecture},
                             {"defaults_taken", defaults},
                             {"parameters", parameters_json(e.parameters)},
                             {"weights", weights_json(e.weights)},
                             {"training_memory", training_memory},
                             {"inference_memory", inference_memory},
                             {"flops", flops_json(e)},
                             {"training", training_json(report)}};
  return json_text(json);
}

}  // namespace tally::app
