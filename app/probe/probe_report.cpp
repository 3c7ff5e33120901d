#include <app/probe/probe_report.h>
#include <app/probe/probe_values.h>
#include <report/columns.h>
#include <report/numbers.h>

#include <algorithm>
#include <utility>

namespace tally::app {
namespace {

using namespace inspector;
using report::Align;
using report::Bytes;
using report::bytes_text;
using report::Column;
using report::Count;
using report::Data;
using report::Facts;
using report::Flops;
using report::grouped;
using report::Heading;
using report::List;
using report::Note;
using report::percent;
using report::Phrase;
using report::Row;
using report::Section;
using report::Table;
using report::Tone;
using report::Value;

std::string sizes_text(const std::vector<std::int64_t>& sizes) {
  std::string text;
  for (const std::int64_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "scalar" : text;
}

std::string inputs_text(const std::vector<InputSpec>& inputs) {
  std::string text;
  for (const InputSpec& input : inputs) {
    if (!text.empty()) text += ", ";
    text += input.name;
    if (!input.key.empty()) text += "[" + input.key + "]";
    if (!input.name.empty()) text += "=";
    if (input.value) {
      text += "value:" + *input.value;
      continue;
    }
    text += sizes_text(input.sizes) + ":" + std::string(info(input.dtype).name);
    if (input.low && input.high)
      text += ":" + std::to_string(*input.low) + ".." + std::to_string(*input.high);
  }
  return text;
}

std::string difference_text(std::int64_t predicted, std::int64_t measured) {
  if (predicted == measured) return "exact";
  const std::int64_t difference = predicted - measured;
  const std::int64_t magnitude = difference < 0 ? -difference : difference;
  return (difference < 0 ? "-" : "+") + bytes_text(magnitude) +
         (measured > 0 ? ", " + percent(magnitude, measured) : "");
}

void note(Section& body, const std::string& text, Tone tone) { body.add(Note{{{"", text}}, tone}); }

void add_phases(Section& body, const ProbedConfiguration& c) {
  const ProbeResult& run = c.runs.front();
  if (run.phases.empty()) return;
  const bool repeated = c.runs.size() > 1;
  Table table;
  table.title = run.kind + ", bytes of tensors above the baseline";
  table.main = true;
  // CSV has the same columns of every configuration.
  const auto only_if = [](bool shown, const char* key, const char* title) {
    return Column{key, title, Align::kRight, false, !shown};
  };
  const bool computed = c.virtual_run.has_value();
  table.columns = {
      report::hidden("batch"),
      report::hidden("sequence"),
      report::hidden("kind"),
      {"phase", "phase"},
      {"retained_bytes", "retained", Align::kRight},
      {"peak_above_start_bytes", "peak above start", Align::kRight},
      {"median_peak_bytes", repeated ? "median total at peak" : "total at peak", Align::kRight},
      only_if(repeated, "min_peak_bytes", "min"),
      only_if(repeated, "max_peak_bytes", "max"),
      only_if(computed, "virtual_peak_bytes", "virtual total at peak"),
      only_if(computed, "", "difference")};
  for (const PhaseReading& phase : run.phases) {
    const Spread spread = spread_of_peak(c.runs, phase.name);
    Row row{{count_or_null(c.batch), count_or_null(c.sequence), run.kind, phase.name,
             Bytes{phase.retained()}, Bytes{phase.peak_above_start()}, Bytes{spread.median},
             Bytes{spread.min}, Bytes{spread.max}}};
    if (c.virtual_run) {
      const PhaseReading* predicted = find_phase(*c.virtual_run, phase.name);
      if (predicted != nullptr) {
        row.cells.emplace_back(Bytes{predicted->peak_bytes});
        row.cells.emplace_back(difference_text(predicted->peak_bytes, phase.peak_bytes));
      }
    }
    table.rows.push_back(std::move(row));
  }
  body.add(std::move(table));
}

Value bytes_or_unknown(const std::optional<std::int64_t>& bytes) {
  return bytes ? Value(Bytes{*bytes}) : Value("not known");
}

void add_split(Section& body, const ProbeResult& run) {
  if (run.phases.empty() || !run.phases.front().split) return;
  Table table;
  table.title =
      "The device at the end of each phase. The driver's count is other processes, context, "
      "reserved and other; reserved holds allocated, which holds requested: tensors and cuBLAS's "
      "workspaces";
  table.columns = {{"", "phase"},
                   {"", "tensors", Align::kRight},
                   {"", "workspace", Align::kRight},
                   {"", "allocated", Align::kRight},
                   {"", "reserved", Align::kRight},
                   {"", "most reserved", Align::kRight},
                   {"", "context", Align::kRight},
                   {"", "other processes", Align::kRight},
                   {"", "other", Align::kRight},
                   {"", "driver", Align::kRight}};
  for (const PhaseReading& phase : run.phases) {
    if (!phase.split) continue;
    const DeviceSplit& s = *phase.split;
    table.rows.push_back(
        {{phase.name, Bytes{s.tensor_bytes()}, bytes_or_unknown(s.workspace_bytes),
          Bytes{s.allocated_bytes}, Bytes{s.reserved_bytes}, Bytes{s.peak_reserved_bytes},
          bytes_or_unknown(s.context_bytes), bytes_or_unknown(s.other_processes_bytes),
          Bytes{s.other_bytes()}, Bytes{s.driver_bytes}}});
  }
  body.add(std::move(table));
}

void add_parts(Section& body, const ProbeResult& run) {
  if (run.parts.empty()) return;
  Table table;
  table.title = "What is in use at the end";
  table.columns = {{"", "part"},
                   {"", "predicted", Align::kRight},
                   {"", "measured", Align::kRight},
                   {"", "difference", Align::kRight}};
  std::int64_t total = 0;
  for (const MemoryPart& part : run.parts) {
    total += part.measured_bytes;
    const auto& p = part.predicted_bytes;
    table.rows.push_back({{part.name, p ? Value(Bytes{*p}) : Value(), Bytes{part.measured_bytes},
                           p ? difference_text(*p, part.measured_bytes) : ""}});
  }
  table.footer.push_back({{"TOTAL", "", Bytes{total}}});
  body.add(std::move(table));
}

constexpr const char* kTrainingForward = "training forward";

/// What the training forward keeps: as measured, and by each prediction there is.
void add_activations(Section& body, const ProbedConfiguration& c) {
  const ProbeResult& run = c.runs.front();
  const PhaseReading* measured = find_phase(run, kTrainingForward);
  if (measured == nullptr || run.failure || !c.formulas) return;
  if (!c.formulas->reason.empty()) {
    note(body, "No activations by formulas: " + c.formulas->reason, Tone::kMuted);
    return;
  }
  Table table;
  table.title = "Activations that the training forward keeps, its output counted";
  table.columns = {{"", "source"}, {"", "bytes", Align::kRight}, {"", "difference", Align::kRight}};
  table.rows.push_back({{run.kind, Bytes{measured->retained()}}});
  const auto predict = [&](const std::string& source, std::int64_t bytes) {
    table.rows.push_back({{source, Bytes{bytes}, difference_text(bytes, measured->retained())}});
  };
  if (c.virtual_run) {
    if (const PhaseReading* phase = find_phase(*c.virtual_run, kTrainingForward))
      predict("predicted: virtual", phase->retained());
  }
  for (const KernelActivations& kernel : c.formulas->kernels)
    predict("predicted: formulas, " + kernel.kernel + " attention", kernel.total_bytes);
  body.add(std::move(table));
}

void add_modules(Section& body, const ProbeResult& run, std::size_t most) {
  if (run.modules.empty()) return;
  std::vector<const ModuleMemory*> order;
  for (const ModuleMemory& m : run.modules) order.push_back(&m);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->absolute_peak_bytes > b->absolute_peak_bytes;
  });
  const std::size_t shown = most == 0 ? order.size() : std::min(most, order.size());
  Table table;
  table.title =
      "Modules by the memory in use while they ran; FLOPs are of operators called by the module "
      "itself, 2 a multiply-add";
  table.columns = {{"", "module", Align::kLeft, true},   {"", "calls", Align::kRight},
                   {"", "retained", Align::kRight},      {"", "forward peak", Align::kRight},
                   {"", "backward peak", Align::kRight}, {"", "total at peak", Align::kRight},
                   {"", "forward FLOPs", Align::kRight}, {"", "backward FLOPs", Align::kRight}};
  std::int64_t other_forward = 0, other_backward = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ModuleMemory& m = *order[i];
    if (i >= shown) {
      other_forward += m.forward_flops;
      other_backward += m.backward_flops;
      continue;
    }
    table.rows.push_back(
        {{m.path.empty() ? "(root)" : m.path, Count{m.calls}, Bytes{m.retained_bytes},
          Bytes{m.forward_peak_bytes}, Bytes{m.backward_peak_bytes}, Bytes{m.absolute_peak_bytes},
          Flops{m.forward_flops}, Flops{m.backward_flops}}});
  }
  if (shown < order.size()) {
    table.rows.push_back({{"[" + std::to_string(order.size() - shown) + " others]", "", "", "", "",
                           "", Flops{other_forward}, Flops{other_backward}}});
  }
  table.footer.push_back(
      {{"TOTAL", "", "", "", "", "", Flops{run.forward_flops}, Flops{run.backward_flops}}});
  body.add(std::move(table));
  if (run.peak_module)
    note(body,
         "The highest peak was made while " +
             (run.peak_module->empty() ? std::string("the root itself") : *run.peak_module) +
             " ran.",
         Tone::kNormal);
}

/// What a model that failed was called with.
std::string inputs_tried(const ProbeResult& run) {
  const bool was_called = run.failure->kind == ProbeFailure::Kind::kModel && !run.inputs.empty();
  return was_called ? "; it was called with " + inputs_text(run.inputs) : "";
}

std::string configuration_name(const ProbedConfiguration& c) {
  std::string name;
  if (c.batch) name = "batch " + std::to_string(*c.batch);
  if (c.sequence)
    name += (name.empty() ? "" : ", ") + std::string("sequence ") + std::to_string(*c.sequence);
  return name;
}

std::string answer_text(const MaxBatch& m) {
  if (m.stopped)
    return "not found: the search stopped at batch " + grouped(m.trials.back().batch) +
           ", which fails for another reason than memory";
  if (!m.largest) return "none: batch 1 does not fit";
  const std::string n = grouped(*m.largest);
  const std::string how = m.run.used_device.is_meta() ? "by virtual runs alone" : "both were run";
  if (!m.next_fails) return "at least " + n + ": no larger one was tried";
  return n + ": it fits and " + grouped(*m.largest + 1) + " does not, " + how;
}

void add_max_batch(Section& body, const MaxBatch& m) {
  Facts facts;
  facts.facts.push_back(
      {"largest batch", {{"", answer_text(m)}}, m.answered() ? Tone::kGood : Tone::kBad});
  facts.facts.push_back(
      {"may take",
       {{"", (m.budget.bytes ? bytes_text(*m.budget.bytes) + "  " : "") + m.budget.source}}});
  if (!m.no_virtual.empty())
    facts.facts.push_back({"no virtual search", {{"", m.no_virtual}}, Tone::kWarning});
  body.add(std::move(facts));
  Table table;
  table.title = "Batches tried";
  table.columns = {{"", "batch", Align::kRight},
                   {"", "kind"},
                   {"", "highest peak", Align::kRight},
                   {"", "outcome"},
                   {"", "why", Align::kLeft, true}};
  for (const BatchTrial& t : m.trials) {
    table.rows.push_back(
        {{Count{t.batch}, t.kind, Bytes{t.peak_bytes}, name(t.outcome), t.reason}});
  }
  body.add(std::move(table));
}

void add_configuration(Section& body, const ProbedConfiguration& c, std::size_t most_modules) {
  const ProbeResult& run = c.runs.front();
  if (c.max_batch) add_max_batch(body, *c.max_batch);
  if (const std::string title = configuration_name(c); !title.empty())
    body.add(Heading{{{"", title}}});
  Facts facts;
  facts.facts.push_back(
      {"kind",
       {{"",
         run.kind + (run.libtorch_version.empty() ? "" : ", LibTorch " + run.libtorch_version)}}});
  if (!run.inputs.empty()) facts.facts.push_back({"inputs", {{"", inputs_text(run.inputs)}}});
  if (!run.input_source.empty()) facts.facts.push_back({"source", {{"", run.input_source}}});
  body.add(std::move(facts));
  add_phases(body, c);
  add_split(body, run);
  if (run.failure) {
    note(body, failure_text(*run.failure) + inputs_tried(run), Tone::kBad);
  }
  add_parts(body, run);
  add_activations(body, c);
  if (c.modules) add_modules(body, *c.modules, most_modules);
  if (c.virtual_run && c.virtual_run->failure)
    note(body, failure_text(*c.virtual_run->failure), Tone::kWarning);
  for (const std::string& text : run.notes) note(body, text, Tone::kMuted);
}

}  // namespace

std::string failure_text(const ProbeFailure& f) {
  std::string text = "in " + f.phase;
  if (f.module) text += ", module " + (f.module->empty() ? std::string("(root)") : *f.module);
  switch (f.kind) {
    case ProbeFailure::Kind::kOutOfMemory:
      text = "Out of memory " + text + ": ";
      if (!f.wanted_bytes) return text + f.message;
      text += "wanted " + bytes_text(*f.wanted_bytes);
      return f.free_bytes ? text + ", free " + bytes_text(*f.free_bytes)
                          : text + ", which the system refused";
    case ProbeFailure::Kind::kModel:
      return "The model failed " + text + ": " + f.message;
    case ProbeFailure::Kind::kUnsupported:
      return "No virtual figure, stopped " + text + ": " + f.message;
    case ProbeFailure::Kind::kUntrainable:
      return "Nothing to train: " + f.message;
    case ProbeFailure::Kind::kUnavailable:
      return "Not run: " + f.message;
    case ProbeFailure::Kind::kKilled:
      break;
  }
  return "The run was ended " + text + ": " + f.message;
}

Spread spread_of_peak(const std::vector<ProbeResult>& runs, const std::string& phase) {
  std::vector<std::int64_t> peaks;
  for (const ProbeResult& run : runs) {
    if (const PhaseReading* reading = find_phase(run, phase)) peaks.push_back(reading->peak_bytes);
  }
  if (peaks.empty()) return {};
  std::sort(peaks.begin(), peaks.end());
  const std::size_t n = peaks.size();
  const std::int64_t below = peaks[(n - 1) / 2], above = peaks[n / 2];  // the same where n is odd
  return {peaks.front(), below + (above - below) / 2, peaks.back()};
}

report::Report probe_report(const ProbeReport& found, std::size_t most_modules) {
  report::Report report;
  report.command = "probe";
  report.title = "Probe of " + found.path;
  Section& body = report.body;
  const auto shown = [](bool is_shown, const char* label) { return is_shown ? label : ""; };
  body.add(Heading{{{"path", report::Path{found.path}}}, 1});
  const std::string used = found.configurations.empty()
                               ? ""
                               : name(found.configurations.front().runs.front().used_device);
  const bool trained = found.extent == ProbeExtent::kTrain;
  body.add(Facts{
      {{"requested device", {{"requested_device", found.requested_device}}},
       {shown(!used.empty(), "used device"), {{"used_device", used}}},
       {shown(!found.reason.empty(), "reason"), {{"reason", found.reason}}, Tone::kWarning},
       {"", {{"phase", name(found.extent)}}},
       {shown(trained, "optimizer"), {{"optimizer", name(found.optimizer)}}},
       {shown(found.warm_ups > 0, "warm-ups"), {{"warm_ups", Count{found.warm_ups}}}},
       {shown(found.limit_bytes > 0, "limit"), {{"limit_bytes", Bytes{found.limit_bytes}}}},
       {shown(!found.recognised.empty(), "recognised as"), {{"recognised_as", found.recognised}}},
       {"", {{"limits.seconds_per_phase", report::Real{found.limits.seconds_per_phase}}}},
       {"", {{"limits.memory_bytes", Bytes{found.limits.memory_bytes}}}}}});
  List configurations;
  for (const ProbedConfiguration& c : found.configurations) {
    add_configuration(body, c, most_modules);
    configurations.emplace_back(configuration_value(c));
  }
  body.add(Data{"configurations", std::move(configurations)});
  return report;
}

}  // namespace tally::app
