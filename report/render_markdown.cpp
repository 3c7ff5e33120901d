#include <report/printable.h>
#include <report/render.h>
#include <report/text_width.h>
#include <report/tree_lines.h>

#include <algorithm>
#include <cctype>

namespace tally::report {
using namespace layout;
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; }

// Whether GitHub would make more of what begins here than letters, whatever is escaped: it looks
// for addresses, people and issues in the text that Markdown has come to (GFM 0.29, section 6.9:
// "www.",
// "://" behind a scheme, "@" in an address; and its own @name and #1).
bool begins_link(std::string_view text, std::size_t i) {
  const auto next = [&](std::size_t k) { return i + k < text.size() ? text[i + k] : '\0'; };
  switch (text[i]) {
    case '@':
    case '#':
      return is_word(next(1)) || next(1) == '_' || next(1) == '-';
    case ':':
      return next(1) == '/' && next(2) == '/';
    case '.':
      return i >= 3 && std::tolower(text[i - 1]) == 'w' && std::tolower(text[i - 2]) == 'w' &&
             std::tolower(text[i - 3]) == 'w';
    default:
      return false;
  }
}

// `text` so that GitHub's Markdown shows exactly its characters, inside a line or a table's cell.
std::string escaped(const std::string& raw) {
  const std::string text = printable(raw);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    bool special = std::string_view("\\`*[]<>|~&$#").find(c) != std::string_view::npos;
    if (c == '_') {
      // Between letters an underscore is never emphasis; state_dict keys stay readable.
      special = i == 0 || i + 1 == text.size() || !is_word(text[i - 1]) || !is_word(text[i + 1]);
    }
    if (special) out += '\\';
    out += c;
    if (begins_link(text, i)) out += "<!-- -->";  // nothing is shown, and no link goes over it
  }
  return out;
}

// The same where a line begins: there also digits and signs can start a list, a heading or a rule.
std::string escaped_line(const std::string& raw) {
  std::string text = escaped(raw);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits > 0 && digits < text.size() && (text[digits] == '.' || text[digits] == ')')) {
    text.insert(digits, 1, '\\');
  } else if (!text.empty() && std::string_view("-+=").find(text[0]) != std::string_view::npos) {
    text.insert(0, 1, '\\');
  }
  return text;
}

std::string emphasized(const std::string& text, Tone tone) {
  if (text.empty()) return text;
  switch (tone) {
    case Tone::kStrong:
    case Tone::kBad:
    case Tone::kWarning:
      return "**" + text + "**";
    case Tone::kMuted:
      return "*" + text + "*";
    default:
      return text;
  }
}

std::string padded(const std::string& text, int width, Align align) {
  const std::string padding(static_cast<std::size_t>(std::max(width - display_width(text), 0)),
                            ' ');
  return align == Align::kRight ? padding + text : text + padding;
}

struct WriteBlock {
  std::string& out;

  void operator()(const Heading& heading) const {
    out += std::string(static_cast<std::size_t>(std::clamp(heading.level, 1, 6)), '#') + ' ' +
           escaped(heading.text) + '\n';
  }

  void operator()(const Paragraph& paragraph) const {
    out += emphasized(escaped_line(paragraph.text), paragraph.tone) + '\n';
  }

  void operator()(const Facts& facts) const {
    for (const auto& fact : facts.facts) {
      out += "- " + escaped_line(fact.label) + ": " + emphasized(escaped(fact.value), fact.tone) +
             '\n';
    }
  }

  void operator()(const Verbatim& verbatim) const {
    const std::string text = printable_lines(verbatim.text);
    // A fence must be longer than any run of backticks inside.
    std::size_t longest = 2;
    for (std::size_t i = 0, run = 0; i < text.size(); ++i) {
      run = text[i] == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    out +=
        fence + "text\n" + text + (text.empty() || text.back() == '\n' ? "" : "\n") + fence + '\n';
  }

  void operator()(const Table& table) const {
    if (!table.title.empty()) out += "**" + escaped(table.title) + "**\n\n";
    std::vector<std::vector<std::string>> lines(1);
    for (const Column& column : table.columns) lines[0].push_back(escaped(column.title));
    const auto branches = tree_lines(table.rows, kMarkdownTree);
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      lines.push_back(cells_of(table, table.rows[r], branches[r], table.rows[r].tone));
    }
    for (const Row& row : table.footer) lines.push_back(cells_of(table, row, "", Tone::kStrong));

    std::vector<int> widths;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      int width = 3;  // the least that "---" needs
      for (const auto& line : lines) width = std::max(width, display_width(line[c]));
      widths.push_back(width);
    }
    for (std::size_t l = 0; l < lines.size(); ++l) {
      out += '|';
      for (std::size_t c = 0; c < widths.size(); ++c) {
        out += ' ' + padded(lines[l][c], widths[c], table.columns[c].align) + " |";
      }
      out += '\n';
      if (l > 0) continue;
      out += '|';
      for (std::size_t c = 0; c < widths.size(); ++c) {
        const std::string dashes(static_cast<std::size_t>(widths[c]), '-');
        out += table.columns[c].align == Align::kRight ? ' ' + dashes + ":|" : ' ' + dashes + " |";
      }
      out += '\n';
    }
  }

  static std::vector<std::string> cells_of(const Table& table, const Row& row,
                                           const std::string& branch, Tone tone) {
    std::vector<std::string> cells(table.columns.size());
    for (std::size_t c = 0; c < cells.size() && c < row.cells.size(); ++c) {
      cells[c] = emphasized(escaped(row.cells[c]), tone);
    }
    if (!cells.empty()) cells[0].insert(0, branch);
    return cells;
  }
};

}  // namespace

std::string render_markdown(const Document& document) {
  std::string out;
  for (const Block& block : document.blocks) {
    if (!out.empty()) out += '\n';
    std::visit(WriteBlock{out}, block);
  }
  return out;
}

}  // namespace tally::report
