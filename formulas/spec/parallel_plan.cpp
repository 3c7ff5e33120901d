#include <formulas/costs/memory.h>

#include <string>
#include <utility>

namespace tally::formulas {
namespace {

Result<Unit> field_error(const char* field, std::int64_t value, const std::string& expected) {
  return Error{ErrorCode::kUsage,
               std::string(field) + " must " + expected + ", and is " + std::to_string(value), ""};
}

}  // namespace

std::int64_t num_applied_layers(const TransformerSpec& spec) {
  std::int64_t layers = 0;
  for (const auto& stack : spec.stacks) {
    for (const auto& group : stack.groups) layers += group.num_applied;
  }
  return layers;
}

Result<Unit> validate(const ParallelPlan& plan, const TransformerSpec& spec) {
  constexpr std::int64_t kMost = 1 << 20;
  const std::pair<const char*, std::int64_t> degrees[] = {
      {"data_parallel", plan.data_parallel},
      {"tensor_parallel", plan.tensor_parallel},
      {"pipeline_parallel", plan.pipeline_parallel},
      {"expert_parallel", plan.expert_parallel},
      {"chunks", plan.chunks}};
  for (const auto& [field, value] : degrees) {
    if (value < 1) return field_error(field, value, "be positive");
    if (value > kMost) return field_error(field, value, "be at most 1048576");
  }
  if (plan.pipeline_parallel > num_applied_layers(spec)) {
    return field_error("pipeline_parallel", plan.pipeline_parallel,
                       "be at most the " + std::to_string(num_applied_layers(spec)) + " layers");
  }
  if (plan.data_parallel % plan.expert_parallel != 0) {
    return field_error("expert_parallel", plan.expert_parallel,
                       "divide data_parallel " + std::to_string(plan.data_parallel));
  }
  if (plan.sequence_parallel && plan.tensor_parallel == 1) {
    return Error{ErrorCode::kUsage, "sequence_parallel needs tensor_parallel above 1", ""};
  }
  if (plan.chunks > 1 && plan.pipeline_parallel == 1) {
    return field_error("chunks", plan.chunks, "be 1 without pipeline_parallel");
  }
  bool experts = false;
  for (const auto& stack : spec.stacks) {
    for (const auto& group : stack.groups) {
      if (group.attention.num_heads % plan.tensor_parallel != 0) {
        return field_error(
            "tensor_parallel", plan.tensor_parallel,
            "divide num_attention_heads " + std::to_string(group.attention.num_heads));
      }
      if (group.mlp.num_experts == 0) continue;
      experts = true;
      if (group.mlp.num_experts % plan.expert_parallel != 0) {
        return field_error("expert_parallel", plan.expert_parallel,
                           "divide num_experts " + std::to_string(group.mlp.num_experts));
      }
    }
  }
  if (plan.expert_parallel > 1 && !experts) {
    return field_error("expert_parallel", plan.expert_parallel, "be 1 for a model without experts");
  }
  return Unit{};
}

}  // namespace tally::formulas
