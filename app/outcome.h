// Outcome: what the answers to a question come to, from best to worst. The command line maps it to
// an exit code.
#pragma once

#include <base/result.h>

#include <algorithm>

namespace tally::app {

enum class Outcome {
  kPassed,       ///< done, and every check that was asked for passed
  kCheckFailed,  ///< done, a check failed
  kUsage,        ///< the request makes no sense
  kUnreadable,   ///< an input cannot be read or is no model
  kUnavailable,  ///< what was asked for is not available here: a check that could not run
  kInternal,     ///< a mistake in this program
};

/// What an error that ends an answer comes to.
inline Outcome outcome_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return Outcome::kUsage;
    case ErrorCode::kNotFound:
    case ErrorCode::kNotAModel:
    case ErrorCode::kMalformed:
    case ErrorCode::kLimitExceeded:
      return Outcome::kUnreadable;
    case ErrorCode::kUnavailable:
      return Outcome::kUnavailable;
    case ErrorCode::kInternal:
      break;
  }
  return Outcome::kInternal;
}

/// Of several answers the one that says most.
inline Outcome worse(Outcome a, Outcome b) { return std::max(a, b); }

}  // namespace tally::app
