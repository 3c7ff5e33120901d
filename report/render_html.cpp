#include <report/html_style.h>
#include <report/printable.h>
#include <report/render.h>
#include <report/text_width.h>

#include <algorithm>
#include <cstdio>

namespace tally::report {
using namespace layout;
namespace {

constexpr int kDeepestIndent = 24;
constexpr std::size_t kRowsShownOpen = 60;  // a longer tree starts with its deeper levels closed
constexpr int kOpenLevels = 2;

// `text`, which is printable, with what HTML would read as more than letters.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escaped_line(const std::string& raw) { return escaped(printable(raw)); }

const char* tone_class(Tone tone) {
  switch (tone) {
    case Tone::kStrong:
      return "strong";
    case Tone::kMuted:
      return "muted";
    case Tone::kGood:
      return "good";
    case Tone::kBad:
      return "bad";
    case Tone::kWarning:
      return "warning";
    case Tone::kNormal:
      break;
  }
  return "";
}

// The attribute for classes that may be none.
std::string classes(std::string names) {
  names.erase(0, names.find_first_not_of(' '));
  names.erase(names.find_last_not_of(' ') + 1);
  return names.empty() ? "" : " class=\"" + names + '"';
}

// A bar for `share` of the whole. Only a picture: the cells hold the numbers.
std::string bar(double share) {
  char width[16];
  std::snprintf(width, sizeof width, "%.2f", std::clamp(share, 0.0, 1.0) * 100);
  return std::string(
             "<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" "
             "aria-hidden=\"true\">"
             "<rect class=\"track\" width=\"100\" height=\"6\"/><rect class=\"fill\" width=\"") +
         width + "\" height=\"6\"/></svg>";
}

bool has_shares(const Table& table) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [](const Row& row) { return row.share >= 0; });
}

bool is_tree(const Table& table) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [](const Row& row) { return row.depth > 0; });
}

std::string cell_of(const Row& row, std::size_t column) {
  return column < row.cells.size() ? escaped_line(row.cells[column]) : std::string();
}

std::string align_class(const Column& column) {
  return column.align == Align::kRight ? " number" : "";
}

void write_flat_table(std::string& out, const Table& table) {
  const bool bars = has_shares(table);
  out += "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const Column& column : table.columns) {
    out += "<th scope=\"col\"" + classes(align_class(column)) + '>' + escaped_line(column.title) +
           "</th>";
  }
  if (bars) out += "<th aria-hidden=\"true\"></th>";
  out += "</tr></thead>\n";
  const auto write_rows = [&](const std::vector<Row>& rows, const char* section) {
    if (rows.empty()) return;
    out += std::string("<") + section + ">\n";
    for (const Row& row : rows) {
      out += "<tr" + classes(tone_class(row.tone)) + '>';
      for (std::size_t c = 0; c < table.columns.size(); ++c) {
        out += "<td" + classes(align_class(table.columns[c])) + '>' + cell_of(row, c) + "</td>";
      }
      if (bars) out += "<td class=\"share\">" + (row.share >= 0 ? bar(row.share) : "") + "</td>";
      out += "</tr>\n";
    }
    out += std::string("</") + section + ">\n";
  };
  write_rows(table.rows, "tbody");
  write_rows(table.footer, "tfoot");
  out += "</table></div>\n";
}

// A tree is a nest of <details>, each row a grid with the same columns: a <table> cannot fold
// without a script.
class TreeWriter {
 public:
  TreeWriter(std::string& out, const Table& table)
      : out_(out), table_(table), bars_(has_shares(table)) {}

  void write() {
    out_ +=
        "<div class=\"scroll\"><div class=\"tree\" style=\"--columns:" + grid_columns() + "\">\n";
    out_ += "<div class=\"row head\">";
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      write_cell(c, escaped_line(table_.columns[c].title), "");
    }
    if (bars_) out_ += "<span></span>";
    out_ += "</div>\n";

    const std::vector<Row>& rows = table_.rows;
    std::vector<int> open;  // depths of the rows whose <details> is open
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const int depth = std::max(rows[r].depth, 0);
      while (!open.empty() && open.back() >= depth) close_one(open);
      const bool has_children = r + 1 < rows.size() && rows[r + 1].depth > depth;
      if (has_children) {
        const bool shown = rows.size() <= kRowsShownOpen || depth < kOpenLevels;
        out_ += shown ? "<details open><summary class=\"" : "<details><summary class=\"";
      } else {
        out_ += "<div class=\"";
      }
      write_row(rows[r], std::min(depth, kDeepestIndent));
      out_ += has_children ? "</summary>\n" : "</div>\n";
      if (has_children) open.push_back(depth);
    }
    while (!open.empty()) close_one(open);

    for (const Row& row : table_.footer) {
      out_ += "<div class=\"total ";
      write_row(row, 0);
      out_ += "</div>\n";
    }
    out_ += "</div></div>\n";
  }

 private:
  // Widths from the text, in units of a digit, so that the columns of separate grids line up.
  std::string grid_columns() const {
    std::string out;
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      int width = display_width(printable(table_.columns[c].title));
      for (const std::vector<Row>* rows : {&table_.rows, &table_.footer}) {
        for (const Row& row : *rows) {
          if (c < row.cells.size()) width = std::max(width, display_width(printable(row.cells[c])));
        }
      }
      const std::string text_width = std::to_string(std::min(width, 28) + 1) + "ch";
      if (c == 0) {
        out += "minmax(var(--name,18rem),1fr)";
      } else if (table_.columns[c].align == Align::kRight) {
        out += ' ' + text_width;
      } else {
        out += " minmax(6rem," + text_width + ')';  // words may wrap, numbers may not
      }
    }
    return out + (bars_ ? " var(--bar,8rem)" : "");
  }

  void close_one(std::vector<int>& open) {
    out_ += "</details>\n";
    open.pop_back();
  }

  void write_cell(std::size_t column, const std::string& html, const std::string& attributes) {
    const std::string names = (column == 0 ? "name" : "") + align_class(table_.columns[column]);
    out_ += "<span" + classes(names) + attributes + '>' + html + "</span>";
  }

  // The rest of a row's tag, whose class attribute is open, and its cells.
  void write_row(const Row& row, int depth) {
    const std::string tone = tone_class(row.tone);
    out_ += "row" + (tone.empty() ? "" : ' ' + tone) + "\">";
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      const bool indents = c == 0 && depth > 0;
      write_cell(c, cell_of(row, c),
                 indents ? " style=\"--depth:" + std::to_string(depth) + '"' : "");
    }
    if (bars_)
      out_ += "<span class=\"share\">" + (row.share >= 0 ? bar(row.share) : "") + "</span>";
  }

  std::string& out_;
  const Table& table_;
  const bool bars_;
};

struct WriteBlock {
  std::string& out;

  void operator()(const Heading& heading) const {
    const std::string tag = "h" + std::to_string(std::clamp(heading.level, 1, 6));
    out += '<' + tag + '>' + escaped_line(heading.text) + "</" + tag + ">\n";
  }

  void operator()(const Paragraph& paragraph) const {
    out +=
        "<p" + classes(tone_class(paragraph.tone)) + '>' + escaped_line(paragraph.text) + "</p>\n";
  }

  void operator()(const Facts& facts) const {
    out += "<dl>\n";
    for (const auto& fact : facts.facts) {
      out += "<div><dt>" + escaped_line(fact.label) + "</dt><dd" + classes(tone_class(fact.tone)) +
             '>' + escaped_line(fact.value) + "</dd></div>\n";
    }
    out += "</dl>\n";
  }

  void operator()(const Verbatim& verbatim) const {
    // A line feed directly after <pre> is dropped by the parser, so one is spent.
    out += "<pre>\n" + escaped(printable_lines(verbatim.text)) + "</pre>\n";
  }

  void operator()(const Table& table) const {
    out += "<section class=\"table\">\n";
    if (!table.title.empty()) out += "<h3>" + escaped_line(table.title) + "</h3>\n";
    if (table.rows.empty() && table.footer.empty()) {
      out += "<p class=\"muted\">(none)</p>\n";
    } else if (is_tree(table)) {
      TreeWriter(out, table).write();
    } else {
      write_flat_table(out, table);
    }
    out += "</section>\n";
  }
};

}  // namespace

std::string render_html(const Document& document) {
  // The policy forbids scripts and every request, whatever a name may have smuggled past the
  // escaping.
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
  out += escaped_line(document.title.empty() ? "torchtally" : document.title);
  out += "</title>\n<style>\n";
  out += kHtmlStyle;
  out += "</style>\n</head>\n<body>\n<main>\n";
  for (const Block& block : document.blocks) std::visit(WriteBlock{out}, block);
  out += "</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace tally::report
