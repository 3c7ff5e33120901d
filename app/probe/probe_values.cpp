#include <app/probe/probe_values.h>

#include <utility>

namespace tally::app {
namespace {

using namespace inspector;
using report::Bytes;
using report::Count;
using report::Flops;
using report::Integer;
using report::List;
using report::Object;
using report::Path;
using report::Value;

Value bytes_or_null(const std::optional<std::int64_t>& bytes) {
  return bytes ? Value(Bytes{*bytes}) : Value();
}

template <class T>
Value integer_or_null(const std::optional<T>& value) {
  return value ? Value(Integer{*value}) : Value();
}

Value path_or_null(const std::optional<std::string>& path) {
  return path ? Value(Path{*path}) : Value();
}

Object input_value(const InputSpec& i) {
  if (i.value) return {{"name", i.name}, {"value", *i.value}};
  List sizes;
  for (const std::int64_t size : i.sizes) sizes.emplace_back(Count{size});
  Object object = {{"name", i.name},
                   {"sizes", std::move(sizes)},
                   {"dtype", info(i.dtype).name},
                   {"low", integer_or_null(i.low)},
                   {"high", integer_or_null(i.high)}};
  if (!i.key.empty()) object.emplace_back("key", i.key);
  return object;
}

/// docs/probing.md tells what each is.
Object split_value(const DeviceSplit& s) {
  return {{"tensor_bytes", Bytes{s.tensor_bytes()}},
          {"workspace_bytes", bytes_or_null(s.workspace_bytes)},
          {"requested_bytes", Bytes{s.requested_bytes}},
          {"rounding_bytes", Bytes{s.rounding_bytes()}},
          {"allocated_bytes", Bytes{s.allocated_bytes}},
          {"cached_bytes", Bytes{s.cached_bytes()}},
          {"reserved_bytes", Bytes{s.reserved_bytes}},
          {"peak_allocated_bytes", Bytes{s.peak_allocated_bytes}},
          {"peak_reserved_bytes", Bytes{s.peak_reserved_bytes}},
          {"context_bytes", bytes_or_null(s.context_bytes)},
          {"other_processes_bytes", bytes_or_null(s.other_processes_bytes)},
          {"other_bytes", Bytes{s.other_bytes()}},
          {"driver_bytes", Bytes{s.driver_bytes}}};
}

Object phase_value(const PhaseReading& p) {
  Object object = {{"name", p.name},
                   {"start_bytes", Bytes{p.start_bytes}},
                   {"end_bytes", Bytes{p.end_bytes}},
                   {"retained_bytes", Bytes{p.retained()}},
                   {"peak_above_start_bytes", Bytes{p.peak_above_start()}},
                   {"peak_bytes", Bytes{p.peak_bytes}}};
  if (p.split) object.emplace_back("device", split_value(*p.split));
  return object;
}

Object module_value(const ModuleMemory& m) {
  return {{"path", Path{m.path}},
          {"calls", Count{m.calls}},
          {"retained_bytes", Bytes{m.retained_bytes}},
          {"forward_peak_bytes", Bytes{m.forward_peak_bytes}},
          {"backward_peak_bytes", Bytes{m.backward_peak_bytes}},
          {"peak_bytes", Bytes{m.absolute_peak_bytes}},
          {"forward_flops", Flops{m.forward_flops}},
          {"backward_flops", Flops{m.backward_flops}}};
}

Object failure_value(const ProbeFailure& f) {
  return {{"kind", name(f.kind)},
          {"phase", f.phase},
          {"module", path_or_null(f.module)},
          {"message", f.message},
          {"wanted_bytes", bytes_or_null(f.wanted_bytes)},
          {"free_bytes", bytes_or_null(f.free_bytes)},
          {"signal", integer_or_null(f.signal)}};
}

/// `make` of each of `items`.
template <class Items, class Make>
List list_of(const Items& items, const Make& make) {
  List list;
  for (const auto& item : items) list.emplace_back(make(item));
  return list;
}

Object part_value(const MemoryPart& p) {
  return {{"name", p.name},
          {"predicted_bytes", bytes_or_null(p.predicted_bytes)},
          {"measured_bytes", Bytes{p.measured_bytes}}};
}

Object event_value(const TimelineEvent& e) {
  return {{"event", e.event}, {"name", e.name}, {"bytes", Bytes{e.bytes}}};
}

Object run_value(const ProbeResult& r) {
  Object object = {{"kind", r.kind},
                   {"device", name(r.used_device)},
                   {"libtorch", r.libtorch_version},
                   {"inputs", list_of(r.inputs, input_value)},
                   {"input_source", r.input_source},
                   {"phases", list_of(r.phases, phase_value)},
                   {"parts", list_of(r.parts, part_value)},
                   {"notes", List(r.notes.begin(), r.notes.end())},
                   {"failure", r.failure ? Value(failure_value(*r.failure)) : Value()}};
  if (r.modules.empty()) return object;
  object.emplace_back("forward_flops", Flops{r.forward_flops});
  object.emplace_back("backward_flops", Flops{r.backward_flops});
  object.emplace_back("peak_module", path_or_null(r.peak_module));
  object.emplace_back("modules", list_of(r.modules, module_value));
  object.emplace_back("timeline", list_of(r.timeline, event_value));
  return object;
}

Object kernel_value(const KernelActivations& k) {
  List parts;
  for (const auto& [id, bytes] : k.parts)
    parts.emplace_back(Object{{"id", id}, {"bytes", Bytes{bytes}}});
  return {{"kernel", k.kernel}, {"parts", std::move(parts)}, {"total_bytes", Bytes{k.total_bytes}}};
}

Object formulas_value(const FormulaActivations& f) {
  if (!f.reason.empty()) return {{"reason", f.reason}, {"kernels", List{}}};
  return {{"reason", ""},
          {"dropout", Value::of(f.dropout)},
          {"kernels", list_of(f.kernels, kernel_value)}};
}

Object trial_value(const BatchTrial& t) {
  return {{"batch", Count{t.batch}},
          {"kind", t.kind},
          {"outcome", name(t.outcome)},
          {"peak_bytes", Bytes{t.peak_bytes}},
          {"reason", t.reason}};
}

Object max_batch_value(const MaxBatch& m) {
  return {
      {"largest", count_or_null(m.largest)},     {"next_fails", Value::of(m.next_fails)},
      {"stopped", Value::of(m.stopped)},         {"budget_bytes", bytes_or_null(m.budget.bytes)},
      {"budget_source", m.budget.source},        {"no_virtual_search", m.no_virtual},
      {"trials", list_of(m.trials, trial_value)}};
}

}  // namespace

Value count_or_null(const std::optional<std::int64_t>& count) {
  return count ? Value(Count{*count}) : Value();
}

Object configuration_value(const ProbedConfiguration& c) {
  const List peaks = list_of(c.runs.front().phases, [&](const PhaseReading& phase) {
    const Spread s = spread_of_peak(c.runs, phase.name);
    return Object{{"phase", phase.name},
                  {"min_bytes", Bytes{s.min}},
                  {"median_bytes", Bytes{s.median}},
                  {"max_bytes", Bytes{s.max}}};
  });
  return {{"batch", count_or_null(c.batch)},
          {"sequence", count_or_null(c.sequence)},
          {"formula_activations", c.formulas ? Value(formulas_value(*c.formulas)) : Value()},
          {"max_batch", c.max_batch ? Value(max_batch_value(*c.max_batch)) : Value()},
          {"runs", list_of(c.runs, run_value)},
          {"peaks", peaks},
          {"attributed", c.modules ? Value(run_value(*c.modules)) : Value()},
          {"virtual", c.virtual_run ? Value(run_value(*c.virtual_run)) : Value()}};
}

}  // namespace tally::app
