// The search for the largest batch that fits, over anything that can try one batch.
//
// Nothing is answered that was not tried: the answer is a batch that fitted whose successor did
// not. What is known between trials only says which batch to try next.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

enum class BatchOutcome : std::uint8_t {
  kFits,
  kDoesNotFit,  ///< memory ran out, or the system ended the process
  kStopped,     ///< it failed for another reason: a smaller or larger batch says nothing either
};
std::string_view name(BatchOutcome outcome);

/// One batch that was tried.
struct BatchTrial {
  std::int64_t batch = 0;
  std::string kind;  ///< "virtual", "measured on cpu"
  BatchOutcome outcome = BatchOutcome::kStopped;
  std::int64_t peak_bytes = 0;  ///< most in use, as far as it came
  std::string reason;           ///< why it does not fit, or stopped; "" where it fits
};

/// Tries one batch. An error ends the search and is its result.
using TryBatch = std::function<Result<BatchTrial>(std::int64_t batch)>;

struct BatchBounds {
  std::int64_t first = 1;  ///< the batch to begin with: a guess of the answer, or 1
  std::int64_t most = 1;   ///< no larger one is tried
  /// Bytes that peaks may reach, where that is known: the line through three trials is followed up
  /// to it.
  std::optional<std::int64_t> budget_bytes;
};

struct BatchSearch {
  std::optional<std::int64_t> largest;  ///< that fitted
  bool next_fails = false;  ///< the one above `largest` was tried and does not fit; false: none
                            ///< above was tried
  bool stopped = false;     ///< the last trial failed for a reason that is not memory
  std::vector<BatchTrial> trials;  ///< in the order of trying
};

/// Finds the largest batch from 1 to `bounds.most` that fits. From the first trial it goes on in
/// steps that double, up or down, then halves what lies between the largest that fits and the
/// smallest that does not. Where the last three that fitted lie on one line exactly (batch, peak),
/// the next trial is where that line reaches the budget. Precondition: 1 ≤ first ≤ most.
Result<BatchSearch> find_largest_batch(const BatchBounds& bounds, const TryBatch& try_batch);

}  // namespace tally::inspector
