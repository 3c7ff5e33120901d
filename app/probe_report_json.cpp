#include <app/probe_report.h>
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

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json input_json(const InputSpec& i) {
  if (i.value) return {{"name", i.name}, {"value", *i.value}};
  Json json = {{"name", i.name},
               {"sizes", i.sizes},
               {"dtype", info(i.dtype).name},
               {"low", or_null(i.low)},
               {"high", or_null(i.high)}};
  if (!i.key.empty()) json["key"] = i.key;
  return json;
}

/// docs/probing.md tells what each is.
Json split_json(const DeviceSplit& s) {
  return {{"tensor_bytes", s.tensor_bytes()},
          {"workspace_bytes", or_null(s.workspace_bytes)},
          {"requested_bytes", s.requested_bytes},
          {"rounding_bytes", s.rounding_bytes()},
          {"allocated_bytes", s.allocated_bytes},
          {"cached_bytes", s.cached_bytes()},
          {"reserved_bytes", s.reserved_bytes},
          {"peak_allocated_bytes", s.peak_allocated_bytes},
          {"peak_reserved_bytes", s.peak_reserved_bytes},
          {"context_bytes", or_null(s.context_bytes)},
          {"other_processes_bytes", or_null(s.other_processes_bytes)},
          {"other_bytes", s.other_bytes()},
          {"driver_bytes", s.driver_bytes}};
}

Json phase_json(const PhaseReading& p) {
  Json json = {{"name", p.name},
               {"start_bytes", p.start_bytes},
               {"end_bytes", p.end_bytes},
               {"retained_bytes", p.retained()},
               {"peak_above_start_bytes", p.peak_above_start()},
               {"peak_bytes", p.peak_bytes}};
  if (p.split) json["device"] = split_json(*p.split);
  return json;
}

Json module_json(const ModuleMemory& m) {
  return {{"path", m.path},
          {"calls", m.calls},
          {"retained_bytes", m.retained_bytes},
          {"forward_peak_bytes", m.forward_peak_bytes},
          {"backward_peak_bytes", m.backward_peak_bytes},
          {"peak_bytes", m.absolute_peak_bytes},
          {"forward_flops", m.forward_flops},
          {"backward_flops", m.backward_flops}};
}

Json failure_json(const ProbeFailure& f) {
  return {{"kind", name(f.kind)},
          {"phase", f.phase},
          {"module", or_null(f.module)},
          {"message", f.message},
          {"wanted_bytes", or_null(f.wanted_bytes)},
          {"free_bytes", or_null(f.free_bytes)},
          {"signal", or_null(f.signal)}};
}

Json run_json(const ProbeResult& r) {
  Json inputs = Json::array(), phases = Json::array(), parts = Json::array();
  for (const InputSpec& i : r.inputs) inputs.push_back(input_json(i));
  for (const PhaseReading& p : r.phases) phases.push_back(phase_json(p));
  for (const MemoryPart& p : r.parts) {
    parts.push_back({{"name", p.name},
                     {"predicted_bytes", or_null(p.predicted_bytes)},
                     {"measured_bytes", p.measured_bytes}});
  }
  Json json = {{"kind", r.kind},
               {"device", name(r.used_device)},
               {"libtorch", r.libtorch_version},
               {"inputs", inputs},
               {"input_source", r.input_source},
               {"phases", phases},
               {"parts", parts},
               {"notes", r.notes},
               {"failure", r.failure ? failure_json(*r.failure) : Json(nullptr)}};
  if (r.modules.empty()) return json;
  json["forward_flops"] = r.forward_flops;
  json["backward_flops"] = r.backward_flops;
  json["peak_module"] = or_null(r.peak_module);
  json["modules"] = Json::array();
  for (const ModuleMemory& m : r.modules) json["modules"].push_back(module_json(m));
  json["timeline"] = Json::array();
  for (const TimelineEvent& e : r.timeline)
    json["timeline"].push_back({{"event", e.event}, {"name", e.name}, {"bytes", e.bytes}});
  return json;
}

Json formulas_json(const FormulaActivations& f) {
  if (!f.reason.empty()) return {{"reason", f.reason}, {"kernels", Json::array()}};
  Json kernels = Json::array();
  for (const KernelActivations& k : f.kernels) {
    Json parts = Json::array();
    for (const auto& [id, bytes] : k.parts) parts.push_back({{"id", id}, {"bytes", bytes}});
    kernels.push_back(
        {{"kernel", k.kernel}, {"parts", std::move(parts)}, {"total_bytes", k.total_bytes}});
  }
  return {{"reason", ""}, {"dropout", f.dropout}, {"kernels", std::move(kernels)}};
}

Json max_batch_json(const MaxBatch& m) {
  Json trials = Json::array();
  for (const BatchTrial& t : m.trials) {
    trials.push_back({{"batch", t.batch},
                      {"kind", t.kind},
                      {"outcome", name(t.outcome)},
                      {"peak_bytes", t.peak_bytes},
                      {"reason", t.reason}});
  }
  return {{"largest", or_null(m.largest)},
          {"next_fails", m.next_fails},
          {"stopped", m.stopped},
          {"budget_bytes", or_null(m.budget.bytes)},
          {"budget_source", m.budget.source},
          {"no_virtual_search", m.no_virtual},
          {"trials", std::move(trials)}};
}

Json configuration_json(const ProbedConfiguration& c) {
  Json runs = Json::array(), spread = Json::array();
  for (const ProbeResult& run : c.runs) runs.push_back(run_json(run));
  for (const PhaseReading& phase : c.runs.front().phases) {
    const Spread s = spread_of_peak(c.runs, phase.name);
    spread.push_back({{"phase", phase.name},
                      {"min_bytes", s.min},
                      {"median_bytes", s.median},
                      {"max_bytes", s.max}});
  }
  return {{"batch", or_null(c.batch)},
          {"sequence", or_null(c.sequence)},
          {"formula_activations", c.formulas ? formulas_json(*c.formulas) : Json(nullptr)},
          {"max_batch", c.max_batch ? max_batch_json(*c.max_batch) : Json(nullptr)},
          {"runs", std::move(runs)},
          {"peaks", std::move(spread)},
          {"attributed", c.modules ? run_json(*c.modules) : Json(nullptr)},
          {"virtual", c.virtual_run ? run_json(*c.virtual_run) : Json(nullptr)}};
}

}  // namespace

std::string probe_json(const ProbeReport& report) {
  Json configurations = Json::array();
  for (const ProbedConfiguration& c : report.configurations)
    configurations.push_back(configuration_json(c));
  Json json = {{"schema_version", 1},
               {"path", report.path},
               {"requested_device", report.requested_device},
               {"used_device", report.configurations.empty()
                                   ? ""
                                   : name(report.configurations.front().runs.front().used_device)},
               {"reason", report.reason},
               {"phase", name(report.extent)},
               {"optimizer", name(report.optimizer)},
               {"limit_bytes", report.limit_bytes},
               {"recognised_as", report.recognised},
               {"warm_ups", report.warm_ups},
               {"configurations", std::move(configurations)}};
  return json_text(json);
}

}  // namespace tally::app
