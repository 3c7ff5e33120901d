// Memory of one device, part by part: training and inference. Every part has a name, `[other]`
// included; they add up to the total.
//
// Predictions, not measurements: what PyTorch's allocator rounds up, caches and fragments is not
// modelled, and stands in `[other]` only as far as the caller says.
//
// Source: of each part its `meaning` names it: Korthikanti et al. 2022, arXiv:2205.05198, for
// activations; memory_states.h and memory_weights.h for the rest.
#pragma once

#include <base/result.h>
#include <formulas/costs/activations.h>
#include <formulas/costs/flops.h>
#include <formulas/costs/memory_states.h>
#include <formulas/costs/memory_weights.h>
#include <formulas/spec/spec.h>
#include <formulas/terms/terms.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::formulas {

/// How a model is divided among devices.
struct ParallelPlan {
  std::int64_t data_parallel = 1;  ///< devices that hold replicas, or ZeRO's N
  std::int64_t tensor_parallel =
      1;  ///< t: columns and rows of matrices (Shoeybi et al. 2019, arXiv:1909.08053)
  std::int64_t pipeline_parallel = 1;  ///< p: stages of consecutive layers, 1F1B schedule
  std::int64_t expert_parallel =
      1;                           ///< experts divided among that many of the data-parallel devices
  bool sequence_parallel = false;  ///< with t > 1 only
  std::int64_t chunks = 1;         ///< m: layer groups a stage, interleaved schedule
  ZeroStage zero = ZeroStage::kNone;  ///< what the data-parallel devices divide among them

  /// Devices in all.
  std::int64_t num_devices() const { return data_parallel * tensor_parallel * pipeline_parallel; }
};

/// Refuses plans that cannot be. Errors: kUsage, which names the field: degrees below 1 or past
/// 2^20, heads that t does not divide, more stages than layers, experts that do not divide,
/// sequence parallelism without tensor parallelism, chunks without stages.
Result<Unit> validate(const ParallelPlan& plan, const TransformerSpec& spec);

/// Layers that a token passes through, all stacks together; a shared layer as often as it is
/// applied.
std::int64_t num_applied_layers(const TransformerSpec& spec);

/// How a model is trained.
struct TrainingPlan {
  PassShape shape;                          ///< one device's micro-batch
  Optimizer optimizer = Optimizer::kAdamW;  ///< whose states are kept
  /// Number formats of weights, gradients, states and activations.
  Precision precision = Precision::kMixed;
  AttentionKernel kernel = AttentionKernel::kFlash;    ///< whether scores lie in memory
  Recomputation recomputation = Recomputation::kNone;  ///< what is computed again instead of kept
  bool dropout = false;                                ///< whether masks are kept
  ParallelPlan parallel;                               ///< how it is divided among devices
  std::int64_t other_bytes = 0;  ///< the part `[other]`: context, libraries, fragmentation
};

/// How a model generates, or is run forward.
struct InferencePlan {
  PassShape shape;  ///< sequences at once, and tokens of each when its cache is fullest
  Dtype weights = Dtype::kBf16;   ///< the format that weights are stored in
  std::int64_t group_size = 128;  ///< of int4
  Dtype cache = Dtype::kBf16;     ///< the format of the KV cache
  ParallelPlan parallel;          ///< how it is divided among devices
  std::int64_t other_bytes = 0;   ///< the part `[other]`, as in TrainingPlan
};

/// A named share of a device's memory.
struct MemoryPart {
  std::string id;          ///< "weights", "activations.layers", "[other]", ...
  std::string meaning;     ///< for people: what it is and whose formula
  std::int64_t bytes = 0;  ///< on this device
};

/// A device's memory, part by part.
struct DeviceMemory {
  std::vector<MemoryPart> parts;  ///< parts of 0 bytes are left out
  std::int64_t total_bytes = 0;   ///< their sum
  std::string stage;  ///< which pipeline stage this is, the heaviest: "only", "first" or "last"
};

/// The heaviest device of a training step. `terms` are those of `spec`. Errors: those of validate
/// and stack_tokens, and kUsage for bytes past 2^63 - 1.
Result<DeviceMemory> training_memory(const TransformerSpec& spec,
                                     const std::vector<TermCount>& terms, const TrainingPlan& plan);

/// One device of generation, or of a forward pass where there is no causal stack: weights, full
/// cache, and the workspace of the prompt's pass with flash attention. Errors: those of
/// training_memory.
Result<DeviceMemory> inference_memory(const TransformerSpec& spec,
                                      const std::vector<TermCount>& terms,
                                      const InferencePlan& plan);

}  // namespace tally::formulas
