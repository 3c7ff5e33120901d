#include <app/audit/audit_tables.h>
#include <app/audit/audit_values.h>
#include <report/columns.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tally::app {
namespace {

using inspector::FoldedNode;
using inspector::ModelSnapshot;
using inspector::ModuleNode;
using inspector::Tally;
using inspector::TensorKind;
using inspector::TensorRecord;
using namespace report;

double part_of(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : -1;
}

Value unless_zero(std::int64_t n) { return n == 0 ? Value() : Value(Count{n}); }

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
class ModuleTree {
 public:
  ModuleTree(const Audit& audit, const AuditView& view) : audit_(audit), view_(view) {
    const Tally& all = audit.census.all;
    has_parameters_ = all.parameters().elements > 0;
    has_others_ = other_elements(all) > 0;
    has_again_ = sum(all.again).elements > 0;
    whole_ = has_parameters_ ? all.parameters().elements : elements_of(all);
  }

  Table build() {
    Table table;
    table.columns = {text_column("", "module", true), text_column("", "type", true)};
    if (has_parameters_) table.columns.push_back(number_column("", "parameters"));
    if (has_parameters_ && has_others_) table.columns.push_back(number_column("", "others"));
    if (!has_parameters_) table.columns.push_back(number_column("", "elements"));
    table.columns.push_back(number_column("", "share"));
    if (has_again_) table.columns.push_back(number_column("", "again"));
    table.columns.push_back(number_column("", "bytes"));
    FoldedNode root = fold(audit_.snapshot, audit_.census);
    if (root.label.empty()) root.label = "(root)";
    arrange(root, view_.order, view_.rows,
            has_parameters_ ? [](const Tally& t) { return t.parameters().elements; } : elements_of);
    add(root, 0, table);
    table.footer.push_back(row("TOTAL", "", audit_.census.all, 0));
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
      if (audit_.selected.empty() || holds_some(child)) add(child, depth + 1, table);
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
        audit_.snapshot.modules[static_cast<std::size_t>(node.modules.front())];
    std::string type(inspector::short_type(module.type));
    if (view_.details) {
      if (const std::string constants = constants_text(module); !constants.empty())
        type += "(" + constants + ")";
    }
    if (node.times() == 1 && module.same_as.valid()) {
      type += " = " + audit_.snapshot.modules[module.same_as].path;
    }
    return type;
  }

  Row row(const std::string& label, const std::string& type, const Tally& t, int depth) const {
    const std::int64_t counted = has_parameters_ ? t.parameters().elements : elements_of(t);
    Row row = row_of({label, type, Count{counted}});
    row.depth = depth;
    if (has_parameters_ && has_others_) row.cells.push_back(unless_zero(other_elements(t)));
    row.cells.emplace_back(Share{counted, whole_});
    if (has_again_) row.cells.push_back(unless_zero(sum(t.again).elements));
    row.cells.emplace_back(Bytes{sum(t.unique).bytes});
    row.share = part_of(counted, whole_);
    return row;
  }

  const Audit& audit_;
  const AuditView& view_;
  bool has_parameters_ = false, has_others_ = false, has_again_ = false;
  std::int64_t whole_ = 0;
};

std::string tensor_note(const Audit& audit, std::size_t i) {
  const ModelSnapshot& s = audit.snapshot;
  const TensorRecord& t = s.tensors[i];
  const inspector::TensorCount& count = audit.census.tensors[i];
  std::string note;
  const auto add = [&](const std::string& text) { note += (note.empty() ? "" : ", ") + text; };
  if (count.alias_of.valid()) add("= " + full_name(s, s.tensors[count.alias_of]));
  if (!count.alias_of.valid() && count.kind != t.kind)
    add("counts as " + std::string(name(count.kind)));
  if (t.layout != inspector::Layout::kStrided) add(std::string(name(t.layout)));
  if (t.quantization) add(t.quantization->scheme);
  if (t.setting) add("settings, not counted");
  if (t.kind == TensorKind::kConstant && t.uses > 0)
    add(t.used_by + (t.uses > 1 ? " ×" + std::to_string(t.uses) : ""));
  if (t.kind == TensorKind::kParameter && !t.requires_grad) add("frozen");
  return note;
}

Value quantization_value(const TensorRecord& t) {
  if (!t.quantization) return {};
  Object value{{"scheme", t.quantization->scheme}};
  if (t.quantization->scheme == "per_tensor_affine") {
    value.emplace_back("scale", report::Real{t.quantization->scale});
    value.emplace_back("zero_point", report::Integer{t.quantization->zero_point});
  } else {
    value.emplace_back("axis", report::Integer{t.quantization->axis});
  }
  return value;
}

/// The cells of one tensor, in the order of tensor_table()'s columns.
Row tensor_row(const Audit& audit, std::size_t i) {
  const ModelSnapshot& s = audit.snapshot;
  const TensorRecord& t = s.tensors[i];
  const inspector::TensorCount& count = audit.census.tensors[i];
  Value alias_of, stride, storage, offset, setting, parts, uses, used_by;
  if (t.setting) setting = Value::of(true);
  if (count.alias_of.valid()) alias_of = Path{full_name(s, s.tensors[count.alias_of])};
  if (t.view.storage.valid()) {
    stride = Shape{t.view.strides};
    storage = s.storages[t.view.storage].record;
    offset = Count{t.view.offset};
  }
  if (!t.parts.empty()) {
    Object object;
    for (const inspector::TensorPart& part : t.parts)
      set(object, part.role, view_value(s, part.view));
    parts = std::move(object);
  }
  if (t.kind == TensorKind::kConstant) {
    uses = Count{t.uses};
    used_by = t.used_by;
  }
  return row_of({Path{full_name(s, t)},
                 Path{s.modules[t.module].path},
                 name(t.kind),
                 name(count.kind),
                 alias_of,
                 name(t.layout),
                 info(t.view.dtype).name,
                 Shape{t.view.sizes},
                 Count{t.view.elements},
                 Bytes{t.view.bytes},
                 stride,
                 storage,
                 offset,
                 Value::of(t.requires_grad),
                 quantization_value(t),
                 parts,
                 uses,
                 used_by,
                 setting,
                 tensor_note(audit, i)},
                count.alias_of.valid() ? Tone::kMuted : Tone::kNormal);
}

constexpr std::size_t kMostDtypes = 3;

std::string dtypes_text(const std::vector<std::string>& dtypes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostDtypes, dtypes.size()); ++i)
    text += (text.empty() ? "" : " ") + dtypes[i];
  if (dtypes.size() > kMostDtypes) text += " +" + std::to_string(dtypes.size() - kMostDtypes);
  return text;
}

}  // namespace

Table module_tree(const Audit& audit, const AuditView& view) {
  return ModuleTree(audit, view).build();
}

Table tensor_table(const Audit& audit, bool shown) {
  Table table;
  table.key = "tensors";
  table.title = "Tensors";
  table.programs = !shown;
  table.columns = {text_column("name", "tensor", true),
                   hidden("module"),
                   text_column("kind", "kind"),
                   hidden("counts_as"),
                   hidden("alias_of", true),
                   hidden("layout"),
                   text_column("dtype", "dtype"),
                   text_column("shape", "shape"),
                   number_column("elements", "elements"),
                   number_column("bytes", "bytes"),
                   hidden("stride", true),
                   hidden("storage", true),
                   hidden("storage_offset", true),
                   hidden("requires_grad"),
                   hidden("quantization", true),
                   hidden("parts", true),
                   hidden("uses", true),
                   hidden("used_by", true),
                   hidden("setting", true),
                   text_column("", "note", true)};
  for (std::size_t i = 0; i < audit.snapshot.tensors.size(); ++i) {
    if (audit.is_selected(i)) table.rows.push_back(tensor_row(audit, i));
  }
  const inspector::Count& unique = audit.census.unique;
  table.footer.push_back(row_of({"TOTAL, each counted once",
                                 {},
                                 {},
                                 {},
                                 {},
                                 {},
                                 {},
                                 {},
                                 Count{unique.elements},
                                 Bytes{unique.bytes}}));
  return table;
}

std::optional<Table> shared_tensors(const Audit& audit, const AuditView& view) {
  const ModelSnapshot& s = audit.snapshot;
  std::vector<std::size_t> again;
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    if (audit.is_selected(i) && audit.census.tensors[i].alias_of.valid()) again.push_back(i);
  }
  if (again.empty()) return std::nullopt;
  std::stable_sort(again.begin(), again.end(), [&](std::size_t a, std::size_t b) {
    return s.tensors[a].view.elements > s.tensors[b].view.elements;
  });
  constexpr std::size_t kMostRows = 10;
  Table table;
  table.title = "Shared tensors, counted once";
  table.columns = {text_column("", "name", true), text_column("", "is the same tensor as", true),
                   number_column("", "elements")};
  const std::int64_t all = sum(audit.census.all.again).elements;
  std::int64_t others = all;
  for (std::size_t n = 0; n < again.size() && (view.tensors || n < kMostRows); ++n) {
    const std::size_t i = again[n];
    const auto leader = static_cast<std::size_t>(audit.census.tensors[i].alias_of);
    others -= s.tensors[i].view.elements;
    table.rows.push_back(
        row_of({Path{full_name(s, s.tensors[i])}, Path{full_name(s, s.tensors[leader])},
                Count{s.tensors[i].view.elements}}));
  }
  if (table.rows.size() < again.size()) {
    table.rows.push_back(row_of(
        {"[" + std::to_string(again.size() - table.rows.size()) + " others: --tensors lists them]",
         {},
         Count{others}}));
  }
  table.footer.push_back(row_of({"TOTAL", {}, Count{all}}));
  return table;
}

Table file_table(const ModelSnapshot& s) {
  Table table;
  table.title = "File";
  table.columns = {text_column("", "part"), number_column("", "records"),
                   number_column("", "bytes"), number_column("", "share")};
  for (const inspector::FileSection& section : s.sections) {
    table.rows.push_back(row_of({section.category, unless_zero(section.records),
                                 Bytes{section.bytes}, Share{section.bytes, s.file_bytes}}));
    table.rows.back().share = std::max(0.0, part_of(section.bytes, s.file_bytes));
  }
  table.footer.push_back(
      row_of({"TOTAL", {}, Bytes{s.file_bytes}, Share{s.file_bytes, s.file_bytes}}));
  return table;
}

Table summary_table(const std::vector<AuditSummary>& models) {
  Table table;
  table.main = true;
  table.columns = {
      text_column("model", "model", true),       number_column("modules", "modules"),
      number_column("parameters", "parameters"), number_column("others", "others"),
      number_column("again", "again"),           number_column("tensor_bytes", "tensor bytes"),
      number_column("file_bytes", "file bytes"), text_column("dtypes", "dtypes"),
      text_column("note", "note", true)};
  for (const AuditSummary& model : models) {
    if (model.error) {
      table.rows.push_back(row_of(
          {Path{model.path}, {}, {}, {}, {}, {}, {}, {}, "UNREADABLE: " + model.error->message},
          Tone::kBad));
      continue;
    }
    std::string notes;
    for (const std::string& note : model.notes) notes += (notes.empty() ? "" : ", ") + note;
    table.rows.push_back(
        row_of({Path{model.path}, Count{model.modules}, Count{model.parameters},
                unless_zero(model.others), unless_zero(model.again), Bytes{model.tensor_bytes},
                Bytes{model.file_bytes}, dtypes_text(model.dtypes), notes}));
  }
  return table;
}

}  // namespace tally::app
