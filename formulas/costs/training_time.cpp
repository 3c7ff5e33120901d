#include <formulas/costs/training_time.h>

#include <string>

namespace tally::formulas {
namespace {

constexpr double kSecondsPerDay = 86'400;
constexpr double kHoursPerDay = 24;

Error refused(const std::string& what) { return {ErrorCode::kUsage, what, ""}; }

}  // namespace

Result<TrainingTime> training_time(Int128 step_flops, std::int64_t tokens_per_step,
                                   double peak_flops_per_second, const TrainingRun& run) {
  if (run.num_tokens < 1) return refused("tokens must be positive");
  if (run.num_devices < 1) return refused("devices must be positive");
  if (tokens_per_step < 1) return refused("batch and seq must be positive");
  if (!(run.mfu > 0 && run.mfu <= 1)) return refused("mfu must be above 0 and at most 1");
  if (!(run.price_per_gpu_hour >= 0)) return refused("price must not be negative");
  if (!(peak_flops_per_second > 0)) {
    return refused("the accelerator has no peak for this precision");
  }
  const Wide flops = ceil_div(Wide::of(step_flops) * run.num_tokens, tokens_per_step);
  if (!flops.fits()) return refused("tokens give more than 2^127 FLOPs");
  TrainingTime time;
  time.training_flops = flops.value();
  const double device_seconds = flops.to_double() / (peak_flops_per_second * run.mfu);
  time.seconds = device_seconds / static_cast<double>(run.num_devices);
  time.gpu_days = device_seconds / kSecondsPerDay;
  time.cost = time.gpu_days * kHoursPerDay * run.price_per_gpu_hour;
  return time;
}

}  // namespace tally::formulas
