#include <gtest/gtest.h>
#include <report/render.h>
#include <tests/report/sample_document.h>

#include <string>

namespace tally::report {
using namespace layout;
namespace {

TEST(RenderMarkdown, WritesGitHubTables) {
  // The spaces in tree lines are no-break spaces (U+00A0), which a renderer does not fold.
  EXPECT_EQ(render_markdown(sample_document()), R"(# model.pt

*One archive.*

Nothing was run.

## Totals

- Parameters: **1,000**
- Bytes: 4,000 B

**Modules**

| module                        |    params |
| ----------------------------- | ---------:|
| (root)                        |     1,000 |
| ├─ encoder                    |       750 |
| │  ├─ linear_with_a_long_name |       700 |
| │  └─ norm                    |        50 |
| └─ **head**                   |   **250** |
| **TOTAL**                     | **1,000** |

```text
a  b
  c
```
)");
}

TEST(RenderMarkdown, EscapesWhatMarkdownWouldRead) {
  Document document;
  document.add(Paragraph{"a_b _c_ *d* [e](f) `g` <h> |i| \\"});
  EXPECT_EQ(render_markdown(document),
            "a_b \\_c\\_ \\*d\\* \\[e\\](f) \\`g\\` \\<h\\> \\|i\\| \\\\\n");
}

// CommonMark 0.31, sections 2.4 and 2.5: an entity is read as its character unless its & is
// escaped. GitHub adds ~strikethrough~ and $formulas$.
TEST(RenderMarkdown, EscapesEntitiesAndGitHubsOwnSigns) {
  Document document;
  document.add(Table{"", {{"&copy;"}}, {{{"&lt;b&gt; ~x~ $y$"}}}, {}});
  const std::string text = render_markdown(document);
  EXPECT_NE(text.find("| \\&copy; "), std::string::npos) << text;
  EXPECT_NE(text.find("| \\&lt;b\\&gt; \\~x\\~ \\$y\\$ |"), std::string::npos) << text;
}

// GFM 0.29, section 6.9, and what GitHub links beside it: people and issues. It looks for them in
// the text that Markdown comes to, so that a backslash does not help; over a comment it does not
// look.
TEST(RenderMarkdown, LinksNothing) {
  const char* const cases[][2] = {{"a https://example.com", "a https:<!-- -->//example.com\n"},
                                  {"a WWW.example.com", "a WWW.<!-- -->example.com\n"},
                                  {"a me@example.com", "a me@<!-- -->example.com\n"},
                                  {"a @octocat", "a @<!-- -->octocat\n"},
                                  {"a o/r#12", "a o/r\\#<!-- -->12\n"},
                                  {"a b: c @ # d.w.e :/", "a b: c @ \\# d.w.e :/\n"}};
  for (const auto& [text, expected] : cases) {
    Document document;
    document.add(Paragraph{text});
    EXPECT_EQ(render_markdown(document), expected);
  }
}

TEST(RenderMarkdown, EscapesWhatWouldBeginAListOrAHeading) {
  const char* const cases[][2] = {
      {"1. one", "1\\. one\n"},   {"- one", "\\- one\n"}, {"+1", "\\+1\n"}, {"# one", "\\# one\n"},
      {"12) one", "12\\) one\n"}, {"= one", "\\= one\n"}, {"12", "12\n"}};
  for (const auto& [text, expected] : cases) {
    Document document;
    document.add(Paragraph{text});
    EXPECT_EQ(render_markdown(document), expected);
  }
}

TEST(RenderMarkdown, FencesVerbatimTextThatHoldsFences) {
  Document document;
  document.add(Verbatim{"````\nx"});
  EXPECT_EQ(render_markdown(document), "`````text\n````\nx\n`````\n");
}

TEST(RenderMarkdown, LetsNoNameBreakATableOrBringMarkup) {
  Document document;
  document.add(Table{"", {{"name"}, {"n"}}, {{{kHostileName, "1"}}}, {}});
  const std::string text = render_markdown(document);
  EXPECT_NE(
      text.find(
          R"(| \<script\>alert("1")\</script\>'\|\`\*\_x\_\\x1b\[2J\\n\\xff\\u{202e} | 1   |)"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace tally::report
