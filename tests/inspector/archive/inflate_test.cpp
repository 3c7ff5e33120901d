#include <gtest/gtest.h>
#include <inspector/archive/inflate.h>

namespace tally::inspector {
namespace {

using namespace std::string_literals;

// Python: zlib.compressobj(wbits=-15), compress(b"abc" * 10), flush().
const std::string kDeflated = "KLJN\xc4\x8d\x00"s;
const std::string kInflated = "abcabcabcabcabcabcabcabcabcabc";

std::string refusal(const std::string& deflated, std::size_t bytes) {
  const Result<std::string> inflated = inflate(deflated, bytes);
  return inflated ? "" : inflated.error().message;
}

TEST(Inflate, GivesWhatPythonCompressed) { EXPECT_EQ(*inflate(kDeflated, 30), kInflated); }

TEST(Inflate, RefusesAnotherLengthThanStated) {
  EXPECT_EQ(refusal(kDeflated, 29), "it decompresses to more bytes than it states");
  EXPECT_EQ(refusal(kDeflated, 31), "it decompresses to fewer bytes than it states");
}

TEST(Inflate, RefusesWhatEndsEarlyOrLate) {
  EXPECT_EQ(refusal(kDeflated.substr(0, 3), 30), "its compressed bytes end early");
  EXPECT_EQ(refusal("", 30), "its compressed bytes end early");
  EXPECT_EQ(refusal(kDeflated + "x", 30), "bytes follow the end of its compressed ones");
}

// RFC 1951, section 3.2.3: block type 3 is reserved.
TEST(Inflate, RefusesDamagedBytes) {
  EXPECT_EQ(refusal("\xff\xff\xff", 30), "its compressed bytes are damaged");
}

// The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
TEST(Crc32, IsTheOneOfZipArchives) { EXPECT_EQ(crc32_of("123456789"), 0xcbf43926u); }

}  // namespace
}  // namespace tally::inspector
