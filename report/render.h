// Formats that a report can be shown in, and the renderers of those for people.
#pragma once

#include <report/document.h>

#include <string>

namespace tally::report {

enum class Format { kText, kJson, kJsonLines, kMarkdown, kHtml, kCsv };

/// What the terminal allows. Piped output has no colour, no bars and no limit of width.
struct TextStyle {
  bool color = false;
  bool bars = false;    ///< drawn only where a width is known, too
  bool unicode = true;  ///< lines and bars of box-drawing characters; else of ASCII
  int width = 0;        ///< columns; 0: no limit
};

/// The document as text, each with a final line feed. Every piece of it goes through printable(),
/// so names may hold anything.
std::string render_text(const layout::Document& document, const TextStyle& style);
std::string render_markdown(const layout::Document& document);
std::string render_html(const layout::Document& document);

}  // namespace tally::report
