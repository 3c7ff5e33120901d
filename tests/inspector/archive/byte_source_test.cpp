#include <gtest/gtest.h>
#include <inspector/archive/byte_source.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tally::inspector {
namespace {

class FileSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "file_source_XXXXXX";
    const int descriptor = ::mkstemp(path_.data());
    ASSERT_GE(descriptor, 0);
    ::close(descriptor);
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

  std::string path_;
};

TEST(MemorySource, GivesRangesAndNothingOutside) {
  const MemorySource source("abcdef");
  EXPECT_EQ(source.size(), 6);
  EXPECT_EQ(*source.read(0, 6), "abcdef");
  EXPECT_EQ(*source.read(2, 3), "cde");
  EXPECT_EQ(*source.read(6, 0), "");
  for (const auto& [offset, bytes] : {std::pair<std::int64_t, std::int64_t>{-1, 1},
                                      {0, 7},
                                      {6, 1},
                                      {7, 0},
                                      {0, -1},
                                      {1, INT64_MAX},
                                      {INT64_MAX, INT64_MAX}})
    EXPECT_FALSE(source.read(offset, bytes)) << offset << " " << bytes;
}

TEST_F(FileSourceTest, GivesRangesOfAFile) {
  write("abcdef");
  const Result<FileSource> source = FileSource::open(path_);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->size(), 6);
  EXPECT_EQ(*source->read(1, 4), "bcde");
  EXPECT_FALSE(source->read(1, 6));
}

// A mapped file would end the process by SIGBUS.
TEST_F(FileSourceTest, TellsThatAFileWasCutShort) {
  write(std::string(100'000, 'x'));
  const Result<FileSource> source = FileSource::open(path_);
  ASSERT_TRUE(source);
  std::filesystem::resize_file(path_, 5'000);
  EXPECT_TRUE(source->read(0, 5'000));
  const Result<std::string> gone = source->read(4'000, 2'000);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message,
            "byte 4000 and those behind it cannot be read: the file changed, or its disk failed");
}

TEST_F(FileSourceTest, ReadsASmallFileWhole) {
  write("abcdef");
  const Result<FileSource> source = FileSource::open(path_);
  ASSERT_TRUE(source);
  std::filesystem::resize_file(path_, 2);
  EXPECT_EQ(*source->read(0, 6), "abcdef");
}

TEST_F(FileSourceTest, KeepsItsDescriptorWhenMoved) {
  write("abc");
  Result<FileSource> source = FileSource::open(path_);
  ASSERT_TRUE(source);
  const FileSource moved(std::move(*source));
  EXPECT_EQ(*moved.read(0, 3), "abc");
}

TEST_F(FileSourceTest, TakesNoDescriptorOfWhatIsNoFile) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Result<FileSource> source = FileSource::take(ends[0]);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message, "is not a regular file (a pipe or a device)");
  EXPECT_EQ(::close(ends[0]), -1);  // it has been closed
  ::close(ends[1]);
}

TEST_F(FileSourceTest, RefusesAnEmptyFile) {
  EXPECT_EQ(open_model_file(path_).error().code, ErrorCode::kNotAModel);
}

}  // namespace
}  // namespace tally::inspector
