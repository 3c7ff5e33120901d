// What parent and child say to each other: packets down, frames up.
//
//   child → parent   kReady     PROTOCOL and version                   at its start
//   child → parent   kProgress  of request `id`, any number of times
//   child → parent   kAnswer    of request `id`: its body is the conversation's own
//   child → parent   kError     of request `id`: why there is no answer
//
// A request is one packet, with at most one descriptor. A frame counts only when it is whole.
// Parent and child must be of one version: kProtocol changes with every change of a message.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::inspector {

constexpr int kProtocol = 5;

/// One message of a child.
struct Frame {
  enum class Kind : std::uint8_t { kReady = 1, kProgress, kAnswer, kError };
  Kind kind = Kind::kProgress;
  std::int64_t id = 0;  ///< of the request
  std::string body;
};

std::string encode(const Frame& frame);
std::string encode_ready(const std::string& version);
std::string encode_error(std::int64_t id, const Error& error);
/// The Error of a frame of kError.
Error error_of(const Frame& frame);

/// Cuts what comes over a pipe into frames.
class FrameReader {
 public:
  void add(std::string_view bytes) { pending_ += bytes; }
  /// The next whole frame; nothing where more has to come. kInternal, once and for all, where the
  /// bytes are none of the protocol's.
  Result<std::optional<Frame>> next();

 private:
  std::string pending_;
  std::size_t at_ = 0;
};

}  // namespace tally::inspector
