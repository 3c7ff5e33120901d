// Document: a report laid out for people, before it is text, Markdown or HTML.
//
// to_document() (report/views.h) makes it from a report's value; the renderers turn it into a
// format. A Document holds finished cells: nothing here, and no renderer, computes a count.
#pragma once

#include <report/tone.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace tally::report::layout {

/// A line of its own that names what follows. Level 1 is the document's title.
struct Heading {
  std::string text;
  int level = 2;
};

/// One paragraph. Never wrapped when piped.
struct Paragraph {
  std::string text;
  Tone tone = Tone::kNormal;
};

/// Label and value pairs, aligned.
struct Facts {
  struct Fact {
    std::string label;
    std::string value;
    Tone tone = Tone::kNormal;
  };
  std::vector<Fact> facts;
};

/// Text to be shown exactly as it is, spaces and line feeds included; no renderer changes a
/// character.
struct Verbatim {
  std::string text;
};

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
  /// May be shortened in the middle on a terminal that is too narrow; never when piped.
  bool may_shrink = false;
};

struct Row {
  std::vector<std::string> cells;  ///< one a column; missing ones are empty
  int depth = 0;                   ///< indent of the first cell: the row's level in a tree
  Tone tone = Tone::kNormal;
  /// Part of the whole in [0, 1], drawn as a bar where the format has bars; negative: no bar.
  double share = -1;
};

/// A table. Rows with a depth draw as a tree. `footer` rows (totals) are set apart.
struct Table {
  std::string title;  ///< may be empty
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::vector<Row> footer;
};

using Block = std::variant<Heading, Paragraph, Facts, Verbatim, Table>;

struct Document {
  std::string title;  ///< for HTML's <title>; not shown elsewhere
  std::vector<Block> blocks;

  template <class T>
  T& add(T block) {
    blocks.emplace_back(std::move(block));
    return std::get<T>(blocks.back());
  }
};

}  // namespace tally::report::layout
