// How long a training takes and what it costs, from its FLOPs.
#pragma once

#include <base/result.h>
#include <base/wide.h>
#include <formulas/costs/accelerators.h>
#include <formulas/costs/flops.h>

#include <cstdint>

namespace tally::formulas {

/// A training of given length on given devices.
struct TrainingRun {
  std::int64_t num_tokens = 0;
  std::int64_t num_devices = 1;
  double mfu = 0.4;  ///< model FLOPs utilisation: share of the peak spent on model FLOPs
  double price_per_gpu_hour = 0;  ///< 0: no cost
};

/// What it takes.
struct TrainingTime {
  Int128 training_flops = 0;  ///< model FLOPs of `num_tokens` tokens, rounded up
  double seconds = 0;
  double gpu_days = 0;
  double cost = 0;  ///< in the currency of the price; 0 without one
};

/// Time = model FLOPs / (devices x peak x MFU) (Chowdhery et al. 2022, arXiv:2204.02311, appendix
/// B, solved for time). `step_flops` are the model FLOPs of a step over `tokens_per_step` tokens.
/// Errors name the field: tokens or devices that are not positive, an MFU outside (0, 1], a
/// negative price, a peak of 0, FLOPs past 2^127.
Result<TrainingTime> training_time(Int128 step_flops, std::int64_t tokens_per_step,
                                   double peak_flops_per_second, const TrainingRun& run);

}  // namespace tally::formulas
