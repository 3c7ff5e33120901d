// Caps on what one file may claim; all far above any real export.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tally::inspector {

/// A file that claims more is refused (kLimitExceeded).
struct ReadLimits {
  /// Of a pickle or a source file, decompressed: what --memory-limit holds twice. A pickle with a
  /// string or an object of hundreds of megabytes is a model with an engine in it.
  std::int64_t max_record_bytes = std::int64_t{1} << 30;
  std::int64_t max_values = 8'000'000;  ///< in one pickle
  std::int64_t max_visits =
      20'000'000;  ///< values met on all paths: shared containers can make 2^n paths of n values
  std::int64_t max_tensors = 1'000'000;  ///< names: some 700 MB of records
  std::int64_t max_modules = 1'000'000;  ///< how many, one object under two paths being two
  std::int64_t max_report_bytes =
      std::int64_t{4} << 30;  ///< of what a report says of modules and tensors, as repeated
  int max_depth = 1000;       ///< how many modules or containers may stand within each other

  /// The same for a file of `file_bytes`: what a small file may claim is in proportion to it.
  /// Compression and shared values could else make gigabytes of a kilobyte. The factors are several
  /// times what the densest exports need: a module takes 300 bytes of a file, a tensor 400, and
  /// structure compresses to a twentieth.
  ReadLimits for_file(std::int64_t file_bytes) const {
    const auto in_proportion = [&](std::int64_t most, std::int64_t base, std::int64_t factor) {
      return std::min(most, base + factor * std::min(file_bytes, most));
    };
    ReadLimits limits = *this;
    limits.max_record_bytes = in_proportion(max_record_bytes, std::int64_t{16} << 20, 48);
    limits.max_values = in_proportion(max_values, 500'000, 2);
    limits.max_visits = in_proportion(max_visits, 500'000, 2);
    limits.max_tensors = std::min(max_tensors, 10'000 + file_bytes / 50);
    limits.max_modules = std::min(max_modules, 10'000 + file_bytes / 50);
    limits.max_report_bytes = in_proportion(max_report_bytes, std::int64_t{4} << 20, 11);
    return limits;
  }
};

}  // namespace tally::inspector
