#include <gtest/gtest.h>
#include <report/text_width.h>

#include <string>
#include <vector>

namespace tally::report {
namespace {

// Widths as Unicode Standard Annex #11 has them: W and F take two columns, combining marks none.
TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("weight"), 6);
  EXPECT_EQ(display_width("größe"), 5);
  EXPECT_EQ(display_width("├─ …"), 4);
  EXPECT_EQ(display_width("重み"), 4);                // W
  EXPECT_EQ(display_width("Ａ"), 2);                  // F
  EXPECT_EQ(display_width("ｶ"), 1);                   // H
  EXPECT_EQ(display_width("한글"), 4);                // W
  EXPECT_EQ(display_width("e\u0301"), 1);             // Mn
  EXPECT_EQ(display_width("a\u20dd"), 1);             // Me
  EXPECT_EQ(display_width("\u1112\u1161\u11ab"), 2);  // jamo of one syllable
  EXPECT_EQ(display_width("😀"), 2);                   // W
  EXPECT_EQ(display_width("𠀀"), 2);                  // W, plane 2
}

TEST(Shortened, KeepsBeginningAndEnd) {
  EXPECT_EQ(shortened("transformer", 11, "…"), "transformer");
  EXPECT_EQ(shortened("transformer", 10, "…"), "trans…rmer");
  EXPECT_EQ(shortened("transformer", 7, "..."), "tr...er");
  EXPECT_EQ(shortened("transformer", 2, "…"), "t…");
  EXPECT_EQ(shortened("transformer", 1, "…"), "…");
  EXPECT_EQ(shortened("transformer", 0, "…"), "");
  EXPECT_EQ(shortened("transformer", 2, "..."), "");
}

TEST(Shortened, NeverCutsACharacterApart) {
  EXPECT_EQ(shortened("重重重重", 6, "…"), "重…重");
  EXPECT_EQ(shortened("e\u0301e\u0301e\u0301e\u0301", 3, "…"), "e\u0301…e\u0301");
  for (int width = 0; width < 12; ++width)
    EXPECT_LE(display_width(shortened("重みa重みb", width, "…")), width);
}

TEST(Wrapped, BreaksAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("one two three", 6), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(wrapped("one two three", 100), (std::vector<std::string>{"one two three"}));
  EXPECT_EQ(wrapped("a verylongword b", 5), (std::vector<std::string>{"a", "verylongword", "b"}));
  EXPECT_EQ(wrapped("重み 重み", 4), (std::vector<std::string>{"重み", "重み"}));
  EXPECT_EQ(wrapped("", 10), (std::vector<std::string>{""}));
}

}  // namespace
}  // namespace tally::report
