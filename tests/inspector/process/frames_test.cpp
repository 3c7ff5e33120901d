#include <base/error_code_names.h>
#include <gtest/gtest.h>
#include <inspector/process/frames.h>

#include <string>
#include <vector>

namespace tally::inspector {
namespace {

using namespace std::string_literals;

std::vector<Frame> read_all(FrameReader& reader) {
  std::vector<Frame> frames;
  for (;;) {
    Result<std::optional<Frame>> next = reader.next();
    EXPECT_TRUE(next);
    if (!next || !*next) return frames;
    frames.push_back(std::move(**next));
  }
}

TEST(Frames, CarryEveryByte) {
  std::string body;
  for (int c = 0; c < 256; ++c) body += static_cast<char>(c);
  FrameReader reader;
  reader.add(encode(Frame{Frame::Kind::kAnswer, INT64_MIN, body}));
  const std::vector<Frame> frames = read_all(reader);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].kind, Frame::Kind::kAnswer);
  EXPECT_EQ(frames[0].id, INT64_MIN);
  EXPECT_EQ(frames[0].body, body);
}

TEST(Frames, CountOnlyWhenWhole) {
  const std::string bytes = encode(Frame{Frame::Kind::kProgress, 7, "reading"});
  FrameReader reader;
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    reader.add(bytes.substr(i, 1));
    EXPECT_TRUE(read_all(reader).empty()) << i;
  }
  reader.add(bytes.substr(bytes.size() - 1));
  EXPECT_EQ(read_all(reader).at(0).body, "reading");
}

TEST(Frames, ComeOutOfOnePieceOneByOne) {
  FrameReader reader;
  reader.add(encode(Frame{Frame::Kind::kProgress, 1, ""}) +
             encode(Frame{Frame::Kind::kAnswer, 1, std::string(100'000, 'x')}) +
             encode(Frame{Frame::Kind::kAnswer, 2, "b"}).substr(0, 5));
  EXPECT_EQ(read_all(reader).size(), 2u);
  reader.add(encode(Frame{Frame::Kind::kAnswer, 2, "b"}).substr(5));
  EXPECT_EQ(read_all(reader).at(0).id, 2);
}

TEST(Frames, AreRefusedWhereTheyAreNone) {
  for (const std::string& bytes : {"not a frame at all"s, std::string(17, '\xff'),
                                   std::string(16, '\0') + "\x09", std::string(17, '\0')}) {
    FrameReader reader;
    reader.add(bytes);
    EXPECT_FALSE(reader.next()) << bytes;
  }
}

/// The first 17 bytes of a frame whose body has `bytes`: the length, the id 1, an answer.
std::string header_of(std::uint64_t bytes) {
  std::string header;
  for (const std::uint64_t value : {bytes, std::uint64_t{1}}) {
    for (int i = 0; i < 8; ++i) header += static_cast<char>(value >> (8 * i) & 0xff);
  }
  return header + encode(Frame{Frame::Kind::kAnswer, 0, ""}).back();
}

TEST(Frames, MayHaveFourGibibytesAndNotAByteMore) {
  FrameReader most, more;
  most.add(header_of(std::uint64_t{4} << 30));
  const auto waits = most.next();
  ASSERT_TRUE(waits) << waits.error().message;
  EXPECT_FALSE(*waits);
  more.add(header_of((std::uint64_t{4} << 30) + 1));
  EXPECT_FALSE(more.next());
}

TEST(Frames, CarryErrors) {
  for (std::size_t code = 0; code < kErrorCodeNames.size(); ++code) {
    FrameReader reader;
    reader.add(encode_error(5, {static_cast<ErrorCode>(code), "what \"and\"\nwhere", "do this"}));
    const Frame frame = read_all(reader).at(0);
    EXPECT_EQ(frame.kind, Frame::Kind::kError);
    EXPECT_EQ(frame.id, 5);
    const Error error = error_of(frame);
    EXPECT_EQ(error.code, static_cast<ErrorCode>(code));
    EXPECT_EQ(error.message, "what \"and\"\nwhere");
    EXPECT_EQ(error.hint, "do this");
  }
}

// The child has read a hostile file: its words go to JSON and the terminal.
TEST(Frames, MakeTextOfErrorsThatAreNone) {
  for (const std::string& body : {""s, "malformed"s, "malformed\0no hint"s, "unheard_of\0m\0h"s})
    EXPECT_EQ(error_of(Frame{Frame::Kind::kError, 0, body}).code, ErrorCode::kInternal) << body;
  EXPECT_EQ(error_of(Frame{Frame::Kind::kError, 0, "not_found\0caf\xe9\0"s}).message,
            "caf\xef\xbf\xbd");
}

TEST(Frames, SayReadyWithTheProtocol) {
  FrameReader reader;
  reader.add(encode_ready("0.1.0"));
  const Frame frame = read_all(reader).at(0);
  EXPECT_EQ(frame.kind, Frame::Kind::kReady);
  EXPECT_EQ(frame.id, kProtocol);
  EXPECT_EQ(frame.body, "0.1.0");
}

}  // namespace
}  // namespace tally::inspector
