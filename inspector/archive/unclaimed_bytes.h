// UnclaimedBytes: bytes of a ZIP archive that belong to no record and that no writer puts there.
#pragma once

#include <base/result.h>
#include <inspector/archive/archive_reader.h>

#include <cstdint>

namespace tally::inspector {

struct UnclaimedBytes {
  std::int64_t bytes = 0;  ///< how many, in all places together
  std::int64_t first = 0;  ///< where the first of them lies in the file
};

/// Looks in front of, between and behind the records, up to the directory, and into the extra
/// fields of their headers. PyTorch's padding (letters Z, which align the payloads), ZIP64 fields,
/// time stamps and data descriptors are what writers put there; all else is unclaimed. Reads one
/// range a record, no payload. Errors are the archive's (kMalformed).
Result<UnclaimedBytes> unclaimed_bytes(const ArchiveReader& archive);

}  // namespace tally::inspector
