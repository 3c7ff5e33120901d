#include <gtest/gtest.h>
#include <report/render.h>
#include <tests/report/sample_document.h>

#include <cstddef>
#include <string>

namespace tally::report {
using namespace layout;
namespace {

std::size_t occurrences(const std::string& text, const std::string& of) {
  std::size_t count = 0;
  for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

/// Only what documents put into the page, not the style sheet.
std::string body_of(const Document& document) {
  const std::string html = render_html(document);
  return html.substr(html.find("<body>"));
}

TEST(RenderHtml, IsOneFileWithoutScriptsOrRequests) {
  const std::string html = render_html(sample_document());
  EXPECT_EQ(html.rfind("<!DOCTYPE html>\n", 0), 0U);
  for (const char* word :
       {"<script", "http:", "https:", "src=", "href=", "url(", "@import", "onclick"}) {
    EXPECT_EQ(html.find(word), std::string::npos) << word;
  }
  EXPECT_NE(html.find("content=\"default-src 'none'; style-src 'unsafe-inline'\""),
            std::string::npos);
  EXPECT_NE(html.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_NE(html.find("@media print"), std::string::npos);
  EXPECT_NE(html.find("<title>model.pt</title>"), std::string::npos);
}

TEST(RenderHtml, FoldsTreesAndDrawsABarForEveryShare) {
  const std::string body = body_of(sample_document());
  EXPECT_EQ(occurrences(body, "<details open>"), 2U);  // (root) and encoder
  EXPECT_EQ(occurrences(body, "</details>"), 2U);
  EXPECT_EQ(occurrences(body, "<svg "), 5U);
  EXPECT_NE(body.find("<rect class=\"fill\" width=\"75.00\""), std::string::npos);
  EXPECT_NE(body.find("linear_with_a_long_name"), std::string::npos);
}

TEST(RenderHtml, StartsALargeTreeWithItsDeepLevelsClosed) {
  Table table{"", {{"name"}}, {}, {}};
  for (int depth = 0; depth < 100; ++depth) table.rows.push_back({{"m"}, depth});
  Document document;
  document.add(table);
  const std::string body = body_of(document);
  EXPECT_EQ(occurrences(body, "<details open>"), 2U);
  EXPECT_EQ(occurrences(body, "<details>"), 97U);
  EXPECT_EQ(occurrences(body, "</details>"), 99U);
}

TEST(RenderHtml, EscapesNamesEverywhere) {
  const std::string html = render_html(hostile_document());
  const std::string escaped =
      "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;|`*_x_\\x1b[2J";
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("\"1\""), std::string::npos);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  EXPECT_EQ(html.find('\xff'), std::string::npos);
  // Title, heading, paragraph, fact (2), verbatim, flat table (4), tree (5).
  EXPECT_EQ(occurrences(html, escaped), 15U);
}

TEST(RenderHtml, KeepsVerbatimLines) {
  Document document;
  document.add(Verbatim{"\n a < b\n"});
  EXPECT_NE(render_html(document).find("<pre>\n\n a &lt; b\n</pre>"), std::string::npos);
}

TEST(RenderHtml, NumbersStandRightAndNamesLeft) {
  Document document;
  document.add(Table{"", {{"name"}, {"n", Align::kRight}}, {{{"a", "1"}}}, {{{"b", "2"}}}});
  const std::string body = body_of(document);
  EXPECT_NE(body.find("<td>a</td><td class=\"number\">1</td>"), std::string::npos) << body;
  EXPECT_NE(body.find("<td>b</td><td class=\"number\">2</td>"), std::string::npos) << body;
}

/// Siblings close before each other: (root) holds a and b, a holds x.
TEST(RenderHtml, NestsEachRowInItsParentOnly) {
  Table table{"", {{"name"}}, {{{"root"}, 0}, {{"a"}, 1}, {{"x"}, 2}, {{"b"}, 1}, {{"y"}, 2}}, {}};
  Document document;
  document.add(table);
  const std::string body = body_of(document);
  const std::size_t b = body.find(">b<");
  ASSERT_NE(b, std::string::npos);
  EXPECT_EQ(occurrences(body.substr(0, b), "<details"), 3U);    // root, a and b itself
  EXPECT_EQ(occurrences(body.substr(0, b), "</details>"), 1U);  // a
}

}  // namespace
}  // namespace tally::report
