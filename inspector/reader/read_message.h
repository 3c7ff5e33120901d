// What the parent of torchtally-reader and the reader say to each other, inside the frames of
// inspector/process/frames.h. The file itself goes as a descriptor: the reader opens no path.
#pragma once

#include <base/result.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace tally::inspector {

struct ReadRequest {
  std::int64_t id = 0;
  std::int64_t max_record_bytes = 0;  ///< 0: the reader's default
};

struct ReadAnswer {
  ModelSnapshot snapshot;         ///< without its path
  std::int64_t microseconds = 0;  ///< inside the reader
};

std::string encode(const ReadRequest& request);
Result<ReadRequest> decode_read_request(std::string_view packet);

/// The body of an answer's frame.
std::string encode(const ReadAnswer& answer);
/// Of bytes that are not trusted: as snapshot_from_bytes().
Result<ReadAnswer> decode_read_answer(std::string_view body);

}  // namespace tally::inspector
