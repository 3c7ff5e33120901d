// Caps on what one file may claim; all far above any real export.
#pragma once

#include <cstdint>

namespace tally::inspector {

/// A file that claims more is refused (kLimitExceeded).
struct ReadLimits {
  std::int64_t max_record_bytes = std::int64_t{256}
                                  << 20;  ///< of a pickle or a source file, decompressed
  std::int64_t max_values = 8'000'000;    ///< in one pickle
  std::int64_t max_visits =
      20'000'000;  ///< values met on all paths: shared containers can make 2^n paths of n values
  std::int64_t max_tensors = 1'000'000;  ///< names: some 700 MB of records
  int max_depth = 1000;  ///< how many modules or containers may stand within each other
};

}  // namespace tally::inspector
