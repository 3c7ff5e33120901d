#include <inspector/model/snapshot_bytes.h>
#include <inspector/reader/read_message.h>

#include <cstring>

namespace tally::inspector {

std::string encode(const ReadRequest& request) {
  return {reinterpret_cast<const char*>(&request), sizeof request};
}

Result<ReadRequest> decode_read_request(std::string_view packet) {
  ReadRequest request;
  if (packet.size() != sizeof request)
    return Error{ErrorCode::kInternal, "the request cannot be read",
                 "all programs of torchtally must come from the same build"};
  std::memcpy(&request, packet.data(), sizeof request);
  return request;
}

std::string encode(const ReadAnswer& answer) {
  return to_bytes(answer.snapshot)
      .append(reinterpret_cast<const char*>(&answer.microseconds), sizeof answer.microseconds);
}

Result<ReadAnswer> decode_read_answer(std::string_view body) {
  ReadAnswer answer;
  constexpr std::size_t kTail = sizeof answer.microseconds;
  const std::size_t bytes = body.size() < kTail ? 0 : body.size() - kTail;
  Result<ModelSnapshot> snapshot = snapshot_from_bytes(body.substr(0, bytes));
  if (!snapshot) return snapshot.error();
  answer.snapshot = std::move(*snapshot);
  std::memcpy(&answer.microseconds, body.data() + bytes, kTail);
  return answer;
}

}  // namespace tally::inspector
