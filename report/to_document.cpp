#include <report/quantities.h>
#include <report/views.h>

#include <cmath>

namespace tally::report {
namespace {

struct TextOf {
  Units units;

  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool flag) const { return flag ? "yes" : "no"; }
  std::string operator()(const Count& count) const {
    return Wide::of(count.n).to_int64() ? count_text(static_cast<std::int64_t>(count.n), units)
                                        : grouped(count.n);
  }
  std::string operator()(const Bytes& bytes) const {
    const Units shown = bytes.rounded && units == Units::kExact ? Units::kIec : units;
    return Wide::of(bytes.n).to_int64() ? bytes_text(static_cast<std::int64_t>(bytes.n), shown)
                                        : grouped(bytes.n) + " B";
  }
  std::string operator()(const Flops& flops) const { return grouped(flops.n); }
  std::string operator()(const Ratio& ratio) const {
    if (!std::isfinite(ratio.value)) return "-";
    return fixed(100 * ratio.value, ratio.decimals) + " %";
  }
  std::string operator()(const Share& share) const {
    return percent(share.part, share.whole, share.decimals);
  }
  std::string operator()(const Difference& difference) const {
    return (difference.n > 0 ? "+" : "") + grouped(difference.n);
  }
  std::string operator()(const Written&) const { return ""; }
  std::string operator()(const Real& real) const {
    if (!std::isfinite(real.value)) return "-";
    return fixed(real.value, real.decimals) + (real.unit.empty() ? "" : " " + real.unit);
  }
  std::string operator()(const Integer& integer) const { return std::to_string(integer.n); }
  std::string operator()(const Shape& shape) const {
    std::string text = "[";
    for (const std::int64_t size : shape.sizes)
      text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
  }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const Path& path) const { return path.text; }
  std::string operator()(const Literal& literal) const { return literal.json; }
  std::string operator()(const List& list) const {
    std::string text;
    for (const Value& item : list)
      text += (text.empty() ? "" : ", ") + std::visit(*this, item.held());
    return text;
  }
  std::string operator()(const Object& object) const {
    std::string text;
    for (const auto& [key, value] : object)
      text += (text.empty() ? "" : ", ") + key + " " + std::visit(*this, value.held());
    return text;
  }
};

std::string phrase_text(const Phrase& phrase, Units units) {
  std::string text;
  for (const Piece& piece : phrase) text += text_of(piece.value, units);
  return text;
}

layout::Row laid_out(const Row& row, const std::vector<std::size_t>& columns, Units units) {
  layout::Row out;
  for (const std::size_t c : columns)
    out.cells.push_back(c < row.cells.size() ? text_of(row.cells[c], units) : "");
  out.depth = row.depth;
  out.tone = row.tone;
  out.share = row.share;
  return out;
}

class Layout {
 public:
  Layout(Units units, layout::Document& document) : units_(units), document_(document) {}

  void operator()(const Heading& heading) const {
    document_.add(layout::Heading{phrase_text(heading.text, units_), heading.level});
  }
  void operator()(const Note& note) const {
    document_.add(layout::Paragraph{phrase_text(note.text, units_), note.tone});
  }
  void operator()(const Facts& facts) const {
    layout::Facts out;
    for (const Fact& fact : facts.facts) {
      if (!fact.label.empty())
        out.facts.push_back({fact.label, phrase_text(fact.text, units_), fact.tone});
    }
    if (!out.facts.empty()) document_.add(std::move(out));
  }
  void operator()(const Verbatim& verbatim) const {
    document_.add(layout::Verbatim{verbatim.text});
  }
  void operator()(const Data&) const {}
  void operator()(const Table& table) const {
    if (table.programs) return;
    layout::Table out;
    out.title = table.title;
    std::vector<std::size_t> shown;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Column& column = table.columns[c];
      if (column.programs) continue;
      shown.push_back(c);
      out.columns.push_back(
          {column.title,
           column.align == Align::kRight ? layout::Align::kRight : layout::Align::kLeft,
           column.may_shrink});
    }
    for (const Row& row : table.rows) out.rows.push_back(laid_out(row, shown, units_));
    for (const Row& row : table.footer) out.footer.push_back(laid_out(row, shown, units_));
    document_.add(std::move(out));
  }
  void operator()(const Section& section) const {
    for (const Block& block : section.blocks) std::visit(*this, block);
  }

 private:
  Units units_;
  layout::Document& document_;
};

}  // namespace

std::string text_of(const Value& value, Units units) {
  return std::visit(TextOf{units}, value.held());
}

layout::Document to_document(const Report& report, Units units) {
  layout::Document document;
  document.title = report.title;
  const Layout layout(units, document);
  for (const Block& block : report.body.blocks) std::visit(layout, block);
  return document;
}

}  // namespace tally::report
