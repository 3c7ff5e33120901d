#include <gtest/gtest.h>
#include <inspector/worker/messages.h>
#include <tests/inspector/full_snapshot.h>

#include <algorithm>

namespace tally::inspector {
namespace {

using test::full_snapshot;

bool is_one_line(const std::string& text) {
  return !text.empty() && text.back() == '\n' && std::count(text.begin(), text.end(), '\n') == 1;
}

LoadAnswer answered(const std::string& line) {
  EXPECT_TRUE(is_one_line(line));
  const Result<WorkerMessage> message = decode_message(line);
  EXPECT_TRUE(message && message->answer && *message->answer);
  return message && message->answer && *message->answer ? **message->answer : LoadAnswer{};
}

TEST(Messages, CarryEveryByteOfAPath) {
  LoadRequest before;
  before.id = INT64_MAX;
  for (int c = 1; c < 256; ++c) before.path += static_cast<char>(c);
  before.verify = true;
  before.max_record_bytes = 12345;
  before.libraries = {"/a\xff.so", "b.so"};
  const std::string line = encode(before);
  EXPECT_TRUE(is_one_line(line));
  const Result<LoadRequest> after = decode_request(line);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->id, before.id);
  EXPECT_EQ(after->path, before.path);
  EXPECT_TRUE(after->verify);
  EXPECT_EQ(after->max_record_bytes, 12345);
  EXPECT_EQ(after->libraries, before.libraries);
}

TEST(Messages, CarryASnapshot) {
  LoadAnswer before;
  before.snapshot = full_snapshot();
  before.microseconds = 4400;
  const std::string line = encode_answer(7, before);
  const LoadAnswer after = answered(line);
  test::expect_equal(before.snapshot, after.snapshot);
  EXPECT_EQ(after.microseconds, 4400);
  EXPECT_FALSE(after.verification);
  EXPECT_EQ(decode_message(line)->id, 7);
  EXPECT_EQ(decode_message(line)->kind, WorkerMessage::Kind::kAnswer);
}

TEST(Messages, CarryAVerification) {
  LoadAnswer before;
  before.verification = Verification{3, 2, {"tensor a.w: 4 elements here, 5 there"}};
  LoadAnswer after = answered(encode_answer(0, before));
  ASSERT_TRUE(after.verification && *after.verification);
  EXPECT_EQ((*after.verification)->tensors, 3);
  EXPECT_EQ((*after.verification)->modules, 2);
  EXPECT_EQ((*after.verification)->differences, (*before.verification)->differences);
  before.verification = Result<Verification>(
      Error{ErrorCode::kUnavailable, "an operator is missing", "load its library"});
  after = answered(encode_answer(0, before));
  ASSERT_TRUE(after.verification && !*after.verification);
  EXPECT_EQ(after.verification->error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(after.verification->error().message, "an operator is missing");
}

TEST(Messages, CarryAnError) {
  const std::string line = encode_answer(7, Error{ErrorCode::kMalformed, "bad\nbytes", "hint"});
  EXPECT_TRUE(is_one_line(line));
  const Result<WorkerMessage> message = decode_message(line);
  ASSERT_TRUE(message && message->answer && !*message->answer);
  EXPECT_EQ(message->answer->error().code, ErrorCode::kMalformed);
  EXPECT_EQ(message->answer->error().message, "bad\nbytes");
  EXPECT_EQ(message->answer->error().hint, "hint");
}

// Messages of the system may hold any bytes (strerror in another locale, a path): the line must
// still be JSON.
TEST(Messages, ReplaceBytesThatAreNoText) {
  const Result<WorkerMessage> message =
      decode_message(encode_answer(1, Error{ErrorCode::kNotFound, "caf\xe9", ""}));
  ASSERT_TRUE(message && message->answer && !*message->answer);
  EXPECT_EQ(message->answer->error().message, "caf\xef\xbf\xbd");
}

TEST(Messages, SayReadyAndProgress) {
  const Result<WorkerMessage> ready = decode_message(encode_ready("0.1.0", "2.11.0"));
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->kind, WorkerMessage::Kind::kReady);
  EXPECT_EQ(ready->protocol, kProtocol);
  EXPECT_EQ(ready->text, "2.11.0");
  const Result<WorkerMessage> progress = decode_message(encode_progress(5, "reading"));
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->kind, WorkerMessage::Kind::kProgress);
  EXPECT_EQ(progress->id, 5);
  EXPECT_EQ(progress->text, "reading");
  EXPECT_FALSE(progress->probe);
  ProbeResult so_far;
  so_far.used_device = cuda_device(3);
  so_far.phases = {{"weights", 0, 10, 12, {}}};
  const Result<WorkerMessage> phase = decode_message(encode_probe_progress(5, "inputs", so_far));
  ASSERT_TRUE(phase);
  EXPECT_EQ(phase->kind, WorkerMessage::Kind::kProgress);
  EXPECT_EQ(phase->text, "inputs");
  ASSERT_TRUE(phase->probe);
  EXPECT_EQ(phase->probe->used_device, cuda_device(3));
  EXPECT_EQ(phase->probe->phases.at(0).peak_bytes, 12);
}

TEST(Messages, RefuseEveryTruncation) {
  LoadAnswer answer;
  answer.snapshot = full_snapshot();
  LoadRequest request;
  request.path = "model.pt";
  std::string line = encode_answer(7, answer);
  for (std::size_t n = 0; n + 1 < line.size(); ++n)
    ASSERT_FALSE(decode_message(line.substr(0, n))) << n;
  line = encode(request);
  for (std::size_t n = 0; n + 1 < line.size(); ++n)
    ASSERT_FALSE(decode_request(line.substr(0, n))) << n;
}

TEST(Messages, RefuseWhatIsNone) {
  for (const std::string& line :
       {std::string(), std::string("garbage"), std::string("[]"), std::string("null"),
        std::string("7"), std::string("{}"), std::string(R"({"id": "7", "progress": "x"})"),
        std::string(R"({"id": 7, "progress": 1})"),
        std::string(R"({"ready": "one", "libtorch": "2"})"), std::string(R"({"ready": 1})"),
        std::string(R"({"id": 7})"),
        std::string(R"({"id": 7, "snapshot": {}, "microseconds": "1"})"), std::string(100'000, '['),
        std::string("{\"id\": 7, \"error\": \"\xff\"}")}) {
    const Result<WorkerMessage> message = decode_message(line);
    const bool is_error = !message || (message->answer && !*message->answer);
    EXPECT_TRUE(is_error) << line.substr(0, 60);
  }
  for (const char* line :
       {"", "{}",
        R"({"id": 1, "method": "run", "path": [], "verify": false, "max_record_bytes": 0})",
        R"({"id": 1, "method": "load", "path": "text", "verify": false, "max_record_bytes": 0})",
        R"({"id": 1, "method": "load", "path": [], "verify": 1, "max_record_bytes": 0})"}) {
    EXPECT_FALSE(decode_request(line)) << line;
  }
}

TEST(Messages, MakeAnUnreadableSnapshotTheFilesError) {
  LoadAnswer answer;
  answer.snapshot = full_snapshot();
  answer.snapshot.tensors[0].module = ModuleId(99);
  const Result<WorkerMessage> message = decode_message(encode_answer(7, answer));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->id, 7);
  ASSERT_TRUE(message->answer && !*message->answer);
  EXPECT_EQ(message->answer->error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace tally::inspector
