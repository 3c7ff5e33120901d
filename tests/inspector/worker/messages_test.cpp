#include <gtest/gtest.h>
#include <inspector/worker/messages.h>

namespace tally::inspector {
namespace {

TEST(Messages, CarryEveryByteOfAPath) {
  VerifyRequest before;
  before.id = INT64_MAX;
  for (int c = 1; c < 256; ++c) before.path += static_cast<char>(c);
  before.max_record_bytes = 12345;
  before.libraries = {"/a\xff.so", "b.so"};
  const Result<WorkerRequest> request = decode_request(encode(before));
  ASSERT_TRUE(request) << request.error().message;
  const auto* after = std::get_if<VerifyRequest>(&*request);
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(after->id, before.id);
  EXPECT_EQ(after->path, before.path);
  EXPECT_EQ(after->max_record_bytes, 12345);
  EXPECT_EQ(after->libraries, before.libraries);
}

TEST(Messages, CarryProbeAndDevicesCalls) {
  ProbeCall probe;
  probe.request.path = "model.pt";
  const Result<WorkerRequest> asked = decode_request(encode(probe));
  ASSERT_TRUE(asked) << asked.error().message;
  ASSERT_TRUE(std::holds_alternative<ProbeCall>(*asked));
  EXPECT_EQ(std::get<ProbeCall>(*asked).request.path, "model.pt");
  const Result<WorkerRequest> devices = decode_request(encode(DevicesCall{0, true}));
  ASSERT_TRUE(devices && std::holds_alternative<DevicesCall>(*devices));
  EXPECT_TRUE(std::get<DevicesCall>(*devices).largest_block);
}

TEST(Messages, CarryAVerification) {
  const Verification before{3, 2, {"tensor a.w: 4 elements here, 5 there"}};
  const Result<Verification> after = decode_verification(encode(before));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->tensors, 3);
  EXPECT_EQ(after->modules, 2);
  EXPECT_EQ(after->differences, before.differences);
}

// Messages of the system may hold any bytes (strerror in another locale, a path): it must still be
// JSON.
TEST(Messages, ReplaceBytesThatAreNoText) {
  const Result<Verification> after = decode_verification(encode(Verification{0, 0, {"caf\xe9"}}));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->differences.at(0), "caf\xef\xbf\xbd");
}

TEST(Messages, CarryThePhaseAndWhatIsKnownSoFar) {
  ProbeProgress before;
  before.phase = "inputs";
  before.so_far.used_device = cuda_device(3);
  before.so_far.phases = {{"weights", 0, 10, 12, {}}};
  const Result<ProbeProgress> after = decode_probe_progress(encode(before));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->phase, "inputs");
  EXPECT_EQ(after->so_far.used_device, cuda_device(3));
  EXPECT_EQ(after->so_far.phases.at(0).peak_bytes, 12);
}

TEST(Messages, RefuseEveryTruncation) {
  VerifyRequest request;
  request.path = "model.pt";
  const std::string packet = encode(request);
  for (std::size_t n = 0; n < packet.size(); ++n)
    ASSERT_FALSE(decode_request(packet.substr(0, n))) << n;
}

TEST(Messages, RefuseWhatIsNone) {
  for (const std::string& text :
       {std::string(), std::string("garbage"), std::string("[]"), std::string("null"),
        std::string("7"), std::string("{}"), std::string(R"({"id": "7", "phase": "x"})"),
        std::string(R"({"tensors": "1", "modules": 1, "differences": []})"),
        std::string(100'000, '['), std::string("{\"phase\": \"\xff\"}")}) {
    EXPECT_FALSE(decode_verification(text)) << text.substr(0, 60);
    EXPECT_FALSE(decode_probe_progress(text)) << text.substr(0, 60);
    EXPECT_FALSE(decode_probe_result(text)) << text.substr(0, 60);
    EXPECT_FALSE(decode_request(text)) << text.substr(0, 60);
  }
  for (const char* packet :
       {R"({"id": 1, "method": "run", "path": [], "libraries": [], "max_record_bytes": 0})",
        R"({"id": 1, "method": "verify", "path": "text", "libraries": [], "max_record_bytes": 0})",
        R"({"id": 1, "method": "verify", "path": [], "libraries": 1, "max_record_bytes": 0})"})
    EXPECT_FALSE(decode_request(packet)) << packet;
}

}  // namespace
}  // namespace tally::inspector
