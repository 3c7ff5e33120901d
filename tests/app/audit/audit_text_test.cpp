// The audit's text: that each table adds up to its total, and that its numbers are those of the
// JSON.

#include <gtest/gtest.h>
#include <tests/run_torchtally.h>

#include <cctype>
#include <map>

namespace tally::tests {
namespace {

using Json = nlohmann::json;

/// Text as code points: the report's columns are counted in them.
std::u32string code_points(const std::string& text) {
  std::u32string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) out.push_back(byte);
  }
  return out;  // only lengths and ASCII are looked at
}

struct Column {
  std::string name;
  std::size_t end = 0;  ///< behind the last character of its header
};

struct Row {
  std::size_t depth = 0;  ///< in the tree
  std::string line;
  std::map<std::string, std::int64_t> numbers;  ///< by column; blank is 0
};

struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
  Row total;
};

bool is_rule(const std::string& line) {
  return line.find("──") != std::string::npos &&
         line.find_first_not_of("\xE2\x94\x80 ") == std::string::npos;
}

std::vector<Column> columns_of(const std::string& header) {
  std::vector<Column> columns;
  std::size_t at = 0;
  while ((at = header.find_first_not_of(' ', at)) != std::string::npos) {
    std::size_t end = header.find("  ", at);
    if (end == std::string::npos) end = header.size();
    columns.push_back({header.substr(at, end - at), end});
    at = end;
  }
  return columns;
}

/// The number that ends at `end`, " B" and thousands' commas dropped; 0 where there is none.
std::int64_t number_ending_at(const std::u32string& line, std::size_t end) {
  if (end > line.size()) return 0;
  std::size_t from = end;
  if (from >= 2 && line[from - 1] == 'B' && line[from - 2] == ' ') from -= 2;
  std::int64_t value = 0, factor = 1;
  for (; from > 0 && (line[from - 1] == ',' || (line[from - 1] >= '0' && line[from - 1] <= '9'));
       --from) {
    if (line[from - 1] == ',') continue;
    value += factor * static_cast<std::int64_t>(line[from - 1] - '0');
    factor *= 10;
  }
  return value;
}

Row row_of(const std::string& line, const std::vector<Column>& columns) {
  Row row;
  row.line = line;
  const std::u32string points = code_points(line);
  for (const Column& column : columns)
    row.numbers[column.name] = number_ending_at(points, column.end);
  for (const char* branch : {"├", "└"}) {
    const std::size_t at = line.find(branch);
    if (at != std::string::npos) row.depth = (code_points(line.substr(0, at)).size() - 2) / 3 + 1;
  }
  return row;
}

using Lines = std::vector<std::string>;

/// The table whose header is line `at`.
Table table_at(const Lines& lines, std::size_t at) {
  Table table;
  table.columns = columns_of(lines.at(at));
  EXPECT_TRUE(is_rule(lines.at(at + 1))) << lines.at(at + 1);
  std::size_t i = at + 2;
  for (; !is_rule(lines.at(i)); ++i) {
    if (lines[i] != "  (none)") table.rows.push_back(row_of(lines[i], table.columns));
  }
  table.total = row_of(lines.at(i + 1), table.columns);
  EXPECT_EQ(table.total.line.rfind("  TOTAL", 0), 0U) << table.total.line;
  return table;
}

/// The text of each model, by path.
const std::map<std::string, Lines>& texts() {
  static const std::map<std::string, Lines> result = [] {
    std::vector<std::string> arguments{"audit", "--each", "--tensors", "--depth", "-1"};
    for (const std::string& path : sample_paths()) arguments.push_back(path);
    std::istringstream stream(run_torchtally(arguments).out);
    std::map<std::string, Lines> models;
    Lines* current = nullptr;
    for (std::string line; std::getline(stream, line);) {
      if (line == "Summary") break;
      if (line.rfind("sample_models/", 0) == 0) current = &models[line];
      if (current != nullptr) current->push_back(line);
    }
    return models;
  }();
  return result;
}

class AuditText : public testing::TestWithParam<std::size_t> {
 protected:
  const Json& json() const { return audit_of_samples().at("models").at(GetParam()); }
  const Lines& lines() const { return texts().at(json().at("path")); }

  /// The index of the line that starts so; the number of lines where none does.
  std::size_t line_that_starts(const std::string& start) const {
    std::size_t i = 0;
    while (i < lines().size() && lines()[i].rfind(start, 0) != 0) ++i;
    return i;
  }
  Table table_titled(const std::string& title) const {
    return table_at(lines(), line_that_starts(title) + 1);
  }
};

std::int64_t elements(const Json& count) { return count.at("elements").get<std::int64_t>(); }

TEST_P(AuditText, TreeAddsUpToTheTotalsOfTheJson) {
  const Table tree = table_at(lines(), line_that_starts("  module "));
  const Json& totals = json().at("totals");
  std::int64_t again = 0;
  for (const Json& count : totals.at("by_kind").at("again")) again += elements(count);
  const auto& total = tree.total.numbers;
  if (total.count("parameters") != 0) {
    EXPECT_EQ(total.at("parameters"), elements(totals.at("parameters")));
    const std::int64_t others = elements(totals.at("unique")) - elements(totals.at("parameters"));
    EXPECT_EQ(total.count("others") != 0 ? total.at("others") : 0, others);
  } else {
    EXPECT_EQ(elements(totals.at("parameters")), 0);
    EXPECT_EQ(total.at("elements"), elements(totals.at("unique")));
  }
  EXPECT_EQ(total.count("again") != 0 ? total.at("again") : 0, again);
  EXPECT_EQ(total.at("bytes"), totals.at("unique").at("bytes"));

  for (const char* column : {"parameters", "others", "elements", "again", "bytes"}) {
    if (total.count(column) == 0) continue;
    ASSERT_FALSE(tree.rows.empty());
    EXPECT_EQ(tree.rows.front().numbers.at(column), total.at(column)) << column;
    for (std::size_t i = 0; i < tree.rows.size(); ++i) {
      std::int64_t sum = 0;
      std::size_t below = i + 1;
      for (; below < tree.rows.size() && tree.rows[below].depth > tree.rows[i].depth; ++below) {
        if (tree.rows[below].depth == tree.rows[i].depth + 1)
          sum += tree.rows[below].numbers.at(column);
      }
      if (below > i + 1) {
        EXPECT_EQ(tree.rows[i].numbers.at(column), sum) << column << " of " << tree.rows[i].line;
      }
    }
  }
}

TEST_P(AuditText, TensorsAddUpToTheTotalOfTheJson) {
  const Table tensors = table_titled("Tensors");
  ASSERT_EQ(tensors.rows.size(), json().at("tensors").size());
  std::int64_t sum = 0, bytes = 0;
  for (std::size_t i = 0; i < tensors.rows.size(); ++i) {
    const Row& row = tensors.rows[i];
    const Json& tensor = json().at("tensors").at(i);
    EXPECT_EQ(row.numbers.at("elements"), tensor.at("elements")) << row.line;
    EXPECT_EQ(row.numbers.at("bytes"), tensor.at("bytes")) << row.line;
    EXPECT_EQ(row.line.rfind("  " + tensor.at("name").get<std::string>() + " ", 0), 0U) << row.line;
    if (tensor.contains("alias_of")) {
      EXPECT_NE(row.line.find("= " + tensor.at("alias_of").get<std::string>()), std::string::npos)
          << row.line;
      continue;
    }
    sum += row.numbers.at("elements");
    bytes += row.numbers.at("bytes");
  }
  EXPECT_EQ(tensors.total.numbers.at("elements"), sum);
  EXPECT_EQ(tensors.total.numbers.at("bytes"), bytes);
  EXPECT_EQ(sum, elements(json().at("totals").at("unique")));
  EXPECT_EQ(bytes, json().at("totals").at("unique").at("bytes"));
}

TEST_P(AuditText, FileAddsUpToItsSize) {
  const Table file = table_titled("File");
  const Json& sections = json().at("file").at("sections");
  ASSERT_EQ(file.rows.size(), sections.size());
  std::int64_t sum = 0;
  for (const Row& row : file.rows) {
    const std::string name = row.line.substr(2, row.line.find(' ', 2) - 2);
    EXPECT_EQ(row.numbers.at("bytes"), sections.at(name).at("bytes")) << row.line;
    EXPECT_EQ(row.numbers.at("records"), sections.at(name).at("records")) << row.line;
    sum += row.numbers.at("bytes");
  }
  EXPECT_EQ(file.total.numbers.at("bytes"), sum);
  EXPECT_EQ(sum, json().at("file").at("bytes"));
}

TEST_P(AuditText, SharedTensorsAddUp) {
  std::int64_t again = 0;
  for (const Json& count : json().at("totals").at("by_kind").at("again")) again += elements(count);
  if (line_that_starts("Shared tensors") == lines().size()) {
    for (const Json& t : json().at("tensors")) EXPECT_FALSE(t.contains("alias_of")) << t.at("name");
    return;
  }
  const Table shared = table_titled("Shared tensors");
  std::int64_t sum = 0;
  for (const Row& row : shared.rows) sum += row.numbers.at("elements");
  EXPECT_EQ(shared.total.numbers.at("elements"), sum);
  EXPECT_EQ(sum, again);
}

/// 1234567 as "1,234,567", by hand.
std::string grouped_digits(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

TEST_P(AuditText, FactsAreThoseOfTheJson) {
  const Json& totals = json().at("totals");
  const auto fact = [this](const std::string& label) {
    const std::size_t i = line_that_starts("  " + label + "  ");
    if (i == lines().size()) return std::int64_t{0};
    std::int64_t value = 0;
    const std::string& line = lines()[i];
    for (std::size_t at = line.find_first_not_of(' ', label.size() + 2);
         at < line.size() && line[at] != ' '; ++at) {
      if (std::isdigit(static_cast<unsigned char>(line[at])) != 0)
        value = value * 10 + (line[at] - '0');
    }
    return value;
  };
  EXPECT_EQ(fact("parameters"), elements(totals.at("parameters")));
  const Json& kinds = totals.at("by_kind").at("unique");
  for (const auto& [kind, label] : std::map<std::string, std::string>{{"buffer", "buffers"},
                                                                      {"packed", "packed"},
                                                                      {"state", "state"},
                                                                      {"attribute", "attributes"},
                                                                      {"constant", "constants"}}) {
    EXPECT_EQ(fact(label), kinds.contains(kind) ? elements(kinds.at(kind)) : 0) << kind;
  }
  const std::string& parameters = lines().at(line_that_starts("  parameters  "));
  const std::int64_t naive = elements(totals.at("parameters_naive"));
  const bool differs = naive != elements(totals.at("parameters"));
  EXPECT_EQ(parameters.find("with shared tensors counted again") != std::string::npos, differs);
  if (differs) {
    EXPECT_NE(parameters.find("; " + grouped_digits(naive) + " with"), std::string::npos)
        << parameters;
  }
  EXPECT_EQ(fact("tensor bytes"), totals.at("unique").at("bytes"));
}

std::string name_of(const testing::TestParamInfo<std::size_t>& parameter) {
  return test_name(sample_paths().at(parameter.param));
}

INSTANTIATE_TEST_SUITE_P(EverySample, AuditText,
                         testing::Range(std::size_t{0}, manifest().at("models").size()), name_of);

}  // namespace
}  // namespace tally::tests
