#include <app/compare/compare_report.h>
#include <app/compare/folded_names.h>
#include <report/quantities.h>
#include <report/views.h>

#include <utility>

namespace tally::app {
namespace {

using inspector::EvidentSize;
using inspector::GuideComparison;
using inspector::GuideRow;
using namespace report;

constexpr std::size_t kNamesShown = 4;
constexpr const char* kFormula = "V·H + 2048·H + L·(12·H·H + 9·H) + H·V";

struct Size {
  const char* field;
  const char* symbol;
  std::int64_t value;
  const EvidentSize& found;
};

std::vector<Size> sizes(const GuideComparison& guide) {
  return {{"vocab_size", "V", guide.inputs.vocab_size, guide.subject.vocab_size},
          {"hidden_size", "H", guide.inputs.hidden_size, guide.subject.hidden_size},
          {"num_layers", "L", guide.inputs.num_layers, guide.subject.num_layers}};
}

std::string evidence(const Compared& c, const Size& size) {
  if (size.found.value != size.value) {
    return size.found.value
               ? "as given; the model shows " + report::grouped(Int128{*size.found.value}) + " (" +
                     size.found.reason + ")"
               : "as given; not evident: " + size.found.reason;
  }
  std::string text = size.found.reason;
  if (!size.found.tensors.empty()) text += ": " + shown(c.snapshot, size.found.tensors.front());
  return text;
}

Object size_value(const Compared& c, const Size& size) {
  List proof;
  for (const TensorId t : size.found.tensors) proof.emplace_back(shown(c.snapshot, t));
  return {{"value", Count{size.value}},
          {"evident", size.found.value ? Value(Count{*size.found.value}) : Value()},
          {"reason", size.found.reason},
          {"evidence", std::move(proof)}};
}

std::vector<TensorId> tensors_of(const Compared& c, const GuideRow& row) {
  std::vector<TensorId> tensors;
  for (const WeightId i : row.weights) tensors.push_back(c.weights[i].tensor);
  return tensors;
}

/// The cells of one row, in the order of table_of()'s columns.
Row cells_of(const Compared& c, const GuideRow& r) {
  List names;
  for (const TensorId t : tensors_of(c, r))
    names.emplace_back(full_name(c.snapshot, c.snapshot.tensors[t]));
  const Int128 size =
      r.difference_params < 0 ? -Int128{r.difference_params} : Int128{r.difference_params};
  const bool has_share = r.difference_params != 0 && r.real_params != 0;
  Row row;
  row.depth = r.depth;
  if (r.depth > 0) row.tone = Tone::kMuted;
  row.cells = {r.component,
               Count{r.guide_params},
               Count{r.real_params},
               Difference{r.difference_params},
               has_share ? Value(report::Share{size, r.real_params}) : Value(),
               r.reason,
               std::move(names),
               folded_names_text(c.snapshot, tensors_of(c, r), kNamesShown)};
  return row;
}

Table table_of(std::string key) {
  Table table;
  table.key = std::move(key);
  table.columns = {{"component", "component"},
                   {"guide_params", "guide", Align::kRight},
                   {"real_params", "real", Align::kRight},
                   {"difference_params", "difference", Align::kRight},
                   {"", "of real", Align::kRight},
                   {"reason", ""},
                   {"tensors", ""},
                   {"", "tensors", Align::kLeft, true}};
  table.columns[5].programs = table.columns[6].programs = true;
  return table;
}

}  // namespace

report::Report guide_comparison_report(const Compared& c) {
  const GuideComparison& guide = c.guide();
  report::Report report;
  report.command = "compare";
  report.title = "Compared with the guide: " + c.snapshot.path;
  report::Section& body = report.body;
  body.add(Data{"profile", "guide"});
  body.add(Heading{{{"path", report::Path{c.snapshot.path}}, {"", " and the guide's formula"}}, 1});
  Facts facts;
  Object inputs;
  for (const Size& size : sizes(guide)) {
    facts.facts.push_back({std::string(size.symbol) + " " + size.field,
                           {{"", Count{size.value}}, {"", "  " + evidence(c, size)}}});
    inputs.emplace_back(size.field, size_value(c, size));
  }
  facts.facts.push_back({"formula", {{"formula", kFormula}}});
  body.add(std::move(facts));
  body.add(Data{"inputs", std::move(inputs)});
  add_checks(c.gates, body);
  Table components = table_of("components"), parts = table_of("parts_of_transformer_layers");
  components.main = true;
  parts.programs = true;
  for (const GuideRow& r : guide.rows) {
    // The two parts of the layers say where a difference comes from; without one they say nothing.
    if (r.depth > 0) parts.rows.push_back(cells_of(c, r));
    if (r.depth > 0 && r.difference_params == 0) continue;
    components.rows.push_back(cells_of(c, r));
    components.rows.back().people_only = r.depth > 0;
  }
  components.footer.push_back(cells_of(c, guide.total));
  body.add(std::move(components));
  body.add(std::move(parts));
  body.add(Data{"total", Object{{"guide_params", Count{guide.total.guide_params}},
                                {"real_params", Count{guide.total.real_params}},
                                {"difference_params", Difference{guide.total.difference_params}}}});
  body.add(checks_table(c.gates));
  if (guide.total.difference_params == 0) {
    body.add(report::Note{{{"", "The guide's formula is exact for this model."}}, Tone::kGood});
    return report;
  }
  Facts why;
  for (const GuideRow& r : guide.rows) {
    if (!r.reason.empty())
      why.facts.push_back(
          {(r.depth > 0 ? "  " : "") + report::text_of(Difference{r.difference_params}),
           {{"", r.component + ": " + r.reason}}});
  }
  body.add(Heading{{{"", "Where the difference of "},
                    {"", Difference{guide.total.difference_params}},
                    {"", " comes from"}}});
  body.add(std::move(why));
  return report;
}

}  // namespace tally::app
