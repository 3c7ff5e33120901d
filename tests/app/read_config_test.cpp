#include <app/read_config.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace tally::app {
namespace {

namespace fs = std::filesystem;

class ReadConfig : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "torchtally-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }

  fs::path folder_;
};

TEST_F(ReadConfig, TakesAFileToTheByte) {
  const std::string text("{\"a\": 1}\0\n", 10);
  const auto read = read_config(file("config.json", text));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, text);
}

// `--config <(cat c.json)`: no size, no seeking, and what comes in more than one piece.
TEST_F(ReadConfig, TakesAPipeToItsEnd) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string text(200'000, 'x');
  std::thread writer([&] {
    std::ofstream out(pipe, std::ios::binary);
    out << text.substr(0, 70'000) << std::flush << text.substr(70'000);
  });
  const auto read = read_config(pipe.string());
  writer.join();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, text);
}

TEST_F(ReadConfig, StopsPastSixteenMebibytes) {
  const std::string path = file("large.json", "");
  fs::resize_file(path, std::uintmax_t{16} << 20);
  EXPECT_TRUE(read_config(path));
  fs::resize_file(path, (std::uintmax_t{16} << 20) + 1);
  const auto refused = read_config(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimitExceeded);
  EXPECT_NE(refused.error().message.find(path + ": more than 16 MiB"), std::string::npos);
}

TEST_F(ReadConfig, NamesWhatCannotBeOpenedOrRead) {
  const auto missing = read_config((folder_ / "none.json").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message,
            (folder_ / "none.json").string() + ": cannot be opened: No such file or directory");
  const auto is_folder = read_config(folder_.string());
  ASSERT_FALSE(is_folder);
  EXPECT_EQ(is_folder.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(is_folder.error().message, folder_.string() + ": cannot be read: Is a directory");
}

}  // namespace
}  // namespace tally::app
