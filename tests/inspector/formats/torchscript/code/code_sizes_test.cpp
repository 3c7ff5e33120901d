#include <gtest/gtest.h>
#include <inspector/formats/torchscript/code/code_sizes.h>

#include <string>

namespace tally::inspector {
namespace {

using Sizes = std::vector<std::int64_t>;

std::vector<SizeList> read(std::string_view statement) {
  std::vector<SizeList> lists;
  read_code_sizes(statement, lists);
  return lists;
}

TEST(CodeSizes, AreTheNumbersInAList) {
  const auto lists = read("    _14 = torch.view((value).forward(x, ), [_2, int(_7), -1, 64])\n");
  ASSERT_EQ(lists.size(), 1u);
  EXPECT_EQ(lists[0].op, "view");
  EXPECT_EQ(lists[0].sizes, (Sizes{-1, -1, -1, 64}));
}

TEST(CodeSizes, AreReadFromTheInsideOut) {
  const auto lists =
      read("y = torch.reshape(torch.chunk(torch.view(x, [2, 36]), 3, -1), [int(f(8, 9)), 6])");
  ASSERT_EQ(lists.size(), 3u);
  EXPECT_EQ(lists[0].op, "view");
  EXPECT_EQ(lists[0].sizes, (Sizes{2, 36}));
  EXPECT_EQ(lists[1].op, "chunk");
  EXPECT_EQ(lists[1].sizes, (Sizes{3, -1}));
  EXPECT_EQ(lists[2].op, "reshape");
  EXPECT_EQ(lists[2].sizes, (Sizes{-1, 6}));
}

TEST(CodeSizes, AreHowATensorIsCut) {
  const auto lists = read(
      "a, b, c, = torch.split_with_sizes(x, [40, 8, 8], -1)\n"
      "d, e, = torch.split(torch.split(x, 72, 2), [2, 3], 1)");
  ASSERT_EQ(lists.size(), 3u);
  EXPECT_EQ(lists[0].sizes, (Sizes{40, 8, 8}));
  EXPECT_EQ(lists[1].sizes, (Sizes{72, 2}));
  EXPECT_EQ(lists[2].sizes, (Sizes{2, 3}));
}

TEST(CodeSizes, AreOnlyThoseOfTheseOperators) {
  EXPECT_TRUE(read("y = torch.expand(x, [2, 3])").empty());
  EXPECT_TRUE(read("y = torch.view_as_real(x, [2, 3])").empty());
  EXPECT_TRUE(read("y = my.view(x, [2, 3])").empty());
  EXPECT_TRUE(read("y = torch.view(x, _19)").empty());
  EXPECT_TRUE(read("y = torch.view(x, [_1, _2, -1, 1])").empty());
  EXPECT_TRUE(read("y = torch.einsum(\"torch.view(x, [2, 3])\", [x])").empty());
}

TEST(CodeSizes, AreKeptOnce) {
  std::vector<SizeList> lists;
  for (int i = 0; i < 3; ++i) read_code_sizes("y = torch.view(x, [2, 3])", lists);
  EXPECT_EQ(lists.size(), 1u);
}

TEST(CodeSizes, AreLeftOutWhereAListIsTooLong) {
  EXPECT_EQ(read("y = torch.view(x, [2, 3, 4, 5, 6, 7, 8, 9])").size(), 1u);
  EXPECT_TRUE(read("y = torch.view(x, [2, 3, 4, 5, 6, 7, 8, 9, 10])").empty());
  const auto huge = read("y = torch.view(x, [99999999999999999999, 2])");
  ASSERT_EQ(huge.size(), 1u);
  EXPECT_EQ(huge[0].sizes, (Sizes{-1, 2}));
}

TEST(CodeSizes, AreNoMoreThanAClassMayHave) {
  std::vector<SizeList> lists;
  for (std::size_t i = 0; i < 2 * kMostSizeLists; ++i)
    read_code_sizes("y = torch.view(x, [" + std::to_string(i + 2) + ", 4])", lists);
  EXPECT_EQ(lists.size(), kMostSizeLists);
}

TEST(CodeSizes, SurviveBrokenText) {
  std::string deep, open = "torch.", quotes = "torch.\"";
  for (int i = 0; i < 100'000; ++i) deep += "torch.view([";
  // Only a call that ended says something, whatever stands around it.
  for (const char* text : {"torch.view(", "torch.view(x, [", "torch.view(x, [2", ")]torch.view(]",
                           "torch.", "torch.view(x, [2, 3]", "\"torch.\\"})
    EXPECT_TRUE(read(text).empty()) << text;
  const auto ended = read(")]torch.view(x, [2, 3]) torch.view(x, [4");
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].sizes, (Sizes{2, 3}));
  EXPECT_TRUE(read(deep).empty());
  EXPECT_TRUE(read(open + quotes).empty());
}

}  // namespace
}  // namespace tally::inspector
