// Verification: what comparing a snapshot with LibTorch's own loading of the same file found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector {

struct Verification {
  std::int64_t tensors = 0;  ///< names that both have
  std::int64_t modules = 0;  ///< modules that both have
  std::vector<std::string>
      differences;  ///< a sentence each; none: LibTorch sees what the snapshot says
};

}  // namespace tally::inspector
