// What zlib does for archives: decompression and checksums.
#pragma once

#include <base/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tally::inspector {

/// Decompresses a raw deflate stream (RFC 1951) that must give exactly `bytes` bytes and end with
/// its last input byte. kMalformed, saying in what it differs, where it does not.
Result<std::string> inflate(std::string_view deflated, std::size_t bytes);

/// CRC-32 as ZIP archives state it.
std::uint32_t crc32_of(std::string_view bytes);

}  // namespace tally::inspector
