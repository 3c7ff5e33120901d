#include <app/audit/path_list.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tally::app {
namespace {

/// What the list `text` names; empty where it is refused.
std::vector<std::string> listed(const std::string& text) {
  const std::string path = testing::TempDir() + "path_list_test";
  std::ofstream(path, std::ios::binary) << text;
  auto paths = read_path_list(path);
  std::filesystem::remove(path);
  return paths ? *paths : std::vector<std::string>();
}

TEST(PathList, HasOnePathALine) {
  EXPECT_EQ(listed("a.pt\n\nwith space.pt\nlast.pt"),
            (std::vector<std::string>{"a.pt", "with space.pt", "last.pt"}));
}

TEST(PathList, HasPathsEndedByNulBytes) {
  EXPECT_EQ(listed(std::string("a.pt\0two\nlines.pt\0", 18)),
            (std::vector<std::string>{"a.pt", "two\nlines.pt"}));
}

TEST(PathList, RefusesAListOfNothing) {
  EXPECT_TRUE(listed("\n\n").empty());
  const auto paths = read_path_list("/no/such/list");
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tally::app
