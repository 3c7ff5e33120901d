#include <base/error_code_names.h>
#include <base/utf8.h>
#include <inspector/process/frames.h>

#include <cstring>

namespace tally::inspector {
namespace {

// Length of the body, id, kind: both ends are one build on one machine, so bytes go as they lie.
struct Header {
  std::uint64_t body_bytes = 0;
  std::int64_t id = 0;
};
constexpr std::size_t kHeaderBytes = sizeof(Header) + 1;
constexpr std::uint64_t kLongestBody = std::uint64_t{4} << 30;

Error broken() {
  return {ErrorCode::kInternal, "a message of another process of this program cannot be read",
          "all programs of torchtally must come from the same build"};
}

}  // namespace

std::string encode(const Frame& frame) {
  const Header header{frame.body.size(), frame.id};
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes += static_cast<char>(frame.kind);
  return bytes + frame.body;
}

std::string encode_ready(const std::string& version) {
  return encode(Frame{Frame::Kind::kReady, kProtocol, version});
}

std::string encode_error(std::int64_t id, const Error& error) {
  // The parts are cut at zero bytes; text for users holds none.
  std::string body(name(error.code));
  body += '\0';
  body += error.message;
  body += '\0';
  body += error.hint;
  return encode(Frame{Frame::Kind::kError, id, std::move(body)});
}

Error error_of(const Frame& frame) {
  const std::size_t first = frame.body.find('\0');
  const std::size_t second = first == std::string::npos ? first : frame.body.find('\0', first + 1);
  if (second == std::string::npos) return broken();
  const auto code = error_code_from_name(std::string_view(frame.body).substr(0, first));
  return {code.value_or(ErrorCode::kInternal),
          valid_utf8(std::string_view(frame.body).substr(first + 1, second - first - 1)),
          valid_utf8(std::string_view(frame.body).substr(second + 1))};
}

Result<std::optional<Frame>> FrameReader::next() {
  const std::size_t there = pending_.size() - at_;
  if (there >= kHeaderBytes) {
    Header header;
    std::memcpy(&header, pending_.data() + at_, sizeof header);
    const auto kind = static_cast<unsigned char>(pending_[at_ + sizeof header]);
    if (kind < 1 || kind > static_cast<unsigned char>(Frame::Kind::kError) ||
        header.body_bytes > kLongestBody)
      return broken();
    if (there - kHeaderBytes >= header.body_bytes) {
      const std::size_t body = at_ + kHeaderBytes;
      at_ = body + static_cast<std::size_t>(header.body_bytes);
      Frame frame{static_cast<Frame::Kind>(kind), header.id,
                  pending_.substr(body, static_cast<std::size_t>(header.body_bytes))};
      if (at_ == pending_.size()) {
        pending_.clear();
        at_ = 0;
      }
      return std::optional<Frame>(std::move(frame));
    }
  }
  pending_.erase(0, at_);
  at_ = 0;
  return std::optional<Frame>();
}

}  // namespace tally::inspector
