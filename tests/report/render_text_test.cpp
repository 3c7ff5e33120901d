#include <gtest/gtest.h>
#include <report/render.h>
#include <report/text_width.h>
#include <tests/report/sample_document.h>

#include <sstream>
#include <string>

namespace tally::report {
using namespace layout;
namespace {

Document of(const Table& table) {
  Document document;
  document.add(table);
  return document;
}

TextStyle terminal(int width) {
  TextStyle style;
  style.width = width;
  style.bars = true;
  return style;
}

TEST(RenderText, AlignsTablesAndDrawsTrees) {
  EXPECT_EQ(render_text(sample_document(), TextStyle{}), R"(model.pt
One archive.
Nothing was run.

Totals
  Parameters  1,000
  Bytes       4,000 B

Modules
  module                         params
  ─────────────────────────────────────
  (root)                          1,000
  ├─ encoder                        750
  │  ├─ linear_with_a_long_name     700
  │  └─ norm                         50
  └─ head                           250
  ─────────────────────────────────────
  TOTAL                           1,000

a  b
  c
)");
}

TEST(RenderText, DrawsInAsciiWhereTheLocaleHasNoMore) {
  TextStyle style;
  style.unicode = false;
  EXPECT_EQ(render_text(of(sample_tree()), style), R"(Modules
  module                         params
  -------------------------------------
  (root)                          1,000
  |- encoder                        750
  |  |- linear_with_a_long_name     700
  |  `- norm                         50
  `- head                           250
  -------------------------------------
  TOTAL                           1,000
)");
}

TEST(RenderText, PutsBarsBesideTheTableOfATerminal) {
  EXPECT_EQ(render_text(of(sample_tree()), terminal(49)), R"(Modules
  module                         params
  ─────────────────────────────────────
  (root)                          1,000  ████████
  ├─ encoder                        750  ██████
  │  ├─ linear_with_a_long_name     700  █████▋
  │  └─ norm                         50  ▍
  └─ head                           250  ██
  ─────────────────────────────────────
  TOTAL                           1,000
)");
}

TEST(RenderText, ShortensOnlyWhatMayShrinkOnANarrowTerminal) {
  EXPECT_EQ(render_text(of(sample_tree()), terminal(27)), R"(Modules
  module             params
  ─────────────────────────
  (root)              1,000
  ├─ encoder            750
  │  ├─ linea…_name     700
  │  └─ norm             50
  └─ head               250
  ─────────────────────────
  TOTAL               1,000
)");
  Table fixed = sample_tree();
  fixed.columns[0].may_shrink = false;
  EXPECT_NE(render_text(of(fixed), terminal(27)).find("linear_with_a_long_name"),
            std::string::npos);
}

TEST(RenderText, KeepsEightColumnsOfEveryNameHoweverNarrowTheTerminal) {
  EXPECT_NE(render_text(of(sample_tree()), terminal(5)).find("│  ├─ line…ame"), std::string::npos);
}

TEST(RenderText, NeverShortensOrWrapsWhatIsPiped) {
  Document document =
      of(Table{"", {{"name", Align::kLeft, true}}, {{{std::string(5000, 'x')}}}, {}});
  document.add(Paragraph{"word " + std::string(500, 'y') + " word"});
  const std::string text = render_text(document, TextStyle{});
  EXPECT_NE(text.find(std::string(5000, 'x')), std::string::npos);
  EXPECT_NE(text.find("word " + std::string(500, 'y') + " word\n"), std::string::npos);
}

TEST(RenderText, ColorsByToneOnlyWhenAsked) {
  EXPECT_EQ(render_text(sample_document(), TextStyle{}).find('\x1b'), std::string::npos);
  TextStyle style;
  style.color = true;
  const std::string text = render_text(sample_document(), style);
  EXPECT_NE(text.find("\x1b[31mhead\x1b[0m"), std::string::npos);
  EXPECT_NE(text.find("\x1b[2mOne archive.\x1b[0m"), std::string::npos);
  EXPECT_NE(text.find("\x1b[1m1,000\x1b[0m"), std::string::npos);
}

TEST(RenderText, AlignsWideCharacters) {
  const Table table{
      "", {{"name"}, {"n", Align::kRight}}, {{{"重み", "1"}}, {{"e\u0301", "22"}}}, {}};
  EXPECT_EQ(render_text(of(table), TextStyle{}),
            "  name   n\n  ────────\n  重み   1\n  e\u0301     22\n");
}

TEST(RenderText, ShowsATableWithoutRows) {
  EXPECT_EQ(render_text(of(Table{"Findings", {{"what"}}, {}, {}}), TextStyle{}),
            "Findings\n  what\n  ────\n  (none)\n");
}

TEST(RenderText, LeavesVerbatimTextAloneButEndsItsLastLine) {
  Document document;
  document.add(Verbatim{"  1   2  \n\n\t3  "});
  EXPECT_EQ(render_text(document, terminal(4)), "  1   2  \n\n\t3  \n");
}

TEST(RenderText, ToleratesOddRows) {
  Table table{"", {{"a"}, {"b"}}, {{{"deep"}, 3}, {{"1", "2", "surplus"}, -4}, {{}, 100000}}, {}};
  EXPECT_EQ(render_text(of(table), TextStyle{}).find("surplus"), std::string::npos);
  EXPECT_EQ(render_text(of(Table{}), TextStyle{}), "  (none)\n");
}

TEST(RenderText, LetsNoNameReachTheTerminalRaw) {
  TextStyle style = terminal(80);
  for (const char c : render_text(hostile_document(), style)) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
    EXPECT_NE(c, '\xff');
  }
}

// What is read from left to right on a terminal must not be turned around by a name.
TEST(RenderText, LetsNoNameTurnTheTerminalAround) {
  Document document;
  document.add(Heading{"a\u2067b\u2069", 1});
  document.add(Table{"", {{"name"}}, {{{"x\u2066y\u2069"}}}, {}});
  const std::string text = render_text(document, TextStyle{});
  EXPECT_NE(text.find("a\\u{2067}b\\u{2069}"), std::string::npos) << text;
  EXPECT_NE(text.find("x\\u{2066}y\\u{2069}"), std::string::npos) << text;
  EXPECT_EQ(text.find("\xe2\x81"), std::string::npos) << text;  // how U+2060 to U+206F begin
}

TEST(RenderText, MakesRoomForATotalThatIsWiderThanItsColumn) {
  Table table;
  table.columns = {{"", Align::kLeft}, {"", Align::kRight}, {"", Align::kRight}};
  table.rows = {{{"a", "1", "x"}}};
  table.footer = {{{"b", "1,000", "y"}}};
  EXPECT_EQ(render_text(of(table), TextStyle{}), R"(  a      1  x
  ───────────
  b  1,000  y
)");
}

// Of two columns that may shrink the wider gives way: 30 and 12 letters on a terminal of 40
// columns.
TEST(RenderText, TakesFromTheWidestColumn) {
  Table table;
  table.columns = {{"", Align::kLeft, true}, {"", Align::kLeft, true}};
  table.rows = {{{std::string(30, 'a'), "bbbbbbbbbbbb"}}};
  const std::string line = render_text(of(table), terminal(40));
  EXPECT_EQ(line, "  " + std::string(12, 'a') + "…" + std::string(11, 'a') + "  bbbbbbbbbbbb\n");
}

}  // namespace
}  // namespace tally::report
