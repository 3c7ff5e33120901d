#include <report/json_writer.h>
#include <report/printable.h>
#include <report/views.h>

#include <algorithm>

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
  std::string text = printable_field(csv_text(value));
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

/// The table that CSV shows: the first `main` one, else the first with a key.
const Table* table_of(const Section& section, const Table* found) {
  for (const Block& block : section.blocks) {
    if (found != nullptr && found->main) break;
    if (const auto* table = std::get_if<Table>(&block)) {
      if (table->main || (found == nullptr && !table->key.empty())) found = table;
    } else if (const auto* nested = std::get_if<Section>(&block);
               nested != nullptr && !nested->people_only) {
      found = table_of(*nested, found);
    }
  }
  return found;
}

struct OfModel {
  std::string model;  ///< the path in the heading above; "" where there is none
  const Table* table;
};

/// Every table like `sample`, in order: that of each model.
void collect(const Section& section, const Table& sample, std::string model,
             std::vector<OfModel>& tables) {
  for (const Block& block : section.blocks) {
    if (const auto* heading = std::get_if<Heading>(&block)) {
      for (const Piece& piece : heading->text) {
        if (piece.key == "path") model = csv_text(piece.value);
      }
    } else if (const auto* table = std::get_if<Table>(&block)) {
      if (table->key == sample.key && table->main == sample.main) tables.push_back({model, table});
    } else if (const auto* nested = std::get_if<Section>(&block);
               nested != nullptr && !nested->people_only) {
      collect(*nested, sample, model, tables);
    }
  }
}

}  // namespace

std::string to_csv(const Report& report) {
  const Table* sample = table_of(report.body, nullptr);
  if (sample == nullptr) return "";
  std::vector<OfModel> tables;
  collect(report.body, *sample, "", tables);
  const bool of_models = std::any_of(tables.begin(), tables.end(),
                                     [](const OfModel& table) { return !table.model.empty(); });
  std::string out;
  const auto line = [&out](const std::vector<std::string>& fields) {
    for (const std::string& one : fields) out += (&one == &fields.front() ? "" : ",") + one;
    out += "\r\n";
  };
  std::vector<std::string> keys;
  if (of_models) keys.emplace_back("model");
  for (const Column& column : sample->columns) {
    if (!column.key.empty()) keys.push_back(field(Value(column.key)));
  }
  line(keys);
  for (const auto& [model, table] : tables) {
    for (const Row& row : table->rows) {
      if (row.people_only) continue;
      std::vector<std::string> fields;
      if (of_models) fields.push_back(field(Value(Path{model})));
      for (std::size_t c = 0; c < table->columns.size(); ++c) {
        if (table->columns[c].key.empty()) continue;
        fields.push_back(field(c < row.cells.size() ? row.cells[c] : Value()));
      }
      line(fields);
    }
  }
  return out;
}

}  // namespace tally::report
