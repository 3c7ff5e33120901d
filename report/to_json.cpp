#include <base/utf8.h>
#include <report/json_writer.h>
#include <report/views.h>

#include <cctype>
#include <cstring>

namespace tally::report {
namespace {

std::string plain_text(const Phrase& phrase) {
  std::string text;
  for (const Piece& piece : phrase) text += text_of(piece.value);
  return text;
}

/// RFC 3986, section 2.1: the bytes of a path, which a string of JSON cannot hold. Slashes stay.
std::string percent_encoded(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || std::strchr("-._~/", c) != nullptr)) {
      text += c;
    } else {
      text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return text;
}

Object object_of(const Section& section);

struct AddBlock {
  Object& object;

  void pieces(const Phrase& phrase) const {
    for (const Piece& piece : phrase) {
      if (!piece.key.empty()) set(object, piece.key, piece.value);
    }
  }
  void operator()(const Heading& heading) const {
    pieces(heading.text);
    for (const Piece& piece : heading.text) {
      const auto* path = std::get_if<Path>(&piece.value.held());
      if (path != nullptr && !piece.key.empty() && !is_utf8(path->text))
        set(object, piece.key + "_encoded", percent_encoded(path->text));
    }
  }
  void operator()(const Note& note) const {
    pieces(note.text);
    if (!note.key.empty()) append(object, note.key, plain_text(note.text));
  }
  void operator()(const Facts& facts) const {
    for (const Fact& fact : facts.facts) pieces(fact.text);
  }
  void operator()(const Verbatim&) const {}
  void operator()(const Data& data) const { set(object, data.key, data.value); }
  void operator()(const Table& table) const {
    if (table.key.empty()) return;
    List rows;
    for (const Row& row : table.rows) {
      if (row.people_only) continue;
      Object entry;
      for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const Column& column = table.columns[c];
        const bool has_cell = c < row.cells.size() && !row.cells[c].empty();
        if (column.key.empty() || (column.optional && !has_cell)) continue;
        set(entry, column.key, has_cell ? row.cells[c] : Value());
      }
      rows.emplace_back(std::move(entry));
    }
    set(object, table.key, std::move(rows));
  }
  void operator()(const Section& section) const {
    if (section.people_only) return;
    if (section.key.empty()) {
      for (const Block& block : section.blocks) std::visit(*this, block);
      return;
    }
    Object nested = object_of(section);
    if (section.of_list) return append(object, section.key, std::move(nested));
    set(object, section.key, std::move(nested));
  }
};

Object object_of(const Section& section) {
  Object object;
  for (const Block& block : section.blocks) std::visit(AddBlock{object}, block);
  return object;
}

std::string json_of(const Report& report, int indent) {
  Object object;
  set(object, "tool.name", Value("torchtally"));
  set(object, "tool.version", Value(TORCHTALLY_VERSION));
  set(object, "schema_version", Value(Integer{report.schema_version}));
  set(object, "command", report.command.empty() ? Value() : Value(report.command));
  for (const Block& block : report.body.blocks) std::visit(AddBlock{object}, block);
  std::string text;
  write_json(Value(std::move(object)), indent, text);
  return text + '\n';
}

}  // namespace

std::string to_json(const Report& report) { return json_of(report, 0); }

std::string section_json(const Section& section, int depth) {
  std::string text;
  write_json(object_of(section), depth, text);
  return text;
}

std::string to_json_line(const Report& report) { return json_of(report, -1); }

}  // namespace tally::report
