// Does a model fit a device, up to which batch and length, and by which cheapest recipe?
//
// Source: the figures are memory.h's; the order of the recipes by cost is our own.
#pragma once

#include <base/result.h>
#include <formulas/costs/memory.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tally::formulas {

/// Largest values that still fit; 0 where not even 1 does. Searched up to `kMostBatch` and
/// `kMostSeq`, or the longest sequence that a table of learned positions holds.
struct FitLimits {
  std::int64_t largest_batch = 0;  ///< sequences, at the plan's seq
  std::int64_t longest_seq = 0;    ///< tokens, at the plan's batch
  /// The longest sequence is the table's, not the memory's.
  bool seq_is_bounded_by_positions = false;
};
/// Where the search for a batch ends, in sequences.
inline constexpr std::int64_t kMostBatch = std::int64_t{1} << 24;
/// Where the search for a length ends, in tokens.
inline constexpr std::int64_t kMostSeq = std::int64_t{1} << 30;

/// One way to train or run, from cheap to expensive.
struct FitRung {
  std::string name;  ///< "flash attention", "ZeRO-2", ...
  std::string cost;  ///< what it costs beside the one before: "a third more forward FLOPs"
  std::int64_t total_bytes = 0;  ///< of one device by this recipe
  bool fits = false;             ///< whether these are no more than the device's
};

/// `Plan` is TrainingPlan or InferencePlan.
template <class Plan>
struct Fit {
  DeviceMemory memory;  ///< of the plan as asked for
  bool fits = false;    ///< whether that is no more than the device's
  FitLimits limits;     ///< of the plan as asked for
  // Where the plan as asked for does not fit:
  std::vector<FitRung> rungs;  ///< recipes tried, in order of cost, up to the first that fits
  std::optional<Plan> recipe;  ///< that first one, without the steps that it fits without
  FitLimits recipe_limits;     ///< of the recipe
};
using TrainingFit = Fit<TrainingPlan>;    ///< what fit_training() finds
using InferenceFit = Fit<InferencePlan>;  ///< what fit_inference() finds

/// Tries `plan`, then dearer recipes: flash attention; ZeRO 1, 2, 3 over the data-parallel devices;
/// selective and full recomputation; 8-bit Adam; tensor parallelism; bf16 throughout. Errors:
/// those of training_memory.
Result<TrainingFit> fit_training(const TransformerSpec& spec, const std::vector<TermCount>& terms,
                                 const TrainingPlan& plan, std::int64_t device_bytes);

/// Tries `plan`, then tensor parallelism over `num_devices`, then narrower caches and weights.
/// Errors: those of inference_memory.
Result<InferenceFit> fit_inference(const TransformerSpec& spec, const std::vector<TermCount>& terms,
                                   const InferencePlan& plan, std::int64_t device_bytes,
                                   std::int64_t num_devices = 1);

}  // namespace tally::formulas
