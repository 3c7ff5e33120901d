#include <formulas/costs/memory_offload.h>

#include <algorithm>

namespace tally::formulas {
namespace {

/// DeepSpeed multiplies what lies in CPU memory by 1.5 for buffers.
Wide with_buffers(const Wide& bytes) { return bytes * 3 / 2; }

}  // namespace

OffloadEstimate deepspeed_zero2_code(const OffloadSetup& s) {
  const std::int64_t gpus = s.gpus_per_node * s.num_nodes;
  const Wide params = s.num_params;
  if (s.offload_optimizer) {
    return {with_buffers(params * std::max<std::int64_t>(4 * gpus, 16)), params * 2};
  }
  return {with_buffers(params * 4 * s.gpus_per_node), params * 2 + params * 18 / gpus};
}

OffloadEstimate deepspeed_zero2(const OffloadSetup& s) {
  OffloadEstimate estimate = deepspeed_zero2_code(s);
  if (!s.offload_optimizer) {
    const Wide params = s.num_params;
    estimate.gpu_bytes = params * 4 + params * 16 / (s.gpus_per_node * s.num_nodes);
  }
  return estimate;
}

OffloadEstimate deepspeed_zero3(const OffloadSetup& s) {
  const std::int64_t gpus = s.gpus_per_node * s.num_nodes;
  const Wide params = s.num_params;
  const Wide layer = Wide(s.largest_layer_params) * 4;
  const Wide whole_model_per_node = params * 4 * s.gpus_per_node;
  const auto at_least = [](const Wide& a, const Wide& b) { return a.value() > b.value() ? a : b; };
  if (!s.offload_optimizer) {
    const Wide cpu = s.zero_init ? layer * s.gpus_per_node : whole_model_per_node;
    return {with_buffers(cpu), layer + params * 18 / gpus};
  }
  const Wide states = params * (s.offload_params ? 18 : 16) / s.num_nodes;
  const Wide cpu = s.zero_init ? states : at_least(whole_model_per_node, states);
  const Wide gpu = s.offload_params ? layer : layer + params * 2 / gpus;
  return {with_buffers(cpu), gpu};
}

}  // namespace tally::formulas
