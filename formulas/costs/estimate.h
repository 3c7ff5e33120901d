// Everything that is predicted of one model at once: what `torchtally estimate` shows.
#pragma once

#include <base/result.h>
#include <formulas/costs/accelerators.h>
#include <formulas/costs/flop_estimates.h>
#include <formulas/costs/flops.h>
#include <formulas/costs/kv_cache.h>
#include <formulas/costs/memory.h>
#include <formulas/costs/training_time.h>
#include <formulas/guide/guide.h>
#include <formulas/terms/parameters.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace tally::formulas {

/// What is estimated beside the specification. The defaults: one sequence as long as the model
/// allows, AdamW in mixed precision, no accelerator.
struct EstimateInputs {
  TrainingPlan training;                   ///< how it is trained
  InferencePlan inference;                 ///< its shape is the training's
  std::optional<Accelerator> accelerator;  ///< for time and cost; none: neither is predicted
  std::int64_t num_tokens = 0;    ///< of a training; 0: 20 a parameter (Hoffmann et al. 2022)
  double mfu = 0.4;               ///< model FLOPs utilisation: share of the accelerator's peak
  double price_per_gpu_hour = 0;  ///< in any currency; 0: no cost
};

/// Published estimates of FLOPs a token, beside the exact count. Zero where a paper's formula does
/// not apply.
struct FlopsPerToken {
  Int128 exact_forward = 0;   ///< FLOPs, rounded up
  Int128 exact_training = 0;  ///< FLOPs of forward and backward, rounded up
  Int128 six_n = 0;           ///< 6 N; N active parameters
  Int128 palm = 0;            ///< 6 N + 12 L H Q T; one stack of one kind of layers
};

/// Bytes are whole bytes of one device, FLOPs those of the convention in flops.h, times in seconds;
/// each part names its source where it is declared.
struct Estimate {
  ParameterCounts parameters;        ///< in elements, and the terms that they are the sums of
  std::vector<WeightBytes> weights;  ///< by dtype, widest first
  DeviceMemory training;             ///< the heaviest device of a training step
  DeviceMemory inference;            ///< one device of generation
  Wide cache_bytes_per_token;        ///< of one sequence, in the cache's dtype, rounded up
  FlopCount pass;                    ///< one device's micro-batch through the whole model
  Int128 step_flops = 0;             ///< model FLOPs of it
  Int128 hardware_flops = 0;         ///< with recomputation
  std::int64_t tokens_per_pass =
      0;                        ///< positions of all stacks that the data counts: the last stack's
  FlopsPerToken per_token;      ///< published estimates beside the exact figures
  Wide optimal_tokens;          ///< Chinchilla's 20 a parameter
  std::int64_t num_tokens = 0;  ///< the training's
  std::optional<TrainingTime> time;     ///< where there is an accelerator
  std::optional<GuideResources> guide;  ///< the guide's rules of thumb for the same parameters
};

/// Predicts all of it. Errors: kUsage, those of the parts; the message names the field. Source:
/// each part's own.
Result<Estimate> estimate(const TransformerSpec& spec, const EstimateInputs& inputs);

}  // namespace tally::formulas
