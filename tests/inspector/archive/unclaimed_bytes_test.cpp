#include <gtest/gtest.h>
#include <inspector/archive/unclaimed_bytes.h>
#include <tests/inspector/archive/zip_builder.h>

namespace tally::inspector {
namespace {

using namespace std::string_literals;
using test::record;
using test::u16;
using test::u32;
using test::u64;
using test::Zip;
using test::ZipRecord;

std::string archive_of(std::vector<ZipRecord> records) {
  return Zip{std::move(records), "", false, {}, {}, {}, {}}.bytes();
}

UnclaimedBytes of_file(const std::string& file) {
  const MemorySource source(file);
  const Result<ArchiveReader> archive = ArchiveReader::open(source);
  EXPECT_TRUE(archive) << archive.error().message;
  const Result<UnclaimedBytes> found = unclaimed_bytes(*archive);
  EXPECT_TRUE(found) << found.error().message;
  return *found;
}

UnclaimedBytes of(std::vector<ZipRecord> records) {
  return of_file(archive_of(std::move(records)));
}

ZipRecord with_extra(std::string extra) {
  ZipRecord r = record("m/x", "12345");
  r.local_extra = std::move(extra);
  return r;
}

ZipRecord followed_by(std::string bytes) {
  ZipRecord r = record("m/x", "12345");
  r.behind = std::move(bytes);
  return r;
}

TEST(UnclaimedBytes, AreNoneWhereRecordsFollowEachOther) {
  EXPECT_EQ(of({record("m/x", "12345"), record("m/y", ""), record("m/z", "1")}).bytes, 0);
}

TEST(UnclaimedBytes, AreNotWhatWritersPutThere) {
  EXPECT_EQ(of({with_extra("FB" + u16(40) + std::string(40, 'Z')), record("m/y", "1")}).bytes, 0);
  EXPECT_EQ(of({with_extra(u16(1) + u16(16) + u64(5) + u64(5))}).bytes, 0) << "ZIP64";
  EXPECT_EQ(of({with_extra("UT" + u16(5) + "\x01"s + u32(7))}).bytes, 0) << "a time";
  const std::string descriptor = "PK\x07\x08" + u32(0) + u32(5) + u32(5);
  EXPECT_EQ(of({followed_by(descriptor), record("m/y", "1")}).bytes, 0);
  EXPECT_EQ(of({followed_by(descriptor)}).bytes, 0) << "in front of the directory";
  EXPECT_EQ(of({followed_by("PK\x07\x08" + u32(0) + u64(5) + u64(5)), record("m/y", "1")}).bytes,
            0);
}

TEST(UnclaimedBytes, LieBetweenRecordsAndInFrontOfTheDirectory) {
  // A header of 30 bytes, a name of 3, a payload of 5: what follows begins at byte 38.
  const UnclaimedBytes between = of({followed_by("hidden!"), record("m/y", "1")});
  EXPECT_EQ(between.bytes, 7);
  EXPECT_EQ(between.first, 38);
  EXPECT_EQ(of({followed_by("hidden!")}).bytes, 7);
  EXPECT_EQ(of({followed_by(std::string(5000, 'h')), record("m/y", "1")}).bytes, 5000);
  EXPECT_EQ(of({followed_by(std::string(16, 'h')), record("m/y", "1")}).bytes, 16)
      << "as long as a data descriptor, and none";
  ZipRecord second = followed_by("a");
  second.name = "m/y";
  EXPECT_EQ(of({followed_by("a"), second}).bytes, 1 + 1) << "in two places";
}

TEST(UnclaimedBytes, LieInExtraFields) {
  // The field begins behind 30 + 3 bytes of header.
  const UnclaimedBytes other_letters =
      of({with_extra("FB" + u16(40) + std::string(39, 'Z') + "A"), record("m/y", "1")});
  EXPECT_EQ(other_letters.bytes, 40);
  EXPECT_EQ(other_letters.first, 33);
  EXPECT_EQ(of({with_extra("xy" + u16(6) + "hidden")}).bytes, 6) << "a field that nobody knows";
  EXPECT_EQ(of({with_extra(u16(1) + u16(33) + std::string(33, '\0'))}).bytes, 33)
      << "longer than a ZIP64 field can be";
  EXPECT_EQ(of({with_extra("abc")}).bytes, 3) << "no field at all";
  EXPECT_EQ(of({with_extra("FB" + u16(3000) + std::string(3000, 'h'))}).bytes, 3000);
}

TEST(UnclaimedBytes, AreSearchedWhereALocalHeaderStatesMoreThanFits) {
  constexpr std::size_t kExtraBytesAt = 28;
  for (const std::uint16_t stated : {6, 200, 0xffff}) {
    std::string file = archive_of({record("m/x", "123"), record("m/y", "1")});
    file.replace(kExtraBytesAt, 2, u16(stated));
    // What is called extra ends where the next header begins: the payload, too short for a field.
    EXPECT_EQ(of_file(file).bytes, 3) << stated;
    EXPECT_EQ(of_file(file).first, 33) << stated;
  }
}

/// Keeps which offsets were said to be read soon.
class ExpectedSource : public MemorySource {
 public:
  using MemorySource::MemorySource;
  void expect(std::int64_t offset, std::int64_t) const override { offsets.push_back(offset); }
  mutable std::vector<std::int64_t> offsets;
};

// One wait for all headers: a disk that is cold, or a server, answers each after a while. Those of
// small records come with one read; 24 bytes in front may be the descriptor of the record before.
TEST(UnclaimedBytes, AnnounceTheHeadersBeforeTheyReadThem) {
  const std::string file =
      archive_of({record("m/a", "1"), record("m/b", ""), record("m/c", std::string(10'000, 'w')),
                  record("m/d", "1"), record("m/e", "1")});
  const ExpectedSource source(file);
  const Result<ArchiveReader> archive = ArchiveReader::open(source);
  ASSERT_TRUE(archive) << archive.error().message;
  ASSERT_TRUE(unclaimed_bytes(*archive));
  const std::int64_t header = 30 + 3, behind_weights = (header + 1) + header + (header + 10'000);
  EXPECT_EQ(source.offsets, (std::vector<std::int64_t>{0, behind_weights - 24}));
}

// 3,000 empty records: their headers fill more than one read.
TEST(UnclaimedBytes, LieBetweenManySmallRecordsToo) {
  std::vector<ZipRecord> records;
  for (int i = 0; i < 3'000; ++i) {
    ZipRecord r = record("m/" + std::to_string(10'000 + i), "");
    r.behind = i % 2 == 0 ? "hide" : "";
    records.push_back(std::move(r));
  }
  EXPECT_EQ(of(records).bytes, 1'500 * 4);
}

}  // namespace
}  // namespace tally::inspector
