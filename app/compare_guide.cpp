#include <app/compare_guide.h>
#include <app/compare_names.h>
#include <report/json_text.h>
#include <report/numbers.h>

#include <nlohmann/json.hpp>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace inspector;
using nlohmann::ordered_json;

constexpr std::size_t kNamesShown = 4;

std::vector<TensorId> tensors_of(const Weights& weights, const std::vector<WeightId>& indices) {
  std::vector<TensorId> tensors;
  for (const WeightId i : indices) tensors.push_back(weights[i].tensor);
  return tensors;
}

struct Size {
  const char* field;
  const char* symbol;
  std::int64_t value;
  const EvidentSize& found;
};

std::vector<Size> sizes(const GuideComparison& c) {
  return {{"vocab_size", "V", c.inputs.vocab_size, c.subject.vocab_size},
          {"hidden_size", "H", c.inputs.hidden_size, c.subject.hidden_size},
          {"num_layers", "L", c.inputs.num_layers, c.subject.num_layers}};
}

std::string evidence(const GuideCompared& g, const Size& size) {
  if (size.found.value != size.value) {
    return size.found.value ? "as given; the model shows " + grouped(*size.found.value) + " (" +
                                  size.found.reason + ")"
                            : "as given; not evident: " + size.found.reason;
  }
  std::string text = size.found.reason;
  if (!size.found.tensors.empty()) text += ": " + shown(g.snapshot, size.found.tensors.front());
  return text;
}

Row row(const GuideRow& r, const GuideCompared& g) {
  Row row;
  row.depth = r.depth;
  if (r.depth > 0) row.tone = Tone::kMuted;
  row.cells = {
      r.component,
      grouped(r.guide_params),
      grouped(r.real_params),
      signed_count(r.difference_params),
      percent(r.difference_params < 0 ? -r.difference_params : r.difference_params, r.real_params),
      folded_names_text(g.snapshot, tensors_of(g.weights, r.weights), kNamesShown)};
  if (r.difference_params == 0) row.cells[4] = "";
  if (r.real_params == 0 && r.difference_params != 0) row.cells[4] = "";
  return row;
}

Document document(const GuideCompared& g) {
  const GuideComparison& c = g.comparison;
  Document d;
  d.title = "Compared with the guide: " + g.snapshot.path;
  d.add(Heading{g.snapshot.path + " and the guide's formula", 1});
  Facts facts;
  for (const Size& size : sizes(c))
    facts.facts.push_back({std::string(size.symbol) + " " + size.field,
                           grouped(size.value) + "  " + evidence(g, size)});
  facts.facts.push_back(
      {"heads", grouped(c.inputs.num_attention_heads) + "  in no term of the guide's formula"});
  facts.facts.push_back({"formula", "V·H + 2048·H + L·(12·H·H + 9·H) + H·V"});
  d.add(facts);
  Table table;
  table.columns = {{"component", Align::kLeft}, {"guide", Align::kRight},
                   {"real", Align::kRight},     {"difference", Align::kRight},
                   {"of real", Align::kRight},  {"tensors", Align::kLeft, true}};
  for (const GuideRow& r : c.rows) {
    // The two parts of the layers say where a difference comes from; without one they say nothing.
    if (r.depth == 0 || r.difference_params != 0) table.rows.push_back(row(r, g));
  }
  table.footer.push_back(row(c.total, g));
  d.add(table);
  if (c.total.difference_params == 0) {
    d.add(Paragraph{"The guide's formula is exact for this model.", Tone::kGood});
    return d;
  }
  Facts why;
  for (const GuideRow& r : c.rows) {
    if (!r.reason.empty())
      why.facts.push_back({(r.depth > 0 ? "  " : "") + signed_count(r.difference_params),
                           r.component + ": " + r.reason});
  }
  d.add(Heading{"Where the difference of " + signed_count(c.total.difference_params) +
                " comes from"});
  d.add(why);
  return d;
}

ordered_json names_json(const GuideCompared& g, const std::vector<WeightId>& weights) {
  ordered_json names = ordered_json::array();
  for (const TensorId t : tensors_of(g.weights, weights))
    names.push_back(full_name(g.snapshot, g.snapshot.tensors[t]));
  return names;
}

ordered_json row_json(const GuideRow& r, const GuideCompared& g) {
  return {{"component", r.component},     {"guide_params", r.guide_params},
          {"real_params", r.real_params}, {"difference_params", r.difference_params},
          {"reason", r.reason},           {"tensors", names_json(g, r.weights)}};
}

std::string json(const GuideCompared& g) {
  const GuideComparison& c = g.comparison;
  ordered_json inputs = ordered_json::object();
  for (const Size& size : sizes(c)) {
    ordered_json proof = ordered_json::array();
    for (const TensorId t : size.found.tensors) proof.push_back(shown(g.snapshot, t));
    inputs[size.field] = {
        {"value", size.value},
        {"evident", size.found.value ? ordered_json(*size.found.value) : ordered_json(nullptr)},
        {"reason", size.found.reason},
        {"evidence", proof}};
  }
  inputs["num_attention_heads"] = {{"value", c.inputs.num_attention_heads}};
  ordered_json components = ordered_json::array(), parts = ordered_json::array();
  for (const GuideRow& r : c.rows) (r.depth == 0 ? components : parts).push_back(row_json(r, g));
  const ordered_json total = {{"guide_params", c.total.guide_params},
                              {"real_params", c.total.real_params},
                              {"difference_params", c.total.difference_params}};
  return json_text({{"schema_version", 1},
                    {"profile", "guide"},
                    {"path", g.snapshot.path},
                    {"formula", "V·H + 2048·H + L·(12·H·H + 9·H) + H·V"},
                    {"inputs", inputs},
                    {"components", components},
                    {"parts_of_transformer_layers", parts},
                    {"total", total}});
}

}  // namespace

OldReport guide_comparison_report(const GuideCompared& compared) {
  return {[&compared] { return document(compared); }, [&compared] { return json(compared); }};
}

}  // namespace tally::app
