#include <base/wide.h>
#include <inspector/probe/run/largest_batch.h>

#include <algorithm>

namespace tally::inspector {
namespace {

struct Point {
  std::int64_t batch, bytes;
};

/// The largest batch whose peak is within `budget` on the line through the last three points;
/// nothing where there is no such line or it does not rise.
std::optional<std::int64_t> extrapolate(const std::vector<Point>& points, std::int64_t budget) {
  if (points.size() < 3) return std::nullopt;
  const Point &a = points[points.size() - 3], &b = points[points.size() - 2], &c = points.back();
  const Int128 run = c.batch - a.batch, rise = Int128(c.bytes) - a.bytes;
  if (rise * (b.batch - a.batch) != (Int128(b.bytes) - a.bytes) * run) return std::nullopt;
  if (run <= 0 || rise <= 0 || budget < c.bytes) return std::nullopt;
  const Int128 further = (Int128(budget) - c.bytes) * run / rise;
  return static_cast<std::int64_t>(std::min<Int128>(c.batch + further, INT64_MAX));
}

class Search {
 public:
  explicit Search(const BatchBounds& bounds)
      : bounds_(bounds), fails_(bounds.most + 1), next_(bounds.first) {}

  Result<BatchSearch> run(const TryBatch& try_batch) {
    while (fails_ - fits_ > 1) {
      Result<BatchTrial> trial = try_batch(next_);
      if (!trial) return trial.error();
      found_.trials.push_back(*trial);
      if (trial->outcome == BatchOutcome::kStopped) {
        found_.stopped = true;
        break;
      }
      take(*trial);
    }
    if (fits_ > 0) found_.largest = fits_;
    found_.next_fails = failed_ && fails_ == fits_ + 1;
    return std::move(found_);
  }

 private:
  void take(const BatchTrial& trial) {
    if (trial.outcome == BatchOutcome::kFits) {
      fits_ = trial.batch;
      fitted_.push_back({trial.batch, trial.peak_bytes});
    } else {
      fails_ = trial.batch;
      failed_ = true;
    }
    next_ = std::clamp(follow_line().value_or(step()), fits_ + 1, fails_ - 1);
    step_ = std::min(step_ * 2, bounds_.most);
  }

  /// A line that has led to a batch that does not fit is no line: it is not followed again.
  std::optional<std::int64_t> follow_line() const {
    if (failed_ || !bounds_.budget_bytes) return std::nullopt;
    return extrapolate(fitted_, *bounds_.budget_bytes);
  }

  std::int64_t step() const {
    if (!failed_) return fits_ + step_;
    if (fits_ == 0) return fails_ - step_;
    return fits_ + (fails_ - fits_) / 2;
  }

  const BatchBounds& bounds_;
  std::int64_t fits_ = 0, fails_;  ///< largest that fits, smallest that does not
  bool failed_ = false;            ///< `fails_` was tried
  std::int64_t next_, step_ = 1;
  std::vector<Point> fitted_;
  BatchSearch found_;
};

}  // namespace

std::string_view name(BatchOutcome outcome) {
  switch (outcome) {
    case BatchOutcome::kFits:
      return "fits";
    case BatchOutcome::kDoesNotFit:
      return "does not fit";
    case BatchOutcome::kStopped:
      break;
  }
  return "stopped";
}

Result<BatchSearch> find_largest_batch(const BatchBounds& bounds, const TryBatch& try_batch) {
  return Search(bounds).run(try_batch);
}

}  // namespace tally::inspector
