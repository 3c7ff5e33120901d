#include <app/probe_report.h>
#include <report/numbers.h>

#include <algorithm>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace inspector;

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

std::string signed_bytes(std::int64_t bytes) {
  return bytes < 0 ? "−" + bytes_text(-bytes) : bytes_text(bytes);
}

std::string difference_text(std::int64_t predicted, std::int64_t measured) {
  if (predicted == measured) return "exact";
  const std::int64_t difference = predicted - measured;
  const std::int64_t magnitude = difference < 0 ? -difference : difference;
  return (difference < 0 ? "−" : "+") + bytes_text(magnitude) +
         (measured > 0 ? ", " + percent(magnitude, measured) : "");
}

void add_phases(Document& document, const ProbedConfiguration& c) {
  const ProbeResult& run = c.runs.front();
  if (run.phases.empty()) return;
  const bool repeated = c.runs.size() > 1;
  Table table;
  table.title = run.kind + ", bytes of tensors above the baseline";
  table.columns = {{"phase"},
                   {"retained", Align::kRight},
                   {"peak above start", Align::kRight},
                   {repeated ? "median total at peak" : "total at peak", Align::kRight}};
  if (repeated) {
    table.columns.push_back({"min", Align::kRight});
    table.columns.push_back({"max", Align::kRight});
  }
  if (c.virtual_run) {
    table.columns.push_back({"virtual total at peak", Align::kRight});
    table.columns.push_back({"difference", Align::kRight});
  }
  for (const PhaseReading& phase : run.phases) {
    const Spread spread = spread_of_peak(c.runs, phase.name);
    Row row{{phase.name, signed_bytes(phase.retained()), bytes_text(phase.peak_above_start()),
             bytes_text(repeated ? spread.median : phase.peak_bytes)}};
    if (repeated) {
      row.cells.push_back(bytes_text(spread.min));
      row.cells.push_back(bytes_text(spread.max));
    }
    if (c.virtual_run) {
      const PhaseReading* predicted = find_phase(*c.virtual_run, phase.name);
      row.cells.push_back(predicted != nullptr ? bytes_text(predicted->peak_bytes) : "");
      row.cells.push_back(
          predicted != nullptr ? difference_text(predicted->peak_bytes, phase.peak_bytes) : "");
    }
    table.rows.push_back(std::move(row));
  }
  document.add(std::move(table));
}

std::string bytes_or_unknown(const std::optional<std::int64_t>& bytes) {
  return bytes ? bytes_text(*bytes) : "not known";
}

void add_split(Document& document, const ProbeResult& run) {
  if (run.phases.empty() || !run.phases.front().split) return;
  Table table;
  table.title =
      "The device at the end of each phase. The driver's count is other processes, context, "
      "reserved and other; reserved holds allocated, which holds requested: tensors and cuBLAS's "
      "workspaces";
  table.columns = {{"phase"},
                   {"tensors", Align::kRight},
                   {"workspace", Align::kRight},
                   {"allocated", Align::kRight},
                   {"reserved", Align::kRight},
                   {"most reserved", Align::kRight},
                   {"context", Align::kRight},
                   {"other processes", Align::kRight},
                   {"other", Align::kRight},
                   {"driver", Align::kRight}};
  for (const PhaseReading& phase : run.phases) {
    if (!phase.split) continue;
    const DeviceSplit& s = *phase.split;
    table.rows.push_back(
        {{phase.name, bytes_text(s.tensor_bytes()), bytes_or_unknown(s.workspace_bytes),
          bytes_text(s.allocated_bytes), bytes_text(s.reserved_bytes),
          bytes_text(s.peak_reserved_bytes), bytes_or_unknown(s.context_bytes),
          bytes_or_unknown(s.other_processes_bytes), signed_bytes(s.other_bytes()),
          bytes_text(s.driver_bytes)}});
  }
  document.add(std::move(table));
}

void add_parts(Document& document, const ProbeResult& run) {
  if (run.parts.empty()) return;
  Table table;
  table.title = "What is in use at the end";
  table.columns = {{"part"},
                   {"predicted", Align::kRight},
                   {"measured", Align::kRight},
                   {"difference", Align::kRight}};
  std::int64_t total = 0;
  for (const MemoryPart& part : run.parts) {
    total += part.measured_bytes;
    const auto& p = part.predicted_bytes;
    table.rows.push_back({{part.name, p ? bytes_text(*p) : "", signed_bytes(part.measured_bytes),
                           p ? difference_text(*p, part.measured_bytes) : ""}});
  }
  table.footer.push_back({{"TOTAL", "", bytes_text(total), ""}});
  document.add(std::move(table));
}

constexpr const char* kTrainingForward = "training forward";

/// What the training forward keeps: as measured, and by each prediction there is.
void add_activations(Document& document, const ProbedConfiguration& c) {
  const ProbeResult& run = c.runs.front();
  const PhaseReading* measured = find_phase(run, kTrainingForward);
  if (measured == nullptr || run.failure || !c.formulas) return;
  if (!c.formulas->reason.empty()) {
    document.add(Paragraph{"No activations by formulas: " + c.formulas->reason, Tone::kMuted});
    return;
  }
  Table table;
  table.title = "Activations that the training forward keeps, its output counted";
  table.columns = {{"source"}, {"bytes", Align::kRight}, {"difference", Align::kRight}};
  table.rows.push_back({{run.kind, bytes_text(measured->retained()), ""}});
  const auto predict = [&](const std::string& source, std::int64_t bytes) {
    table.rows.push_back(
        {{source, bytes_text(bytes), difference_text(bytes, measured->retained())}});
  };
  if (c.virtual_run) {
    if (const PhaseReading* phase = find_phase(*c.virtual_run, kTrainingForward))
      predict("predicted: virtual", phase->retained());
  }
  for (const KernelActivations& kernel : c.formulas->kernels)
    predict("predicted: formulas, " + kernel.kernel + " attention", kernel.total_bytes);
  document.add(std::move(table));
}

void add_modules(Document& document, const ProbeResult& run, std::size_t most) {
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
  table.columns = {{"module", Align::kLeft, true},   {"calls", Align::kRight},
                   {"retained", Align::kRight},      {"forward peak", Align::kRight},
                   {"backward peak", Align::kRight}, {"total at peak", Align::kRight},
                   {"forward FLOPs", Align::kRight}, {"backward FLOPs", Align::kRight}};
  std::int64_t other_forward = 0, other_backward = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ModuleMemory& m = *order[i];
    if (i >= shown) {
      other_forward += m.forward_flops;
      other_backward += m.backward_flops;
      continue;
    }
    table.rows.push_back(
        {{m.path.empty() ? "(root)" : m.path, grouped(m.calls), signed_bytes(m.retained_bytes),
          bytes_text(m.forward_peak_bytes), bytes_text(m.backward_peak_bytes),
          bytes_text(m.absolute_peak_bytes), grouped(m.forward_flops), grouped(m.backward_flops)}});
  }
  if (shown < order.size()) {
    table.rows.push_back({{"[" + std::to_string(order.size() - shown) + " others]", "", "", "", "",
                           "", grouped(other_forward), grouped(other_backward)}});
  }
  table.footer.push_back(
      {{"TOTAL", "", "", "", "", "", grouped(run.forward_flops), grouped(run.backward_flops)}});
  document.add(std::move(table));
  if (run.peak_module)
    document.add(Paragraph{
        "The highest peak was made while " +
        (run.peak_module->empty() ? std::string("the root itself") : *run.peak_module) + " ran."});
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

void add_max_batch(Document& document, const MaxBatch& m) {
  Facts facts;
  facts.facts.push_back({"largest batch", answer_text(m), m.answered() ? Tone::kGood : Tone::kBad});
  facts.facts.push_back(
      {"may take", (m.budget.bytes ? bytes_text(*m.budget.bytes) + "  " : "") + m.budget.source});
  if (!m.no_virtual.empty())
    facts.facts.push_back({"no virtual search", m.no_virtual, Tone::kWarning});
  document.add(std::move(facts));
  Table table;
  table.title = "Batches tried";
  table.columns = {{"batch", Align::kRight},
                   {"kind"},
                   {"highest peak", Align::kRight},
                   {"outcome"},
                   {"why", Align::kLeft, true}};
  for (const BatchTrial& t : m.trials) {
    table.rows.push_back({{grouped(t.batch), t.kind, bytes_text(t.peak_bytes),
                           std::string(name(t.outcome)), t.reason}});
  }
  document.add(std::move(table));
}

void add_configuration(Document& document, const ProbedConfiguration& c, std::size_t most_modules) {
  const ProbeResult& run = c.runs.front();
  if (c.max_batch) add_max_batch(document, *c.max_batch);
  if (const std::string title = configuration_name(c); !title.empty()) document.add(Heading{title});
  Facts facts;
  facts.facts.push_back(
      {"kind",
       run.kind + (run.libtorch_version.empty() ? "" : ", LibTorch " + run.libtorch_version)});
  if (!run.inputs.empty()) facts.facts.push_back({"inputs", inputs_text(run.inputs)});
  if (!run.input_source.empty()) facts.facts.push_back({"source", run.input_source});
  document.add(std::move(facts));
  add_phases(document, c);
  add_split(document, run);
  if (run.failure) {
    document.add(Paragraph{failure_text(*run.failure) + inputs_tried(run), Tone::kBad});
  }
  add_parts(document, run);
  add_activations(document, c);
  if (c.modules) add_modules(document, *c.modules, most_modules);
  if (c.virtual_run && c.virtual_run->failure)
    document.add(Paragraph{failure_text(*c.virtual_run->failure), Tone::kWarning});
  for (const std::string& note : run.notes) document.add(Paragraph{note, Tone::kMuted});
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

Document probe_document(const ProbeReport& report, std::size_t most_modules) {
  Document document;
  document.title = "Probe of " + report.path;
  document.add(Heading{report.path, 1});
  Facts facts;
  facts.facts.push_back({"requested device", report.requested_device});
  if (!report.configurations.empty())
    facts.facts.push_back(
        {"used device", name(report.configurations.front().runs.front().used_device)});
  if (!report.reason.empty()) facts.facts.push_back({"reason", report.reason, Tone::kWarning});
  if (report.extent == ProbeExtent::kTrain)
    facts.facts.push_back({"optimizer", std::string(name(report.optimizer))});
  if (report.warm_ups > 0) facts.facts.push_back({"warm-ups", std::to_string(report.warm_ups)});
  if (report.limit_bytes > 0) facts.facts.push_back({"limit", bytes_text(report.limit_bytes)});
  if (!report.recognised.empty()) facts.facts.push_back({"recognised as", report.recognised});
  document.add(std::move(facts));
  for (const ProbedConfiguration& c : report.configurations)
    add_configuration(document, c, most_modules);
  return document;
}

}  // namespace tally::app
