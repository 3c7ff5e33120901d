#include <app/compare_names.h>
#include <app/compare_report.h>
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

Json names_json(const Compared& c, const std::vector<TensorId>& tensors) {
  Json names = Json::array();
  for (const TensorId t : tensors) names.push_back(full_name(c.snapshot, c.snapshot.tensors[t]));
  return names;
}

Json weights_json(const Compared& c, const std::vector<WeightId>& weights) {
  std::vector<TensorId> tensors;
  for (const WeightId i : weights) tensors.push_back(c.weights[i].tensor);
  return names_json(c, tensors);
}

Json fields_json(const Compared& c) {
  Json fields = Json::array();
  for (const SpecField& field : c.comparison.inference.fields) {
    Json proof = Json::array();
    for (const TensorId t : field.tensors) proof.push_back(shown(c.snapshot, t));
    fields.push_back({{"path", field.path},
                      {"value", field.value},
                      {"open", field.ambiguous},
                      {"candidates", field.candidates},
                      {"evidence", proof},
                      {"reason", field.reason}});
  }
  return fields;
}

Json terms_json(const Compared& c) {
  Json terms = Json::array();
  for (const TermLine& line : c.comparison.terms.lines) {
    Json row = {{"id", line.id},
                {"component", formulas::component_name(line.component)},
                {"formula", line.symbols()},
                {"numbers", line.numbers()},
                {"predicted_params", line.predicted_params},
                {"real_params", line.real_params},
                {"difference_params", line.difference()}};
    if (line.alias_of.empty()) {
      row["tensors"] = weights_json(c, line.weights);
    } else {
      row["alias_of"] = line.alias_of;
      row["tensors"] = names_json(c, line.alias_tensors);
    }
    terms.push_back(std::move(row));
  }
  return terms;
}

Json components_json(const Reconciliation& r) {
  Json components = Json::object();
  for (int k = 0; k < formulas::kNumComponents; ++k) {
    const ComponentSum& sum = r.components[k];
    components[std::string(formulas::component_name(static_cast<formulas::Component>(k)))] = {
        {"predicted_params", sum.predicted_params},
        {"real_params", sum.real_params},
        {"difference_params", sum.real_params - sum.predicted_params}};
  }
  return components;
}

Json modules_json(const Compared& c) {
  Json modules = Json::array();
  for (const DeclaredModule& m : c.declared.modules) {
    const ModuleNode& node = c.snapshot.modules[m.module];
    modules.push_back({{"path", node.path},
                       {"type", node.type},
                       {"formula", m.formula},
                       {"numbers", m.numbers},
                       {"predicted_params", m.predicted_params},
                       {"real_params", m.real_params}});
  }
  return {{"declared", c.declared.modules.size()},     {"as_declared", c.declared.as_declared},
          {"without_declarations", c.declared.silent}, {"packed", c.declared.packed},
          {"other_params", c.declared.other_params},   {"modules", modules}};
}

Json changes_json(const Compared& c) {
  Json changes = Json::array();
  for (const ExportChange& change : c.changes) {
    Json row = {{"code", name(change.what)}, {"count", change.count}};
    row["params"] = change.params ? Json(*change.params) : Json();
    if (!change.by_dtype.empty()) row["by_dtype"] = change.by_dtype;
    if (!change.terms.empty()) row["terms"] = change.terms;
    row["text"] = change_text(change);
    changes.push_back(std::move(row));
  }
  return changes;
}

}  // namespace

std::string comparison_json(const Compared& c) {
  const Comparison& x = c.comparison;
  Json json = {{"schema_version", kCompareSchemaVersion}, {"path", c.snapshot.path}};
  json["recognised"] = {{"transformer", x.inference.transformer},
                        {"as", recognised_as(x.inference)},
                        {"family", x.inference.family},
                        {"class", x.inference.family_evidence},
                        {"reason", x.inference.reason}};
  json["specification"] = {{"source", x.source}, {"inferred", fields_json(c)}};
  Json contradictions = Json::array();
  for (const Contradiction& found : x.contradictions)
    contradictions.push_back(
        {{"path", found.path}, {"file", found.file_value}, {"given", found.given_value}});
  json["contradictions"] = std::move(contradictions);
  json["exact"] = !x.terms.lines.empty() && x.terms.exact();
  json["terms"] = terms_json(c);
  json["components"] = components_json(x.terms);
  Json unexplained = Json::array();
  for (const WeightId i : x.terms.unexplained)
    unexplained.push_back(
        {{"tensor", full_name(c.snapshot, c.snapshot.tensors[c.weights[i].tensor])},
         {"shape", c.weights[i].shape},
         {"params", c.weights[i].elements}});
  json["unexplained"] = std::move(unexplained);
  Json missing = Json::array();
  for (const TermLine& line : x.terms.lines) {
    if (line.difference() < 0)
      missing.push_back({{"term", line.id}, {"params", -line.difference()}});
  }
  json["missing"] = std::move(missing);
  json["total"] = {{"predicted_params", x.terms.predicted_params},
                   {"real_params", x.terms.real_params},
                   {"unexplained_params", x.terms.unexplained_params},
                   {"residual_params", x.terms.residual()}};
  Json explanation = Json::array();
  for (const SwitchChange& change : x.explanation) {
    Json terms = Json::array();
    for (const TermChange& t : change.terms)
      terms.push_back({{"term", t.term}, {"params", t.params}, {"formula", t.formula}});
    explanation.push_back({{"path", change.path},
                           {"from", change.from},
                           {"to", change.to},
                           {"params", change.params},
                           {"terms", std::move(terms)}});
  }
  json["explanation"] = std::move(explanation);
  json["modules"] = modules_json(c);
  json["export"] = changes_json(c);
  Json gates = Json::array();
  for (const Gate& gate : c.gates)
    gates.push_back({{"check", gate.name}, {"passed", gate.passed}, {"found", gate.found}});
  json["checks"] = std::move(gates);
  return json_text(json);
}

}  // namespace tally::app
