#include <report/printable.h>
#include <report/quantities.h>
#include <report/json_writer.h>
#include <report/views.h>

namespace tally::report {
namespace {

/// As JSON writes it, without quotes around text: a program reads exact numbers.
std::string csv_text(const Value& value) {
  if (value.empty()) return "";
  if (const auto* text = std::get_if<std::string>(&value.held())) return *text;
  if (const auto* path = std::get_if<Path>(&value.held())) return path->text;
  std::string json;
  write_json(value, -1, json);
  return json;
}

/// A field that a spreadsheet would run as a formula gets an apostrophe in front; quotes as RFC
/// 4180 has them. Control characters are shown as escapes.
std::string field(const Value& value) {
  std::string text = printable(csv_text(value));
  const bool is_text = std::holds_alternative<std::string>(value.held()) ||
                       std::holds_alternative<Path>(value.held());
  constexpr std::string_view kFormulaStarts = "=+-@";
  if (is_text && !text.empty() && kFormulaStarts.find(text.front()) != std::string_view::npos)
    text.insert(text.begin(), '\'');
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// A table and the keys of the list sections that it lies in: their path fields go in front.
struct Found {
  const Table* table = nullptr;
  bool is_main = false;
};

void find_table(const Section& section, Found& found) {
  for (const Block& block : section.blocks) {
    if (const auto* table = std::get_if<Table>(&block)) {
      if (table->key.empty()) continue;
      if (found.table == nullptr || (table->main && !found.is_main))
        found = {table, table->main};
    } else if (const auto* nested = std::get_if<Section>(&block)) {
      find_table(*nested, found);
    }
  }
}

/// Every table under `key`, in order: that of each model.
void collect(const Section& section, const std::string& key, const std::string& model,
             std::vector<std::pair<std::string, const Table*>>& tables) {
  std::string name = model;
  for (const Block& block : section.blocks) {
    if (const auto* heading = std::get_if<Heading>(&block)) {
      for (const Piece& piece : heading->text) {
        if (piece.key == "path") name = csv_text(piece.value);
      }
    } else if (const auto* table = std::get_if<Table>(&block)) {
      if (table->key == key) tables.emplace_back(name, table);
    } else if (const auto* nested = std::get_if<Section>(&block)) {
      collect(*nested, key, name, tables);
    }
  }
}

}  // namespace

std::string to_csv(const Report& report) {
  Found found;
  find_table(report.body, found);
  if (found.table == nullptr) return "";
  std::vector<std::pair<std::string, const Table*>> tables;
  collect(report.body, found.table->key, "", tables);
  std::string out = "model";
  for (const Column& column : found.table->columns) {
    if (!column.key.empty()) out += "," + field(Value(column.key));
  }
  out += "\r\n";
  for (const auto& [model, table] : tables) {
    for (const Row& row : table->rows) {
      if (row.people_only) continue;
      out += field(Value(Path{model}));
      for (std::size_t c = 0; c < table->columns.size(); ++c) {
        if (table->columns[c].key.empty()) continue;
        out += "," + field(c < row.cells.size() ? row.cells[c] : Value());
      }
      out += "\r\n";
    }
  }
  return out;
}

}  // namespace tally::report
