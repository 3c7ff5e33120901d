// DeepSpeed's own estimates of model states with offloading to the CPU, as its documentation prints
// them (deepspeedai/DeepSpeed, docs/code-docs/source/memory.rst, and the functions that it
// documents).
#pragma once

#include <base/wide.h>

#include <cstdint>

namespace tally::formulas {

struct OffloadEstimate {
  Wide cpu_bytes;
  Wide gpu_bytes;
};

struct OffloadSetup {
  std::int64_t num_params = 0;
  std::int64_t largest_layer_params = 0;  ///< ZeRO-3 only
  std::int64_t gpus_per_node = 1;
  std::int64_t num_nodes = 1;
  bool offload_optimizer = true;
  bool offload_params = true;  ///< ZeRO-3 only
  bool zero_init = true;       ///< ZeRO-3 only: parameters are divided as they are made
};

/// estimate_zero2_model_states_mem_needs as its documentation counts: without offload 4 P + 16 P /
/// N on the GPU.
OffloadEstimate deepspeed_zero2(const OffloadSetup& setup);
/// The same as today's code counts: without offload 2 P + 18 P / N on the GPU.
OffloadEstimate deepspeed_zero2_code(const OffloadSetup& setup);
/// estimate_zero3_model_states_mem_needs.
OffloadEstimate deepspeed_zero3(const OffloadSetup& setup);

}  // namespace tally::formulas
