#include <gtest/gtest.h>
#include <inspector/archive/archive_reader.h>
#include <inspector/archive/inflate.h>
#include <tests/inspector/archive/zip_builder.h>

namespace tally::inspector {
namespace {

using namespace std::string_literals;
using test::record;
using test::u16;
using test::Zip;
using test::ZipRecord;

constexpr std::int64_t kMost = 1000;

/// A record with its true CRC-32.
ZipRecord checked(std::string name, std::string stored) {
  ZipRecord r = record(std::move(name), std::move(stored));
  r.crc32 = crc32_of(r.stored);
  return r;
}

/// "abc" ten times, as Python's zlib compresses it.
ZipRecord deflated(std::string name) {
  ZipRecord r = record(std::move(name), "KLJN\xc4\x8d\x00"s);
  r.method = kDeflated;
  r.stated_bytes = 30;
  r.crc32 = crc32_of("abcabcabcabcabcabcabcabcabcabc");
  return r;
}

std::string zipped(std::vector<ZipRecord> records) {
  return Zip{std::move(records), "", false, {}, {}, {}, {}}.bytes();
}

std::string open_refusal(const std::string& file) {
  const MemorySource source(file);
  const Result<ArchiveReader> archive = ArchiveReader::open(source);
  return archive ? "" : archive.error().message;
}

/// What reading `record` of `file` gives: its bytes, or "refused: " and why.
std::string read(const std::string& file, const std::string& record, std::int64_t most = kMost) {
  const MemorySource source(file);
  Result<ArchiveReader> archive = ArchiveReader::open(source);
  EXPECT_TRUE(archive) << archive.error().message;
  if (!archive) return "";
  const Result<std::string_view> bytes = archive->read(record, most);
  return bytes ? std::string(*bytes) : "refused: " + bytes.error().message;
}

/// Counts how often it is asked for bytes.
class CountingSource : public ByteSource {
 public:
  explicit CountingSource(std::string bytes) : bytes_(std::move(bytes)) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  int reads() const { return reads_; }

 protected:
  bool fill(std::int64_t offset, char* into, std::size_t bytes) const override {
    ++reads_;
    bytes_.copy(into, bytes, static_cast<std::size_t>(offset));
    return true;
  }

 private:
  std::string bytes_;
  mutable int reads_ = 0;
};

TEST(ArchiveReader, ReadsARecordOnce) {
  const CountingSource source(zipped({checked("a/x", "12345")}));
  Result<ArchiveReader> archive = ArchiveReader::open(source);
  ASSERT_TRUE(archive);
  const auto first = archive->read("x", kMost);
  const int reads = source.reads();
  const auto second = archive->read("x", kMost);
  EXPECT_EQ(source.reads(), reads);
  EXPECT_EQ(*second, "12345");
  EXPECT_EQ(second->data(), first->data());
  EXPECT_FALSE(archive->read("x", 4)) << "the limit holds for what was read as well";
}

TEST(ArchiveReader, ReadsStoredAndDeflatedRecords) {
  const std::string file = zipped({checked("a/x", "12345"), deflated("a/y"), checked("a/z", "")});
  EXPECT_EQ(read(file, "x"), "12345");
  EXPECT_EQ(read(file, "y"), "abcabcabcabcabcabcabcabcabcabc");
  EXPECT_EQ(read(file, "z"), "");
  EXPECT_EQ(read(file, "w"), "refused: record w is missing");
}

TEST(ArchiveReader, NamesRecordsBelowTheCommonFolder) {
  const std::string in_folder = zipped({checked("a/x", "1"), checked("a/b/y", "2")});
  MemorySource source(in_folder);
  Result<ArchiveReader> archive = ArchiveReader::open(source);
  ASSERT_TRUE(archive);
  EXPECT_TRUE(archive->has_root_folder());
  EXPECT_TRUE(archive->has("x"));
  EXPECT_TRUE(archive->has("b/y"));
  const std::string bare = zipped({checked("a/x", "1"), checked("b/y", "2")});
  MemorySource other(bare);
  archive = ArchiveReader::open(other);
  ASSERT_TRUE(archive);
  EXPECT_FALSE(archive->has_root_folder());
  EXPECT_TRUE(archive->has("a/x"));
}

TEST(ArchiveReader, ChecksTheCrc32) {
  ZipRecord wrong = checked("a/x", "12345");
  wrong.crc32 += 1;
  EXPECT_EQ(read(zipped({wrong}), "x"), "refused: record x: its CRC-32 does not match");
}

// torch.serialization.set_crc32_options(False): 0 for every record.
TEST(ArchiveReader, ReadsArchivesWithoutAnyCrc32) {
  EXPECT_EQ(read(zipped({record("a/x", "12345"), record("a/y", "678")}), "x"), "12345");
  EXPECT_EQ(read(zipped({record("a/x", "12345"), checked("a/y", "678")}), "x"),
            "refused: record x: its CRC-32 does not match");
}

TEST(ArchiveReader, RefusesARecordAboveTheLimitBeforeReadingIt) {
  EXPECT_EQ(read(zipped({deflated("a/y")}), "y", 29),
            "refused: record y states 30 bytes, more than the limit of 29");
  EXPECT_EQ(read(zipped({deflated("a/y")}), "y", 30), "abcabcabcabcabcabcabcabcabcabc");
}

TEST(ArchiveReader, RefusesALocalHeaderThatSaysSomethingElse) {
  const std::string file = zipped({checked("a/x", "12345")});
  const std::string said =
      "refused: record a/x: the header in front of it says something else than the ZIP directory";
  // Fields of a local file header: PKWARE APPNOTE.TXT, section 4.3.7.
  for (const std::size_t at : {0, 8, 14, 18, 22, 26, 30}) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(read(changed, "x"), said) << at;
  }
}

// As PyTorch writes: bit 3, sizes and CRC-32 zero in front and told behind.
TEST(ArchiveReader, LetsSizesFollowTheRecord) {
  std::string file = zipped({checked("a/x", "12345")});
  const std::string zeros(12, '\0');
  file.replace(14, 12, zeros);
  EXPECT_NE(read(file, "x"), "12345");
  file[6] = 8;
  EXPECT_EQ(read(file, "x"), "12345");
}

TEST(ArchiveReader, TakesThePayloadsPlaceFromTheLocalHeader) {
  // An extra field of 4 bytes in front of the payload, as PyTorch pads to 64 bytes.
  ZipRecord padded = checked("a/x", "12345");
  padded.stored =
      "FB\0\0"
      "12345"s;
  padded.stated_bytes = padded.stated_stored = 5;
  std::string file = zipped({padded, checked("a/y", "678")});
  file.replace(28, 2, u16(4));
  EXPECT_EQ(read(file, "x"), "12345");
  file.replace(28, 2, u16(5));  // its last byte would be the next header's first
  EXPECT_EQ(read(file, "x"), "refused: record a/x overlaps what follows it");
}

TEST(ArchiveReader, RefusesBytesThatDoNotDecompress) {
  ZipRecord damaged = deflated("a/y");
  damaged.stored[0] = '\xff';
  EXPECT_EQ(read(zipped({damaged}), "y"),
            "refused: record y cannot be read: its compressed bytes are damaged");
}

TEST(ArchiveReader, RefusesNamesThatPyTorchCannotTellApart) {
  EXPECT_EQ(open_refusal(zipped({record("a/x.pkl", ""), record("a/X.pkl", "")})),
            "records a/x.pkl and a/X.pkl differ in case only: PyTorch takes one for the other");
  EXPECT_EQ(open_refusal(zipped({record("a/" + std::string(509, 'x'), "")})), "");
  EXPECT_EQ(open_refusal(zipped({record("a/" + std::string(510, 'x'), "")})),
            "a record's name has 512 bytes; PyTorch reads 511");
}

TEST(ArchiveReader, RefusesAnEmptyArchive) {
  EXPECT_EQ(open_refusal(zipped({})), "the ZIP archive is empty");
}

}  // namespace
}  // namespace tally::inspector
