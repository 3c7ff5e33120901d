#include <gtest/gtest.h>
#include <inspector/archive/mapped_file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tally::inspector {
namespace {

class MappedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "mapped_file_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  static Error refusal(const std::string& path) {
    const Result<MappedFile> file = MappedFile::open(path);
    return file ? Error{} : file.error();
  }

  std::string folder_;
};

TEST_F(MappedFileTest, ShowsTheBytesOfAFile) {
  const std::string bytes("a\0b\nc", 5);
  const Result<MappedFile> file = MappedFile::open(write("f", bytes));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->bytes(), bytes);
}

TEST_F(MappedFileTest, StaysMappedWhenMoved) {
  Result<MappedFile> file = MappedFile::open(write("f", "bytes"));
  Result<MappedFile> other = MappedFile::open(write("g", "others"));
  ASSERT_TRUE(file && other);
  MappedFile moved(std::move(*file));
  EXPECT_EQ(moved.bytes(), "bytes");
  *other = std::move(moved);
  EXPECT_EQ(other->bytes(), "bytes");
}

TEST_F(MappedFileTest, StaysMappedWhenTheFileIsDeleted) {
  const std::string f = write("f", "bytes");
  const Result<MappedFile> file = MappedFile::open(f);
  ASSERT_TRUE(file);
  std::filesystem::remove(f);
  EXPECT_EQ(file->bytes(), "bytes");
}

TEST_F(MappedFileTest, RefusesAMissingFile) {
  const Error error = refusal(path("none"));
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "no such file");
}

TEST_F(MappedFileTest, RefusesAFolder) {
  const Error error = refusal(folder_);
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "is a folder; a model file was expected");
}

TEST_F(MappedFileTest, RefusesAnEmptyFile) {
  const Error error = refusal(write("f", ""));
  EXPECT_EQ(error.code, ErrorCode::kNotAModel);
  EXPECT_EQ(error.message, "the file is empty");
}

TEST_F(MappedFileTest, RefusesANamedPipeWithoutWaitingForIt) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const Error error = refusal(path("pipe"));
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "is not a regular file (a pipe or a device)");
}

TEST_F(MappedFileTest, RefusesADevice) {
  EXPECT_EQ(refusal("/dev/null").message, "is not a regular file (a pipe or a device)");
}

TEST_F(MappedFileTest, RefusesAFileWithoutPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const std::string f = write("f", "bytes");
  ::chmod(f.c_str(), 0);
  const Error error = refusal(f);
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message.rfind("cannot be opened: ", 0), 0u) << error.message;
}

}  // namespace
}  // namespace tally::inspector
