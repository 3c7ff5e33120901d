#include <gtest/gtest.h>
#include <inspector/archive/zip_directory.h>
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

/// What is said of a refused archive; "" where it is read.
std::string refusal(std::string_view file) {
  const Result<ZipDirectory> directory = read_zip_directory(file);
  if (directory) return "";
  EXPECT_EQ(directory.error().code, ErrorCode::kMalformed);
  EXPECT_FALSE(directory.error().hint.empty());
  return directory.error().message;
}
std::string refusal(const Zip& zip) { return refusal(zip.bytes()); }

ZipDirectory read(const std::string& file) {
  Result<ZipDirectory> directory = read_zip_directory(file);
  EXPECT_TRUE(directory) << directory.error().message;
  return directory ? *directory : ZipDirectory{};
}

Zip two_records() {
  return {{record("a/x", "12345"), record("a/y", "678")}, "", false, {}, {}, {}, {}};
}

// Written by Python's zipfile: ZipInfo(date_time=(1980, 1, 1, 0, 0, 0)), a/version stored ("3\n"),
// a/data.pkl deflated
// ("abc" ten times), the comment "a comment". Its infolist() and start_dir gave the figures
// expected below.
const std::string kPythonZip =
    "PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00!\x00\xd1\x9egU\x02\x00\x00\x00\x02\x00\x00\x00"
    "\x09\x00\x00\x00\x61/version3\x0aPK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00!\x00\x81\xfc"
    "\xb1H\x07\x00\x00\x00\x1e\x00\x00\x00\x0a\x00\x00\x00\x61/data.pklKLJN\xc4\x8d\x00PK\x01"
    "\x02\x14\x03\x14\x00\x00\x00\x00\x00\x00\x00!\x00\xd1\x9egU\x02\x00\x00\x00\x02\x00\x00"
    "\x00\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00\x61/versionPK"
    "\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00\x00\x00!\x00\x81\xfc\xb1H\x07\x00\x00\x00\x1e\x00"
    "\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01)\x00\x00\x00\x61/data.pkl"
    "PK\x05\x06\x00\x00\x00\x00\x02\x00\x02\x00o\x00\x00\x00X\x00\x00\x00\x09\x00\x61 comment"s;

TEST(ZipDirectory, ReadsWhatPythonWrote) {
  ASSERT_EQ(kPythonZip.size(), 230u);
  const ZipDirectory directory = read(kPythonZip);
  ASSERT_EQ(directory.entries.size(), 2u);
  EXPECT_EQ(directory.directory_offset, 88);
  const ZipEntry& version = directory.entries[0];
  EXPECT_EQ(version.name, "a/version");
  EXPECT_EQ(version.bytes, 2);
  EXPECT_EQ(version.stored_bytes, 2);
  EXPECT_EQ(version.header_offset, 0);
  EXPECT_EQ(version.crc32, 0x55679ed1u);
  EXPECT_EQ(version.method, 0);
  const ZipEntry& data = directory.entries[1];
  EXPECT_EQ(data.name, "a/data.pkl");
  EXPECT_EQ(data.bytes, 30);
  EXPECT_EQ(data.stored_bytes, 7);
  EXPECT_EQ(data.header_offset, 41);
  EXPECT_EQ(data.crc32, 0x48b1fc81u);
  EXPECT_EQ(data.method, 8);
}

TEST(ZipDirectory, ReadsZip64) {
  Zip zip = two_records();
  zip.zip64 = true;
  for (ZipRecord& r : zip.records) r.zip64 = true;
  zip.records[1].method = 8;
  zip.records[1].stated_bytes = 1000;
  const ZipDirectory directory = read(zip.bytes());
  ASSERT_EQ(directory.entries.size(), 2u);
  EXPECT_EQ(directory.entries[1].name, "a/y");
  EXPECT_EQ(directory.entries[1].bytes, 1000);
  EXPECT_EQ(directory.entries[1].stored_bytes, 3);
  EXPECT_EQ(directory.entries[1].header_offset, 30 + 3 + 5);
  EXPECT_EQ(directory.directory_offset, (30 + 3 + 5) + (30 + 3 + 3));
}

TEST(ZipDirectory, FindsTheZip64FieldBehindOtherFields) {
  Zip zip = two_records();
  // Only the size does not fit 32 bits, so the field holds only the size; a field of another kind
  // comes first.
  zip.records[1].method = 8;
  zip.records[1].stated_bytes = 0xffffffff;
  zip.records[1].extra = u16(0x5455) + u16(3) + "xyz" + u16(1) + u16(8) + u64(0x100000000);
  EXPECT_EQ(read(zip.bytes()).entries[1].bytes, 0x100000000);
}

TEST(ZipDirectory, RefusesAMissingZip64Field) {
  Zip zip = two_records();
  zip.records[0].stated_offset = 0xffffffff;
  EXPECT_EQ(refusal(zip), "record a/x: its 64-bit sizes are missing");
  zip.records[0].extra = u16(1) + u16(4) + u32(0);  // too short for a number
  EXPECT_EQ(refusal(zip), "record a/x: its 64-bit sizes are missing");
}

TEST(ZipDirectory, ReadsBehindAComment) {
  Zip zip = two_records();
  zip.comment = std::string(0xffff, 'c');
  EXPECT_EQ(read(zip.bytes()).entries.size(), 2u);
}

TEST(ZipDirectory, ReadsCommentsOfEntries) {
  Zip zip = two_records();
  zip.records[0].comment = "about x";
  EXPECT_EQ(read(zip.bytes()).entries[1].name, "a/y");
}

TEST(ZipDirectory, ReadsAnEmptyArchive) { EXPECT_TRUE(read(Zip{}.bytes()).entries.empty()); }

TEST(ZipDirectory, ReadsEmptyRecords) {
  EXPECT_EQ(read(Zip{{record("a/", "")}, "", false, {}, {}, {}, {}}.bytes()).entries[0].bytes, 0);
}

TEST(ZipDirectory, KeepsTheOrderOfTheDirectory) {
  Zip zip = two_records();
  // x lies where y's header is and the other way round: the directory lists the later record first.
  zip.records[0].stated_offset = 30 + 3 + 5;
  zip.records[0].stated_stored = zip.records[0].stated_bytes = 3;
  zip.records[1].stated_offset = 0;
  zip.records[1].stated_stored = zip.records[1].stated_bytes = 5;
  const ZipDirectory directory = read(zip.bytes());
  EXPECT_EQ(directory.entries[0].name, "a/x");
  EXPECT_EQ(directory.entries[0].header_offset, 38);
}

TEST(ZipDirectory, RefusesTwoRecordsOfOneName) {
  EXPECT_EQ(refusal(Zip{{record("a/x", "1"), record("a/x", "2")}, "", false, {}, {}, {}, {}}),
            "two records have the name a/x");
}

TEST(ZipDirectory, RefusesRecordsThatOverlap) {
  Zip zip = two_records();
  zip.records[0].stated_stored = zip.records[0].stated_bytes = 6;  // one byte into y's header
  EXPECT_EQ(refusal(zip), "record a/x overlaps record a/y");
}

TEST(ZipDirectory, RefusesRecordsInOnePlace) {
  Zip zip = two_records();
  zip.records[1].stated_offset = 0;
  EXPECT_NE(refusal(zip).find("overlaps record"), std::string::npos);
}

TEST(ZipDirectory, RefusesARecordThatOverlapsTheDirectory) {
  Zip zip = two_records();
  zip.records[1].stated_stored = zip.records[1].stated_bytes = 4;
  EXPECT_EQ(refusal(zip), "record a/y overlaps the ZIP directory");
}

TEST(ZipDirectory, RefusesAHeaderInsideTheDirectory) {
  Zip zip = two_records();
  zip.records[1].stated_offset = 75;  // the directory starts at 74
  EXPECT_EQ(refusal(zip), "record a/y reaches past the end of the file");
}

TEST(ZipDirectory, RefusesARecordLargerThanTheFile) {
  Zip zip = two_records();
  zip.records[0].stated_stored = zip.records[0].stated_bytes = 1000;
  EXPECT_EQ(refusal(zip), "record a/x reaches past the end of the file");
}

TEST(ZipDirectory, RefusesSizesOf64BitsWithoutWrapping) {
  Zip zip = two_records();
  zip.records[0].zip64 = true;
  zip.records[0].method = 8;
  for (const std::uint64_t huge : {std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    zip.records[0].stated_bytes = huge;
    EXPECT_EQ(refusal(zip), "record a/x reaches past the end of the file") << huge;
  }
  zip.records[0].stated_bytes.reset();
  zip.records[0].stated_stored = ~std::uint64_t{0} - 10;
  EXPECT_EQ(refusal(zip), "record a/x reaches past the end of the file");
  zip.records[0].stated_stored.reset();
  zip.records[0].stated_offset = ~std::uint64_t{0} - 10;
  EXPECT_EQ(refusal(zip), "record a/x reaches past the end of the file");
}

TEST(ZipDirectory, RefusesAStoredRecordOfTwoSizes) {
  Zip zip = two_records();
  zip.records[1].stated_bytes = 4;
  EXPECT_EQ(refusal(zip), "record a/y is stored as it is, yet its two sizes differ: 4 and 3 bytes");
  zip.records[1].stated_bytes = 2;
  EXPECT_EQ(refusal(zip), "record a/y is stored as it is, yet its two sizes differ: 2 and 3 bytes");
}

TEST(ZipDirectory, RefusesOtherCompression) {
  Zip zip = two_records();
  zip.records[1].method = 12;  // bzip2
  EXPECT_EQ(refusal(zip),
            "record a/y is compressed by method 12; PyTorch reads stored and deflated ones");
}

/// A file of `size` zeros that ends in `tail`.
class ZerosAndTail : public ByteSource {
 public:
  ZerosAndTail(std::int64_t size, std::string tail) : size_(size), tail_(std::move(tail)) {}
  std::int64_t size() const override { return size_; }

 protected:
  bool fill(std::int64_t offset, char* into, std::size_t bytes) const override {
    const std::int64_t tail_at = size_ - static_cast<std::int64_t>(tail_.size());
    for (std::size_t i = 0; i < bytes; ++i, ++offset)
      into[i] = offset < tail_at ? '\0' : tail_[static_cast<std::size_t>(offset - tail_at)];
    return true;
  }

 private:
  std::int64_t size_;
  std::string tail_;
};

// Read as it is, it would be more than the memory that a file may take.
TEST(ZipDirectory, RefusesADirectoryOfMoreThan256Mebibytes) {
  constexpr std::int64_t kBytes = (std::int64_t{256} << 20) + 1;
  const std::string end =
      "PK\x05\x06" + u16(0) + u16(0) + u16(1) + u16(1) + u32(kBytes) + u32(0) + u16(0);
  const Result<ZipDirectory> directory =
      read_zip_directory(ZerosAndTail(kBytes + static_cast<std::int64_t>(end.size()), end));
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().message, "the ZIP directory states 1 records in 268435457 bytes");
}

TEST(ZipDirectory, RefusesEncryptedRecords) {
  Zip zip = two_records();
  zip.records[1].flags = 1;
  EXPECT_EQ(refusal(zip), "record a/y is encrypted");
}

TEST(ZipDirectory, RefusesACountThatNoDirectoryOfItsSizeHolds) {
  Zip zip = two_records();
  zip.stated_entries = 3;  // 2 entries of 46 bytes and 3 letters: room for two
  EXPECT_EQ(refusal(zip), "the ZIP directory states 3 records in 98 bytes");
  zip.zip64 = true;
  zip.stated_entries = ~std::uint64_t{0};
  EXPECT_EQ(refusal(zip), "the ZIP directory states 18446744073709551615 records in 98 bytes");
}

TEST(ZipDirectory, RefusesEntriesThatItsCountLeavesOut) {
  Zip zip = two_records();
  zip.stated_entries = 1;
  EXPECT_EQ(refusal(zip), "the ZIP directory holds more than the 1 records that it states");
  zip.stated_entries = 0;
  EXPECT_EQ(refusal(zip), "the ZIP directory holds more than the 0 records that it states");
}

TEST(ZipDirectory, RefusesADirectoryOutsideTheFile) {
  Zip zip = two_records();
  zip.stated_directory_offset = 100'000;
  EXPECT_EQ(refusal(zip), "the ZIP directory reaches past the end of the file");
  zip.stated_directory_offset.reset();
  zip.stated_directory_bytes = 100'000;
  EXPECT_EQ(refusal(zip), "the ZIP directory reaches past the end of the file");
  zip.zip64 = true;
  zip.stated_directory_bytes = ~std::uint64_t{0};  // offset + bytes would wrap
  EXPECT_EQ(refusal(zip), "the ZIP directory reaches past the end of the file");
}

TEST(ZipDirectory, RefusesADirectoryThatStartsElsewhere) {
  Zip zip = two_records();
  zip.stated_directory_offset = 73;
  EXPECT_EQ(refusal(zip), "entry 0 of the ZIP directory is damaged");
}

TEST(ZipDirectory, RefusesAnEntryWhoseNameReachesPastTheDirectory) {
  std::string file = two_records().bytes();
  const std::size_t second = file.rfind("PK\x01\x02");
  file[second + 28] = 4;  // the name's length: 3 letters are left
  EXPECT_EQ(refusal(file), "entry 1 of the ZIP directory reaches past its end");
}

TEST(ZipDirectory, RefusesAZip64EndRecordElsewhere) {
  Zip zip = two_records();
  zip.zip64 = true;
  for (const std::uint64_t place :
       {std::uint64_t{0}, std::uint64_t{1'000'000}, ~std::uint64_t{0}}) {
    zip.stated_end64 = place;
    EXPECT_EQ(refusal(zip), "the ZIP64 end record is not where the archive says") << place;
  }
}

TEST(ZipDirectory, RefusesAFileWithoutADirectory) {
  const std::string expected =
      "a ZIP archive without a directory at its end: the file was cut short";
  EXPECT_EQ(refusal(""), expected);
  EXPECT_EQ(refusal("PK\x03\x04"), expected);
  EXPECT_EQ(refusal("PK\x05\x06 and too little"), expected);
  EXPECT_EQ(refusal(std::string(100'000, 'x')), expected);
}

TEST(ZipDirectory, TellsArchivesBehindEachOther) {
  Zip zip = two_records();
  zip.zip64 = true;
  const std::string one = zip.bytes();
  zip.records[0] = record("a/x", "12345 and more");
  const std::string larger = zip.bytes();
  for (const std::string& file : {one + one, one + larger, larger + one, larger + one + one}) {
    const Result<ZipDirectory> directory = read_zip_directory(file);
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, ErrorCode::kNotAModel);
    EXPECT_EQ(directory.error().message.find("is several ZIP archives one behind the other"), 0u)
        << directory.error().message;
  }
}

TEST(ZipDirectory, RefusesEveryTruncation) {
  Zip zip64 = two_records();
  zip64.zip64 = zip64.records[0].zip64 = true;
  for (const std::string& file : {two_records().bytes(), zip64.bytes()}) {
    for (std::size_t n = 0; n < file.size(); ++n) {
      EXPECT_NE(refusal(file.substr(0, n)), "") << n << " of " << file.size() << " bytes";
    }
  }
}

// A changed byte gives an Error or a directory whose records lie in the file without overlap, and
// never a crash.
TEST(ZipDirectory, HoldsWhateverAByteIsChangedTo) {
  Zip zip = two_records();
  zip.zip64 = zip.records[1].zip64 = true;
  const std::string file = zip.bytes();
  for (std::size_t i = 0; i < file.size(); ++i) {
    for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string changed = file;
      changed[i] = static_cast<char>(value);
      const Result<ZipDirectory> directory = read_zip_directory(changed);
      if (!directory) continue;
      std::int64_t used = 0;
      for (const ZipEntry& e : directory->entries) {
        EXPECT_GE(e.header_offset, 0);
        EXPECT_GE(e.bytes, 0);
        EXPECT_LE(e.header_offset + 30 + static_cast<std::int64_t>(e.name.size()) + e.stored_bytes,
                  directory->directory_offset);
        used += 30 + static_cast<std::int64_t>(e.name.size()) + e.stored_bytes;
      }
      EXPECT_LE(used, directory->directory_offset);
    }
  }
}

}  // namespace
}  // namespace tally::inspector
