// Report: what a command found, as one value with typed cells. JSON, JSON Lines, text, Markdown,
// HTML and CSV are views of it (report/views.h).
//
// app/ makes reports; nothing here, and no view, computes a count.
//
// Keys are JSON's: where a block, a fact, a column or a piece of a sentence has a `key`, JSON has
// it under that key (dots nest, relative to the section); what has none is for people alone. What
// has a key but no title or label is for programs alone.
#pragma once

#include <report/tone.h>
#include <report/value.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tally::report {

/// A piece of a sentence: text, or a value that stands in it and in JSON.
struct Piece {
  std::string key;  ///< "" for people alone
  Value value;
};

/// Text with values in it: {"12 tensors, "} {key "bytes", Bytes{96}}. Pieces are joined as they
/// are.
using Phrase = std::vector<Piece>;

/// A line of its own that names what follows. Level 1 is the report's title.
struct Heading {
  Phrase text;
  int level = 2;
};

/// One paragraph. With a `key`, JSON collects the paragraphs of equal key in a list of strings.
struct Note {
  Phrase text;
  Tone tone = Tone::kNormal;
  std::string key = {};
};

/// Labelled phrases, aligned in text; in JSON their pieces' keys.
struct Fact {
  std::string label;  ///< "": for programs alone
  Phrase text;
  Tone tone = Tone::kNormal;
};
struct Facts {
  std::vector<Fact> facts;
};

/// Text shown exactly as it is, spaces and line feeds included. Never in JSON.
struct Verbatim {
  std::string text;
};

/// Whatever JSON needs and people do not: for programs alone.
struct Data {
  std::string key;
  Value value;
};

enum class Align { kLeft, kRight };

struct Column {
  std::string key;    ///< "": for people alone
  std::string title;  ///< of a column for programs alone: "" and `programs` set
  Align align = Align::kLeft;
  bool may_shrink = false;  ///< may be shortened on a terminal that is too narrow
  bool programs = false;    ///< not shown to people
  bool optional = false;    ///< JSON leaves the key out where the cell is empty, instead of null
};

struct Row {
  std::vector<Value> cells;  ///< one a column; missing ones are empty
  int depth = 0;             ///< level in a tree, drawn before the first cell
  Tone tone = Tone::kNormal;
  double share = -1;         ///< part of the whole in [0, 1], drawn as a bar; negative: no bar
  bool people_only = false;  ///< not in JSON or CSV: "[12 others]", "[own]"
};

/// A table: a list of objects in JSON, one a row. `footer` rows are totals, for people.
struct Table {
  std::string key;    ///< "": for people alone
  std::string title;  ///< may be empty
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::vector<Row> footer;
  bool programs = false;  ///< not shown to people
  /// What CSV writes: the columns with a key. Without one it is the first table with a key.
  bool main = false;
};

struct Section;
using Block = std::variant<Heading, Note, Facts, Verbatim, Data, Table, Section>;

/// Blocks below one key; with an empty key the blocks' keys are those of the enclosing object.
/// `of_list`: JSON has a list under the key, with one object a section.
struct Section {
  std::string key;
  bool of_list = false;
  bool people_only = false;  ///< not in JSON or CSV
  std::vector<Block> blocks;

  template <class T>
  T& add(T block);
};

/// A whole report. JSON begins with `tool` {name, version}, `schema_version` and `command`.
struct Report {
  std::string command;  ///< "audit"; "" where none was called
  int schema_version = 2;
  std::string title;  ///< of an HTML page
  Section body;
};

template <class T>
T& Section::add(T block) {
  blocks.emplace_back(std::move(block));
  return std::get<T>(blocks.back());
}

}  // namespace tally::report
