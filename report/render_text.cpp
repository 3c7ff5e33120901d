#include <report/printable.h>
#include <report/render.h>
#include <report/text_width.h>
#include <report/tree_lines.h>

#include <algorithm>
#include <cmath>

namespace tally::report {
using namespace layout;
namespace {

constexpr int kIndent = 2;
constexpr int kGap = 2;        // between columns
constexpr int kNarrowest = 8;  // no cell is shortened below this
constexpr int kShortestBar = 8;
constexpr int kLongestBar = 24;

// Select Graphic Rendition parameters; the 16 colours every terminal lets its user choose.
constexpr const char* kMutedCode = "2";
constexpr const char* kStrongCode = "1";
constexpr const char* kBarCode = "36";

const char* color_code(Tone tone) {
  switch (tone) {
    case Tone::kStrong:
      return kStrongCode;
    case Tone::kMuted:
      return kMutedCode;
    case Tone::kGood:
      return "32";
    case Tone::kBad:
      return "31";
    case Tone::kWarning:
      return "33";
    case Tone::kNormal:
      break;
  }
  return "";
}

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

/// The text so far, and how to put more of it in colour.
class Canvas {
 public:
  explicit Canvas(const TextStyle& style) : style_(style) {}

  const TextStyle& style() const { return style_; }

  std::string painted(const std::string& text, const char* code) const {
    if (!style_.color || *code == '\0' || text.empty()) return text;
    return std::string("\x1b[") + code + 'm' + text + "\x1b[0m";
  }

  /// Ends a line; spaces at its end are dropped.
  void line(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    text_ += text;
    text_ += '\n';
  }

  void raw(const std::string& text) { text_ += text; }

  std::string take() { return std::move(text_); }

 private:
  TextStyle style_;
  std::string text_;
};

/// One table made ready: safe cells, tree lines, and the width of every column.
class TableText {
 public:
  TableText(const Table& table, const TextStyle& style)
      : table_(table),
        style_(style),
        rows_(cells_of(table.rows)),
        footer_(cells_of(table.footer)),
        lines_(tree_lines(table.rows, style.unicode ? kUnicodeTree : kAsciiTree)) {
    measure();
    if (style.width > 0) fit(style.width);
  }

  void draw(Canvas& canvas) const {
    if (!table_.title.empty()) canvas.line(canvas.painted(printable(table_.title), kStrongCode));
    if (has_titles()) {
      std::string titles = spaces(kIndent);
      for (std::size_t c = 0; c < table_.columns.size(); ++c) {
        append_cell(canvas, titles, c, "", printable(table_.columns[c].title), kStrongCode);
      }
      canvas.line(titles);
      draw_rule(canvas);
    }
    for (std::size_t r = 0; r < rows_.size(); ++r)
      draw_row(canvas, table_.rows[r], rows_[r], lines_[r]);
    if (rows_.empty()) canvas.line(spaces(kIndent) + canvas.painted("(none)", kMutedCode));
    if (footer_.empty()) return;
    draw_rule(canvas);
    for (std::size_t r = 0; r < footer_.size(); ++r)
      draw_row(canvas, table_.footer[r], footer_[r], "");
  }

 private:
  std::vector<std::vector<std::string>> cells_of(const std::vector<Row>& rows) const {
    std::vector<std::vector<std::string>> cells;
    cells.reserve(rows.size());
    for (const Row& row : rows) {
      auto& out = cells.emplace_back(table_.columns.size());
      for (std::size_t c = 0; c < out.size() && c < row.cells.size(); ++c)
        out[c] = printable(row.cells[c]);
    }
    return cells;
  }

  bool has_titles() const {
    return std::any_of(table_.columns.begin(), table_.columns.end(),
                       [](const Column& column) { return !column.title.empty(); });
  }

  void measure() {
    for (const Column& column : table_.columns)
      widths_.push_back(display_width(printable(column.title)));
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      for (std::size_t c = 0; c < widths_.size(); ++c) {
        const int line = c == 0 ? display_width(lines_[r]) : 0;
        widths_[c] = std::max(widths_[c], line + display_width(rows_[r][c]));
      }
    }
    for (const auto& cells : footer_) {
      for (std::size_t c = 0; c < widths_.size(); ++c)
        widths_[c] = std::max(widths_[c], display_width(cells[c]));
    }
  }

  int table_width() const {
    int width = kIndent - kGap;
    for (const int column : widths_) width += column + kGap;
    return width;
  }

  int least_width(std::size_t column) const {
    int line = 0;
    if (column == 0) {
      for (const std::string& text : lines_) line = std::max(line, display_width(text));
    }
    return line + kNarrowest;
  }

  // Takes from the widest column that may shrink, until the table fits or nothing is left to take.
  // What is free beside the table goes to the bars.
  void fit(int width) {
    for (int excess = table_width() - width; excess > 0; --excess) {
      int* widest = nullptr;
      for (std::size_t c = 0; c < widths_.size(); ++c) {
        const bool shrinks = table_.columns[c].may_shrink && widths_[c] > least_width(c);
        if (shrinks && (widest == nullptr || widths_[c] > *widest)) widest = &widths_[c];
      }
      if (widest == nullptr) break;
      --*widest;
    }
    const int room = std::min(width - table_width() - kGap, kLongestBar);
    const bool has_shares = std::any_of(table_.rows.begin(), table_.rows.end(),
                                        [](const Row& row) { return row.share >= 0; });
    if (style_.bars && has_shares && room >= kShortestBar) bar_width_ = room;
  }

  void append_cell(const Canvas& canvas, std::string& out, std::size_t c, const std::string& line,
                   const std::string& cell, const char* code) const {
    const int room = widths_[c] - display_width(line);
    const bool shrinks = table_.columns[c].may_shrink && style_.width > 0;
    const std::string text =
        shrinks ? shortened(cell, std::max(room, 1), style_.unicode ? "…" : "...") : cell;
    const std::string padding = spaces(room - display_width(text));
    const bool right = table_.columns[c].align == Align::kRight;
    if (c > 0) out += spaces(kGap);
    out += canvas.painted(line, kMutedCode);
    if (right) out += padding;
    out += canvas.painted(text, code);
    if (!right) out += padding;
  }

  void draw_row(Canvas& canvas, const Row& row, const std::vector<std::string>& cells,
                const std::string& line) const {
    std::string out = spaces(kIndent);
    for (std::size_t c = 0; c < cells.size(); ++c) {
      append_cell(canvas, out, c, c == 0 ? line : "", cells[c], color_code(row.tone));
    }
    if (bar_width_ > 0 && row.share >= 0)
      out += spaces(kGap) + canvas.painted(bar(row.share), kBarCode);
    canvas.line(out);
  }

  void draw_rule(Canvas& canvas) const {
    std::string rule;
    for (int i = kIndent; i < table_width(); ++i) rule += style_.unicode ? "─" : "-";
    canvas.line(spaces(kIndent) + canvas.painted(rule, kMutedCode));
  }

  std::string bar(double share) const {
    constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const int steps = style_.unicode ? 8 : 1;
    const int length = static_cast<int>(std::lround(std::min(share, 1.0) * bar_width_ * steps));
    std::string out;
    for (int i = 0; i < length / steps; ++i) out += style_.unicode ? "█" : "#";
    return out + (style_.unicode ? kEighths[length % steps] : "");
  }

  const Table& table_;
  const TextStyle& style_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::vector<std::string>> footer_;
  std::vector<std::string> lines_;
  std::vector<int> widths_;
  int bar_width_ = 0;
};

struct DrawBlock {
  Canvas& canvas;

  void operator()(const Heading& heading) const {
    canvas.line(canvas.painted(printable(heading.text), heading.level == 1 ? "1;4" : kStrongCode));
  }

  void operator()(const Paragraph& paragraph) const {
    const std::string text = printable(paragraph.text);
    const int width = canvas.style().width;
    for (const std::string& line :
         width > 0 ? wrapped(text, width) : std::vector<std::string>{text}) {
      canvas.line(canvas.painted(line, color_code(paragraph.tone)));
    }
  }

  void operator()(const Facts& facts) const {
    int widest = 0;
    for (const auto& fact : facts.facts)
      widest = std::max(widest, display_width(printable(fact.label)));
    for (const auto& fact : facts.facts) {
      const std::string label = printable(fact.label);
      canvas.line(spaces(kIndent) + label + spaces(widest - display_width(label) + kGap) +
                  canvas.painted(printable(fact.value), color_code(fact.tone)));
    }
  }

  void operator()(const Verbatim& verbatim) const {
    canvas.raw(printable_lines(verbatim.text));
    if (!verbatim.text.empty() && verbatim.text.back() != '\n') canvas.raw("\n");
  }

  void operator()(const Table& table) const { TableText(table, canvas.style()).draw(canvas); }
};

// A heading stands directly above what it names, and paragraphs in a row are the lines of one.
bool are_together(const Block& above, const Block& below) {
  if (std::holds_alternative<Heading>(above)) return !std::holds_alternative<Heading>(below);
  return std::holds_alternative<Paragraph>(above) && std::holds_alternative<Paragraph>(below);
}

}  // namespace

std::string render_text(const Document& document, const TextStyle& style) {
  Canvas canvas(style);
  const Block* above = nullptr;
  for (const Block& block : document.blocks) {
    if (above != nullptr && !are_together(*above, block)) canvas.raw("\n");
    std::visit(DrawBlock{canvas}, block);
    above = &block;
  }
  return canvas.take();
}

}  // namespace tally::report
