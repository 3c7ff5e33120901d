#include <app/audit_report.h>
#include <app/compare_line.h>
#include <base/error_code_names.h>
#include <report/json_text.h>

#include <nlohmann/json.hpp>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace inspector;
using Json = nlohmann::ordered_json;

Json count_json(const Count& c) {
  return {{"tensors", c.tensors}, {"elements", c.elements}, {"bytes", c.bytes}};
}

/// Kinds without tensors are left out.
Json kinds_json(const std::array<Count, kTensorKinds>& counts) {
  Json kinds = Json::object();
  for (std::size_t kind = 0; kind < kTensorKinds; ++kind) {
    if (counts[kind].tensors > 0)
      kinds[std::string(name(static_cast<TensorKind>(kind)))] = count_json(counts[kind]);
  }
  return kinds;
}

Json tally_json(const Tally& t) {
  return {{"unique", kinds_json(t.unique)}, {"again", kinds_json(t.again)}};
}

Json counts_json(const std::map<std::string, Count>& counts) {
  Json object = Json::object();
  for (const auto& [key, count] : counts) object[key] = count_json(count);
  return object;
}

Json totals_json(const Census& c) {
  return {{"parameters", count_json(c.all.parameters())},
          {"parameters_naive",
           count_json(c.naive_by_kind[static_cast<std::size_t>(TensorKind::kParameter)])},
          {"trainable", count_json(c.all.trainable)},
          {"frozen", count_json(c.all.fixed)},
          {"unique", count_json(c.unique)},
          {"naive", count_json(c.naive)},
          {"by_kind", tally_json(c.all)},
          {"by_dtype", counts_json(c.by_dtype)},
          {"by_module_type", counts_json(c.by_module_type)},
          {"quantization_parts", count_json(c.quantization_parts)},
          {"storage_bytes", c.storage_bytes}};
}

/// The literals are JSON text already; one that a file made unreadable stays a string.
Json literals_json(const std::vector<NamedLiteral>& literals) {
  Json object = Json::object();
  for (const auto& [key, literal] : literals) {
    Json value = Json::parse(literal, nullptr, false);
    object[key] = value.is_discarded() ? Json(literal) : std::move(value);
  }
  return object;
}

Json modules_json(const ModelSnapshot& s, const Census& c) {
  Json modules = Json::array();
  for (std::size_t i = 0; i < s.modules.size(); ++i) {
    const ModuleNode& m = s.modules[i];
    Json module = {{"path", m.path}, {"type", m.type}};
    if (m.same_as >= 0) module["same_as"] = s.modules[static_cast<std::size_t>(m.same_as)].path;
    module["constants"] = literals_json(m.constants);
    module["attributes"] = literals_json(m.attributes);
    module["own"] = tally_json(c.own[i]);
    module["total"] = tally_json(c.total[i]);
    modules.push_back(std::move(module));
  }
  return modules;
}

Json view_json(const ModelSnapshot& s, const StridedView& v) {
  Json view = {{"dtype", info(v.dtype).name},
               {"shape", v.sizes},
               {"elements", v.elements},
               {"bytes", v.bytes}};
  if (v.storage >= 0) {
    view["stride"] = v.strides;
    view["storage"] = s.storages[static_cast<std::size_t>(v.storage)].record;
    view["storage_offset"] = v.offset;
  }
  return view;
}

Json tensor_json(const ModelSnapshot& s, const Census& c, std::size_t i) {
  const TensorRecord& t = s.tensors[i];
  const TensorCount& count = c.tensors[i];
  Json tensor = {{"name", full_name(s, t)},
                 {"module", s.modules[static_cast<std::size_t>(t.module)].path},
                 {"kind", name(t.kind)},
                 {"counts_as", name(count.kind)}};
  if (count.alias_of >= 0)
    tensor["alias_of"] = full_name(s, s.tensors[static_cast<std::size_t>(count.alias_of)]);
  tensor["layout"] = name(t.layout);
  tensor.update(view_json(s, t.view));
  tensor["requires_grad"] = t.requires_grad;
  if (t.quantization) {
    Json q = {{"scheme", t.quantization->scheme}};
    if (t.parts.empty()) {
      q["scale"] = t.quantization->scale;
      q["zero_point"] = t.quantization->zero_point;
    } else {
      q["axis"] = t.quantization->axis;
    }
    tensor["quantization"] = std::move(q);
  }
  for (const TensorPart& part : t.parts) tensor["parts"][part.role] = view_json(s, part.view);
  if (t.kind == TensorKind::kConstant) {
    tensor["uses"] = t.uses;
    tensor["used_by"] = t.used_by;
  }
  return tensor;
}

Json file_json(const ModelSnapshot& s) {
  Json sections = Json::object();
  for (const FileSection& section : s.sections)
    sections[section.category] = {{"records", section.records}, {"bytes", section.bytes}};
  return {{"bytes", s.file_bytes},
          {"format", s.format},
          {"archive_version", s.archive_version},
          {"byte_order", s.byte_order},
          {"sections", std::move(sections)}};
}

Json findings_json(const ModelSnapshot& s, const Census& c) {
  Json findings = Json::array();
  for (const auto* list : {&s.findings, &c.findings}) {
    for (const Finding& f : *list) findings.push_back({{"code", f.code}, {"text", f.text}});
  }
  return findings;
}

Json recognition_json(const Recognition& r) {
  Json json = {{"transformer", r.transformer}, {"as", r.as}};
  if (r.transformer)
    json["formula"] = {{"exact", r.exact},
                       {"predicted_params", r.predicted_params},
                       {"residual_params", r.residual_params},
                       {"unexplained_params", r.unexplained_params}};
  json["modules"] = {{"declared", r.modules_declared}, {"as_declared", r.modules_as_declared}};
  return json;
}

Json error_object(const Error& error) {
  return {{"code", name(error.code)}, {"message", error.message}, {"hint", error.hint}};
}

Json verification_json(const Result<Verification>& v) {
  if (!v) return {{"ran", false}, {"error", error_object(v.error())}};
  return {{"ran", true},
          {"tensors", v->tensors},
          {"modules", v->modules},
          {"differences", v->differences}};
}

Json model_json(const AuditedModel& model) {
  Json json = {{"path", model.path}};
  if (!model.contents) {
    json["error"] = error_object(model.contents.error());
    return json;
  }
  const auto& [snapshot, census, selected, verification] = *model.contents;
  json["file"] = file_json(snapshot);
  json["totals"] = totals_json(census);
  // With a filter the census holds a part of the model only: nothing to recognise.
  if (selected.empty()) {
    if (const auto recognised = recognise(snapshot, census))
      json["recognised"] = recognition_json(*recognised);
  }
  json["modules"] = modules_json(snapshot, census);
  Json tensors = Json::array();
  for (std::size_t i = 0; i < snapshot.tensors.size(); ++i) {
    if (selected.empty() || selected[i]) tensors.push_back(tensor_json(snapshot, census, i));
  }
  json["tensors"] = std::move(tensors);
  Json storages = Json::array();
  for (std::size_t i = 0; i < snapshot.storages.size(); ++i) {
    const StorageRecord& r = snapshot.storages[i];
    storages.push_back({{"record", r.record},
                        {"bytes", r.bytes},
                        {"crc32", r.crc32},
                        {"device", r.device},
                        {"tensors", census.storages[i].tensors},
                        {"covered_bytes", census.storages[i].covered_bytes}});
  }
  json["storages"] = std::move(storages);
  json["findings"] = findings_json(snapshot, census);
  if (verification) json["verification"] = verification_json(*verification);
  return json;
}

}  // namespace

std::string audit_json(const AuditReport& report) {
  Json json = {{"schema_version", kAuditSchemaVersion},
               {"tool", {{"name", "torchtally"}, {"version", TORCHTALLY_VERSION}}}};
  if (!report.filter.empty()) json["filter"] = report.filter;
  Json models = Json::array();
  for (const AuditedModel& model : report.models) models.push_back(model_json(model));
  json["models"] = std::move(models);
  return json_text(json);
}

}  // namespace tally::app
