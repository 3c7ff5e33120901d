#include <app/audit_report.h>
#include <app/compare_line.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace inspector;

std::int64_t elements_of(const Tally& t) { return sum(t.unique).elements; }
std::int64_t other_elements(const Tally& t) { return elements_of(t) - t.parameters().elements; }

std::string plural(std::int64_t n, const std::string& noun) {
  return grouped(n) + " " + noun + (n == 1 ? "" : "s");
}

std::string trainable_text(const Census& c) {
  if (c.all.parameters().elements == 0) return "";
  if (c.all.fixed.elements == 0) return "  all trainable";
  if (c.all.trainable.elements == 0) return "  none trainable";
  return "  " + grouped(c.all.trainable.elements) + " trainable, " + grouped(c.all.fixed.elements) +
         " frozen";
}

/// What counting every name (of constants: every use) would give, where that differs.
std::string naive_text(const Census& c, std::size_t kind, const AuditView& view) {
  const std::int64_t naive = c.naive_by_kind[kind].elements;
  if (naive == c.all.unique[kind].elements) return "";
  const bool constants = static_cast<TensorKind>(kind) == TensorKind::kConstant;
  return "; " + count_text(naive, view.units) +
         (constants ? " with every use counted" : " with shared tensors counted again");
}

Facts totals(const AuditedModel::Contents& model, const AuditView& view) {
  const Census& c = model.census;
  Facts facts;
  const ModelSnapshot& s = model.snapshot;
  facts.facts.push_back({"format", s.format + ", archive version " +
                                       std::to_string(s.archive_version) + ", " +
                                       bytes_text(s.file_bytes, view.units)});
  // With a filter the census holds a part of the model only: nothing to recognise.
  const auto recognised = model.selected.empty() ? recognise(s, c) : std::nullopt;
  const std::string line = recognised ? recognition_line(*recognised) : "";
  if (!line.empty()) facts.facts.push_back({"recognised as", line});
  facts.facts.push_back({"parameters",
                         count_text(c.all.parameters().elements, view.units) + trainable_text(c) +
                             naive_text(c, 0, view),
                         Tone::kStrong});
  for (std::size_t kind = 1; kind < kTensorKinds; ++kind) {
    const Count& count = c.all.unique[kind];
    if (count.tensors == 0) continue;
    static constexpr const char* kLabels[] = {"",      "buffers",    "packed",
                                              "state", "attributes", "constants"};
    facts.facts.push_back({kLabels[kind], count_text(count.elements, view.units) +
                                              "  elements in " + plural(count.tensors, "tensor") +
                                              ", " + bytes_text(count.bytes, view.units) +
                                              naive_text(c, kind, view)});
  }
  if (c.quantization_parts.tensors > 0) {
    facts.facts.push_back({"scales, zero points",
                           count_text(c.quantization_parts.elements, view.units) + "  elements, " +
                               bytes_text(c.quantization_parts.bytes, view.units) +
                               ", counted apart"});
  }
  std::string dtypes;
  for (const auto& [dtype, count] : c.by_dtype)
    dtypes += (dtypes.empty() ? "" : ", ") + dtype + " " + count_text(count.elements, view.units);
  if (!dtypes.empty()) facts.facts.push_back({"by dtype", dtypes});
  facts.facts.push_back({"tensor bytes", bytes_text(c.unique.bytes, view.units) +
                                             " in storages of " +
                                             bytes_text(c.storage_bytes, view.units)});
  return facts;
}

/// A literal of the code as short as it reads back: 1.0000000000000001e-05 is 1e-05.
std::string short_literal(const std::string& literal) {
  const auto value = nlohmann::json::parse(literal, nullptr, false);
  return value.is_discarded() ? literal : value.dump();
}

std::string constants_text(const ModuleNode& module) {
  std::string text;
  for (const auto* list : {&module.constants, &module.attributes}) {
    for (const auto& [key, value] : *list) {
      if (key.front() == '_' || key == "training") continue;
      text += (text.empty() ? "" : ", ") + key + "=" + short_literal(value);
    }
  }
  return text;
}

/// Which columns a model's tree needs.
class ModuleTable {
 public:
  ModuleTable(const AuditedModel::Contents& model, const AuditView& view)
      : model_(model), view_(view) {
    const Tally& all = model.census.all;
    has_parameters_ = all.parameters().elements > 0;
    has_others_ = other_elements(all) > 0;
    has_again_ = sum(all.again).elements > 0;
    whole_ = has_parameters_ ? all.parameters().elements : elements_of(all);
  }

  Table build() {
    Table table;
    table.columns = {{"module", Align::kLeft, true}, {"type", Align::kLeft, true}};
    if (has_parameters_) table.columns.push_back({"parameters", Align::kRight});
    if (has_parameters_ && has_others_) table.columns.push_back({"others", Align::kRight});
    if (!has_parameters_) table.columns.push_back({"elements", Align::kRight});
    table.columns.push_back({"share", Align::kRight});
    if (has_again_) table.columns.push_back({"again", Align::kRight});
    table.columns.push_back({"bytes", Align::kRight});
    FoldedNode root = fold(model_.snapshot, model_.census);
    if (root.label.empty()) root.label = "(root)";
    arrange(root, view_.order, view_.rows,
            has_parameters_ ? [](const Tally& t) { return t.parameters().elements; } : elements_of);
    add(root, 0, table);
    table.footer.push_back(row("TOTAL", "", model_.census.all, 0));
    return table;
  }

 private:
  void add(const FoldedNode& node, int depth, Table& table) {
    const bool cut = view_.depth >= 0 && depth >= view_.depth;
    std::string label = node.label;
    if (node.times() > 1 && !is_others(node)) label += " ×" + std::to_string(node.times());
    table.rows.push_back(row(label, is_others(node) ? "" : type_of(node), node.total, depth));
    if (cut) return;
    // What a module holds itself has a row where there are other rows that it must add up with.
    const bool holds = sum(node.own.unique).tensors + sum(node.own.again).tensors > 0;
    if (holds && !node.children.empty()) {
      table.rows.push_back(row("[own]", "", node.own, depth + 1));
      table.rows.back().tone = Tone::kMuted;
    }
    for (const FoldedNode& child : node.children) {
      if (model_.selected.empty() || holds_some(child)) add(child, depth + 1, table);
    }
  }

  /// Below a filter, modules without any of its tensors are left out.
  static bool holds_some(const FoldedNode& node) {
    return sum(node.total.unique).tensors + sum(node.total.again).tensors > 0;
  }

  static bool is_others(const FoldedNode& node) {
    return node.label.size() > 7 && node.label.front() == '[' &&
           node.label.compare(node.label.size() - 7, 7, "others]") == 0;
  }

  std::string type_of(const FoldedNode& node) const {
    const ModuleNode& module =
        model_.snapshot.modules[static_cast<std::size_t>(node.modules.front())];
    std::string type(short_type(module.type));
    if (view_.details) {
      if (const std::string constants = constants_text(module); !constants.empty())
        type += "(" + constants + ")";
    }
    if (node.times() == 1 && module.same_as >= 0) {
      type += " = " + model_.snapshot.modules[static_cast<std::size_t>(module.same_as)].path;
    }
    return type;
  }

  Row row(const std::string& label, const std::string& type, const Tally& t, int depth) const {
    const std::int64_t counted = has_parameters_ ? t.parameters().elements : elements_of(t);
    Row row;
    row.depth = depth;
    row.cells = {label, type, count_text(counted, view_.units)};
    if (has_parameters_ && has_others_) row.cells.push_back(zero_as_blank(other_elements(t)));
    row.cells.push_back(percent(counted, whole_));
    if (has_again_) row.cells.push_back(zero_as_blank(sum(t.again).elements));
    row.cells.push_back(bytes_text(sum(t.unique).bytes, view_.units));
    if (whole_ > 0) row.share = static_cast<double>(counted) / static_cast<double>(whole_);
    return row;
  }

  std::string zero_as_blank(std::int64_t n) const {
    return n == 0 ? "" : count_text(n, view_.units);
  }

  const AuditedModel::Contents& model_;
  const AuditView& view_;
  bool has_parameters_ = false, has_others_ = false, has_again_ = false;
  std::int64_t whole_ = 0;
};

std::string shape_text(const std::vector<std::int64_t>& sizes) {
  std::string text = "[";
  for (const std::int64_t size : sizes)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::string tensor_note(const AuditedModel::Contents& model, std::size_t i) {
  const TensorRecord& t = model.snapshot.tensors[i];
  const TensorCount& count = model.census.tensors[i];
  std::string note;
  const auto add = [&](const std::string& text) { note += (note.empty() ? "" : ", ") + text; };
  if (count.alias_of >= 0)
    add("= " + full_name(model.snapshot,
                         model.snapshot.tensors[static_cast<std::size_t>(count.alias_of)]));
  if (count.alias_of < 0 && count.kind != t.kind) add("counts as " + std::string(name(count.kind)));
  if (t.layout != Layout::kStrided) add(std::string(name(t.layout)));
  if (t.quantization) add(t.quantization->scheme);
  if (t.kind == TensorKind::kConstant && t.uses > 0)
    add(t.used_by + (t.uses > 1 ? " ×" + std::to_string(t.uses) : ""));
  if (t.kind == TensorKind::kParameter && !t.requires_grad) add("frozen");
  return note;
}

Table tensor_table(const AuditedModel::Contents& model, const AuditView& view) {
  Table table;
  table.title = "Tensors";
  table.columns = {{"tensor", Align::kLeft, true},
                   {"kind"},
                   {"dtype"},
                   {"shape"},
                   {"elements", Align::kRight},
                   {"bytes", Align::kRight},
                   {"note", Align::kLeft, true}};
  const ModelSnapshot& s = model.snapshot;
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    if (!model.selected.empty() && !model.selected[i]) continue;
    const TensorRecord& t = s.tensors[i];
    Row row;
    row.cells = {full_name(s, t),
                 std::string(name(t.kind)),
                 std::string(info(t.view.dtype).name),
                 shape_text(t.view.sizes),
                 count_text(t.view.elements, view.units),
                 bytes_text(t.view.bytes, view.units),
                 tensor_note(model, i)};
    if (model.census.tensors[i].alias_of >= 0) row.tone = Tone::kMuted;
    table.rows.push_back(std::move(row));
  }
  const Count& unique = model.census.unique;
  table.footer.push_back(
      {{"TOTAL, each counted once", "", "", "", count_text(unique.elements, view.units),
        bytes_text(unique.bytes, view.units)}});
  return table;
}

/// Tensors with several names, most elements first; one row for each name after the first.
void add_shared(const AuditedModel::Contents& model, const AuditView& view, Document& document) {
  const ModelSnapshot& s = model.snapshot;
  std::vector<std::size_t> again;
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    const bool selected = model.selected.empty() || model.selected[i];
    if (selected && model.census.tensors[i].alias_of >= 0) again.push_back(i);
  }
  if (again.empty()) return;
  std::stable_sort(again.begin(), again.end(), [&](std::size_t a, std::size_t b) {
    return s.tensors[a].view.elements > s.tensors[b].view.elements;
  });
  constexpr std::size_t kMostRows = 10;
  Table table;
  table.title = "Shared tensors, counted once";
  table.columns = {{"name", Align::kLeft, true},
                   {"is the same tensor as", Align::kLeft, true},
                   {"elements", Align::kRight}};
  std::int64_t others = sum(model.census.all.again).elements;
  for (std::size_t n = 0; n < again.size() && (view.tensors || n < kMostRows); ++n) {
    const std::size_t i = again[n];
    others -= s.tensors[i].view.elements;
    table.rows.push_back(
        {{full_name(s, s.tensors[i]),
          full_name(s, s.tensors[static_cast<std::size_t>(model.census.tensors[i].alias_of)]),
          count_text(s.tensors[i].view.elements, view.units)}});
  }
  if (table.rows.size() < again.size())
    table.rows.push_back(
        {{"[" + std::to_string(again.size() - table.rows.size()) + " others: --tensors lists them]",
          "", count_text(others, view.units)}});
  table.footer.push_back(
      {{"TOTAL", "", count_text(sum(model.census.all.again).elements, view.units)}});
  document.add(std::move(table));
}

void add_file(const ModelSnapshot& s, const AuditView& view, Document& document) {
  Table table;
  table.title = "File";
  table.columns = {
      {"part"}, {"records", Align::kRight}, {"bytes", Align::kRight}, {"share", Align::kRight}};
  for (const FileSection& section : s.sections) {
    table.rows.push_back(
        {{section.category, section.records > 0 ? grouped(section.records) : "",
          bytes_text(section.bytes, view.units), percent(section.bytes, s.file_bytes)}});
    table.rows.back().share =
        s.file_bytes > 0 ? static_cast<double>(section.bytes) / static_cast<double>(s.file_bytes)
                         : 0;
  }
  table.footer.push_back(
      {{"TOTAL", "", bytes_text(s.file_bytes, view.units), percent(s.file_bytes, s.file_bytes)}});
  document.add(std::move(table));
}

void add_verification(const Result<Verification>& v, Document& document) {
  if (!v) {
    document.add(Paragraph{"NOT CHECKED against LibTorch: " + v.error().message, Tone::kBad});
    if (!v.error().hint.empty()) document.add(Paragraph{"  " + v.error().hint, Tone::kBad});
    return;
  }
  if (v->differences.empty()) {
    document.add(Paragraph{"LibTorch agrees: " + plural(v->tensors, "tensor") + " and " +
                               plural(v->modules, "module") +
                               " compared after torch::jit::load, no difference",
                           Tone::kGood});
    return;
  }
  document.add(Paragraph{"LibTorch DIFFERS in " +
                             plural(static_cast<std::int64_t>(v->differences.size()), "point") +
                             ":",
                         Tone::kBad});
  for (const std::string& difference : v->differences)
    document.add(Paragraph{"  " + difference, Tone::kBad});
}

void add_model(const AuditedModel& model, const AuditReport& report, const AuditView& view,
               Document& document) {
  document.add(Heading{model.path, 1});
  if (!model.contents) {
    document.add(Paragraph{"UNREADABLE: " + model.contents.error().message, Tone::kBad});
    return;
  }
  const AuditedModel::Contents& contents = *model.contents;
  document.add(totals(contents, view));
  if (!report.filter.empty()) {
    const auto shown = std::count(contents.selected.begin(), contents.selected.end(), true);
    document.add(Paragraph{
        "Filter /" + report.filter + "/: " + grouped(shown) + " of " +
            plural(static_cast<std::int64_t>(contents.snapshot.tensors.size()), "tensor") +
            "; all counts are of these",
        Tone::kWarning});
  }
  document.add(ModuleTable(contents, view).build());
  if (view.tensors || !report.filter.empty()) document.add(tensor_table(contents, view));
  add_shared(contents, view, document);
  add_file(contents.snapshot, view, document);
  for (const auto* list : {&contents.snapshot.findings, &contents.census.findings}) {
    for (const Finding& finding : *list)
      document.add(Paragraph{"note: " + finding.text, Tone::kWarning});
  }
  if (contents.verification) add_verification(*contents.verification, document);
}

std::string verification_mark(const AuditedModel::Contents& model) {
  if (!model.verification) return "";
  if (!*model.verification) return "not checked: " + model.verification->error().message;
  const auto differences = static_cast<std::int64_t>((*model.verification)->differences.size());
  return differences == 0 ? "LibTorch agrees"
                          : "LibTorch differs in " + plural(differences, "point");
}

constexpr std::size_t kMostDtypes = 3;

/// One row a model.
Table summary(const AuditReport& report, const AuditView& view) {
  Table table;
  table.columns = {{"model", Align::kLeft, true}, {"modules", Align::kRight},
                   {"parameters", Align::kRight}, {"others", Align::kRight},
                   {"again", Align::kRight},      {"tensor bytes", Align::kRight},
                   {"file bytes", Align::kRight}, {"dtypes"},
                   {"note", Align::kLeft, true}};
  for (const AuditedModel& model : report.models) {
    Row row;
    if (!model.contents) {
      row.cells = {
          model.path, "", "", "", "", "", "", "", "UNREADABLE: " + model.contents.error().message};
      row.tone = Tone::kBad;
      table.rows.push_back(std::move(row));
      continue;
    }
    const auto& [s, c, selected, verification] = *model.contents;
    std::string dtypes, notes = verification_mark(*model.contents);
    std::size_t shown = 0;
    for (const auto& [dtype, count] : c.by_dtype) {
      if (++shown <= kMostDtypes) dtypes += (dtypes.empty() ? "" : " ") + dtype;
    }
    if (shown > kMostDtypes) dtypes += " +" + std::to_string(shown - kMostDtypes);
    for (const auto* list : {&s.findings, &c.findings}) {
      for (const Finding& f : *list) notes += (notes.empty() ? "" : ", ") + f.code;
    }
    const std::int64_t again = c.naive.elements - c.unique.elements;
    row.cells = {model.path,
                 grouped(static_cast<std::int64_t>(s.modules.size())),
                 count_text(c.all.parameters().elements, view.units),
                 other_elements(c.all) > 0 ? count_text(other_elements(c.all), view.units) : "",
                 again > 0 ? count_text(again, view.units) : "",
                 bytes_text(c.unique.bytes, view.units),
                 bytes_text(s.file_bytes, view.units),
                 dtypes,
                 notes};
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Document audit_document(const AuditReport& report, const AuditView& view) {
  Document document;
  document.title = report.models.size() == 1
                       ? "Audit of " + report.models.front().path
                       : "Audit of " + std::to_string(report.models.size()) + " models";
  if (report.models.size() == 1 || view.each) {
    for (const AuditedModel& model : report.models) add_model(model, report, view, document);
  }
  if (report.models.size() > 1) {
    if (view.each) document.add(Heading{"Summary", 1});
    document.add(summary(report, view));
    const auto unreadable = std::count_if(report.models.begin(), report.models.end(),
                                          [](const AuditedModel& m) { return !m.contents.ok(); });
    document.add(Paragraph{plural(static_cast<std::int64_t>(report.models.size()), "model") + ", " +
                               grouped(unreadable) + " unreadable",
                           unreadable > 0 ? Tone::kBad : Tone::kGood});
  }
  return document;
}

}  // namespace tally::app
