#include <gtest/gtest.h>
#include <inspector/archive/cut_archive.h>
#include <tests/run_torchtally.h>

namespace tally::inspector {
namespace {

std::string whole(const std::string& file) { return whole_records(MemorySource(file)); }

/// What PyTorch 2.11 wrote: its records begin with data/0, data/1, data/2 and data.pkl.
std::string sample() {
  return tests::read_file(TORCHTALLY_SOURCE_DIR "/tests/versions/2.11.0/mlp_scripted.pt");
}

TEST(CutArchive, CountsTheRecordsThatAreWhole) {
  const std::string file = sample();
  EXPECT_EQ(whole(file.substr(0, 10)), "no record is whole");
  // Each record is there as soon as what stands behind its payload is, its sizes.
  const std::size_t second = file.find("PK\x03\x04", 1),
                    third = file.find("PK\x03\x04", second + 1);
  EXPECT_EQ(whole(file.substr(0, second - 1)), "no record is whole");
  EXPECT_EQ(whole(file.substr(0, second)), "one record is whole: mlp_scripted/data/0");
  EXPECT_EQ(whole(file.substr(0, third - 1)), "one record is whole: mlp_scripted/data/0");
  EXPECT_EQ(whole(file.substr(0, third)), "2 records are whole, the last is mlp_scripted/data/1");
}

TEST(CutArchive, CountsAllWhereOnlyTheDirectoryIsMissing) {
  const std::string file = sample();
  std::size_t records = 0;
  for (std::size_t at = 0; (at = file.find("PK\x01\x02", at)) != std::string::npos; ++at) ++records;
  const std::string said = whole(file.substr(0, file.find("PK\x01\x02")));
  EXPECT_EQ(said.find(std::to_string(records) + " records are whole"), 0u) << said;
}

TEST(CutArchive, ReadsSizesInFrontOfThePayload) {
  // As zip(1) writes: the size, 3, in the header.
  const std::string record(
      "PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\3\0\0\0\1\0\0\0"
      "axyz",
      34);
  EXPECT_EQ(whole(record + record + record.substr(0, 33)), "2 records are whole, the last is a");
}

TEST(CutArchive, HoldsForAnyBytes) {
  EXPECT_EQ(whole(""), "no record is whole");
  EXPECT_EQ(whole(std::string(100, 'x')), "no record is whole");
  const std::string file = sample();
  for (std::size_t n = 0; n < file.size(); ++n) EXPECT_FALSE(whole(file.substr(0, n)).empty());
}

}  // namespace
}  // namespace tally::inspector
