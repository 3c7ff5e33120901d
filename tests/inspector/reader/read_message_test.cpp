#include <gtest/gtest.h>
#include <inspector/reader/read_message.h>
#include <tests/inspector/full_snapshot.h>

namespace tally::inspector {
namespace {

TEST(ReadMessage, CarriesARequest) {
  const Result<ReadRequest> after = decode_read_request(encode(ReadRequest{INT64_MAX, 12345}));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->id, INT64_MAX);
  EXPECT_EQ(after->max_record_bytes, 12345);
  EXPECT_FALSE(decode_read_request(""));
  EXPECT_FALSE(decode_read_request(encode(ReadRequest{}) + "x"));
}

TEST(ReadMessage, CarriesAnAnswer) {
  const ReadAnswer before{test::full_snapshot(), 4400};
  const Result<ReadAnswer> after = decode_read_answer(encode(before));
  ASSERT_TRUE(after) << after.error().message;
  test::expect_equal(before.snapshot, after->snapshot);
  EXPECT_EQ(after->microseconds, 4400);
}

TEST(ReadMessage, RefusesEveryTruncation) {
  const std::string body = encode(ReadAnswer{test::full_snapshot(), 4400});
  for (std::size_t n = 0; n < body.size(); ++n)
    ASSERT_FALSE(decode_read_answer(std::string_view(body).substr(0, n))) << n;
}

}  // namespace
}  // namespace tally::inspector
