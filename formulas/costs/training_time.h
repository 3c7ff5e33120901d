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
  std::int64_t num_tokens = 0;   ///< that the training sees in all
  std::int64_t num_devices = 1;  ///< that work at once
  double mfu = 0.4;  ///< model FLOPs utilisation: share of the peak spent on model FLOPs
  double price_per_gpu_hour = 0;  ///< 0: no cost
};

/// What it takes.
struct TrainingTime {
  Int128 training_flops = 0;  ///< model FLOPs of `num_tokens` tokens, rounded up
  double seconds = 0;         ///< from beginning to end, all devices at once
  double gpu_days = 0;        ///< days of all devices added up
  double cost = 0;            ///< in the currency of the price; 0 without one
};

/// Time = model FLOPs / (devices x peak x MFU). `step_flops` are the model FLOPs of a step over
/// `tokens_per_step` tokens. Source: Chowdhery et al. 2022, arXiv:2204.02311, appendix B, solved
/// for time. Errors: kUsage, which names the field: tokens or devices that are not positive, an MFU
/// outside (0, 1], a negative price, a peak of 0, FLOPs past 2^127.
Result<TrainingTime> training_time(Int128 step_flops, std::int64_t tokens_per_step,
                                   double peak_flops_per_second, const TrainingRun& run);

}  // namespace tally::formulas
