// What this process takes of the host's memory, as Linux counts it: all of it, not tensors alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tally::inspector {

struct ResidentReading {
  std::int64_t now_bytes = 0;   ///< VmRSS
  std::int64_t peak_bytes = 0;  ///< VmHWM: the most since it was last reset
};

/// Of /proc/self/status; nothing where the system has none.
std::optional<ResidentReading> read_resident();

/// Of the text of such a file; nothing where a line is missing.
std::optional<ResidentReading> parse_resident(std::string_view status);

/// The peak is what is resident now, and what comes. False where the system does not let it be set:
/// it is then the most in the life of the process.
bool reset_resident_peak();

}  // namespace tally::inspector
