// What is known of a model file once it was read and, where that was asked for, loaded by LibTorch.
#pragma once

#include <base/result.h>
#include <inspector/model/snapshot.h>
#include <inspector/model/verification.h>

#include <cstdint>
#include <optional>

namespace tally::inspector {

struct LoadAnswer {
  ModelSnapshot snapshot;
  std::optional<Result<Verification>>
      verification;               ///< where it was asked for; an Error: it could not be made
  std::int64_t microseconds = 0;  ///< of reading, inside the reader
};

}  // namespace tally::inspector
