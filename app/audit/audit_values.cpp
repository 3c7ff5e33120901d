#include <app/audit/audit_values.h>
#include <base/error_code_names.h>

#include <array>
#include <map>

namespace tally::app {
namespace {

using inspector::Census;
using inspector::kTensorKinds;
using inspector::ModelSnapshot;
using inspector::ModuleNode;
using inspector::NamedLiteral;
using inspector::StridedView;
using inspector::Tally;
using inspector::TensorKind;
using namespace report;

report::Count number(std::int64_t n) { return {n}; }

Object count_value(const inspector::Count& c) {
  return {
      {"tensors", number(c.tensors)}, {"elements", number(c.elements)}, {"bytes", Bytes{c.bytes}}};
}

/// Kinds without tensors are left out.
Object kinds_value(const std::array<inspector::Count, kTensorKinds>& counts) {
  Object kinds;
  for (std::size_t kind = 0; kind < kTensorKinds; ++kind) {
    if (counts[kind].tensors > 0)
      kinds.emplace_back(name(static_cast<TensorKind>(kind)), count_value(counts[kind]));
  }
  return kinds;
}

Object tally_value(const Tally& t) {
  return {{"unique", kinds_value(t.unique)}, {"again", kinds_value(t.again)}};
}

Object counts_value(const std::map<std::string, inspector::Count>& counts) {
  Object object;
  for (const auto& [key, count] : counts) object.emplace_back(key, count_value(count));
  return object;
}

Object literals_value(const std::vector<NamedLiteral>& literals) {
  Object object;
  for (const auto& [key, literal] : literals) object.emplace_back(key, Literal{literal});
  return object;
}

/// A table for programs alone, with these columns; those whose key ends in "?" are optional.
Table table_of(const char* key, std::initializer_list<const char*> columns) {
  Table table;
  table.key = key;
  table.programs = true;
  for (std::string name : columns) {
    Column column;
    column.optional = name.back() == '?';
    if (column.optional) name.pop_back();
    column.key = name;
    table.columns.push_back(std::move(column));
  }
  return table;
}

void add_row(Table& table, std::vector<Value> cells) {
  Row row;
  row.cells = std::move(cells);
  table.rows.push_back(std::move(row));
}

}  // namespace

Object error_value(const Error& error) {
  return {{"code", name(error.code)}, {"message", error.message}, {"hint", error.hint}};
}

Object file_value(const ModelSnapshot& s) {
  Object sections;
  for (const inspector::FileSection& section : s.sections)
    sections.emplace_back(section.category, Object{{"records", number(section.records)},
                                                   {"bytes", Bytes{section.bytes}}});
  List burnt_in;
  for (const inspector::BurntIn& literal : s.burnt_in)
    burnt_in.emplace_back(Object{{"what", literal.what},
                                 {"value", literal.value},
                                 {"methods", number(literal.methods)},
                                 {"first", literal.first}});
  return {{"bytes", Bytes{s.file_bytes}},
          {"format", s.format},
          {"archive_version", Integer{s.archive_version}},
          {"producer", s.producer},
          {"byte_order", s.byte_order},
          {"burnt_in", std::move(burnt_in)},
          {"sections", std::move(sections)}};
}

Object totals_value(const Census& c) {
  return {{"parameters", count_value(c.all.parameters())},
          {"parameters_naive",
           count_value(c.naive_by_kind[static_cast<std::size_t>(TensorKind::kParameter)])},
          {"trainable", count_value(c.all.trainable)},
          {"frozen", count_value(c.all.fixed)},
          {"unique", count_value(c.unique)},
          {"naive", count_value(c.naive)},
          {"by_kind", tally_value(c.all)},
          {"by_dtype", counts_value(c.by_dtype)},
          {"by_module_type", counts_value(c.by_module_type)},
          {"quantization_parts", count_value(c.quantization_parts)},
          {"settings", count_value(c.settings)},
          {"storage_bytes", Bytes{c.storage_bytes}}};
}

Object recognition_value(const Recognition& r) {
  Object value{{"transformer", Value::of(r.transformer)}, {"as", r.as}};
  if (r.transformer) {
    value.emplace_back("formula", Object{{"exact", Value::of(r.exact)},
                                         {"predicted_params", number(r.predicted_params)},
                                         {"residual_params", report::Difference{r.residual_params}},
                                         {"unexplained_params", number(r.unexplained_params)}});
  }
  value.emplace_back("modules", Object{{"declared", number(r.modules_declared)},
                                       {"as_declared", number(r.modules_as_declared)}});
  return value;
}

Object verification_value(const Result<inspector::Verification>& v) {
  if (!v) return {{"ran", Value::of(false)}, {"error", error_value(v.error())}};
  List differences;
  for (const std::string& difference : v->differences) differences.emplace_back(difference);
  return {{"ran", Value::of(true)},
          {"tensors", number(v->tensors)},
          {"modules", number(v->modules)},
          {"differences", std::move(differences)}};
}

Table modules_table(const Audit& audit) {
  Table table =
      table_of("modules", {"path", "type", "same_as?", "constants", "attributes", "own", "total"});
  const ModelSnapshot& s = audit.snapshot;
  for (std::size_t i = 0; i < s.modules.size(); ++i) {
    const ModuleNode& m = s.modules[i];
    Value same_as;
    if (m.same_as.valid()) same_as = Path{s.modules[m.same_as].path};
    add_row(table, {Path{m.path}, m.type, same_as, literals_value(m.constants),
                    literals_value(m.attributes), tally_value(audit.census.own[i]),
                    tally_value(audit.census.total[i])});
  }
  return table;
}

Table storages_table(const Audit& audit) {
  Table table =
      table_of("storages", {"record", "bytes", "crc32", "device", "tensors", "covered_bytes"});
  for (std::size_t i = 0; i < audit.snapshot.storages.size(); ++i) {
    const inspector::StorageRecord& record = audit.snapshot.storages[i];
    const inspector::StorageUse& use = audit.census.storages[i];
    add_row(table, {record.record, Bytes{record.bytes}, Integer{record.crc32}, record.device,
                    number(use.tensors), Bytes{use.covered_bytes}});
  }
  return table;
}

Table findings_table(const Audit& audit) {
  Table table = table_of("findings", {"code", "text"});
  for (const auto* findings : {&audit.snapshot.findings, &audit.census.findings}) {
    for (const inspector::Finding& finding : *findings)
      add_row(table, {finding.code, finding.text});
  }
  return table;
}

Table hidden_table(const ModelSnapshot& s) {
  Table table = table_of(
      "hidden_weights", {"what", "record", "place", "line", "count", "bytes", "elements", "known"});
  for (const inspector::HiddenWeights& h : s.hidden) {
    Value line, elements;
    if (h.line > 0) line = Integer{h.line};
    if (h.elements >= 0) elements = number(h.elements);
    add_row(table, {h.what, Path{h.record}, Path{h.place}, line, number(h.count), Bytes{h.bytes},
                    elements, h.known});
  }
  return table;
}

Table packed_table(const Audit& audit) {
  Table table =
      table_of("packed_weights", {"module", "tensor", "layout", "bits", "stored", "elements"});
  const ModelSnapshot& s = audit.snapshot;
  for (const inspector::PackedWeights& packed : audit.census.packed_weights) {
    const inspector::TensorRecord& tensor = s.tensors[packed.tensor];
    add_row(table, {Path{s.modules[packed.module].path}, Path{full_name(s, tensor)}, packed.layout,
                    Integer{packed.bits}, number(tensor.view.elements), number(packed.elements)});
  }
  return table;
}

Object view_value(const ModelSnapshot& s, const StridedView& v) {
  Object value{{"dtype", info(v.dtype).name},
               {"shape", Shape{v.sizes}},
               {"elements", number(v.elements)},
               {"bytes", Bytes{v.bytes}}};
  if (v.storage.valid()) {
    value.emplace_back("stride", Shape{v.strides});
    value.emplace_back("storage", s.storages[v.storage].record);
    value.emplace_back("storage_offset", number(v.offset));
  }
  return value;
}

Table module_rows(const Audit& audit) {
  Table table = table_of("", {"module", "type", "parameters", "others", "again", "bytes",
                              "own_parameters", "own_others", "own_bytes"});
  table.main = true;
  const ModelSnapshot& s = audit.snapshot;
  for (std::size_t i = 0; i < s.modules.size(); ++i) {
    const Tally& total = audit.census.total[i];
    const Tally& own = audit.census.own[i];
    add_row(table, {Path{s.modules[i].path}, s.modules[i].type, number(total.parameters().elements),
                    number(other_elements(total)), number(sum(total.again).elements),
                    Bytes{sum(total.unique).bytes}, number(own.parameters().elements),
                    number(other_elements(own)), Bytes{sum(own.unique).bytes}});
  }
  return table;
}

}  // namespace tally::app
