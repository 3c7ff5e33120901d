#include <app/audit/audit_report.h>
#include <app/audit/audit_tables.h>
#include <app/audit/audit_values.h>
#include <app/audit/safety.h>
#include <base/wide.h>
#include <report/quantities.h>
#include <report/views.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tally::app {
namespace {

using inspector::Census;
using inspector::kTensorKinds;
using inspector::TensorKind;
using inspector::Verification;
using namespace report;

/// Values that stand in a sentence, for people.
Phrase phrase(std::initializer_list<Value> pieces) {
  Phrase phrase;
  for (const Value& piece : pieces) phrase.push_back({"", piece});
  return phrase;
}

void add(Phrase& to, std::initializer_list<Value> pieces) {
  for (const Value& piece : pieces) to.push_back({"", piece});
}

void add_trainable(const Census& c, Phrase& to) {
  if (c.all.parameters().elements == 0) return;
  if (c.all.fixed.elements == 0) return add(to, {"  all trainable"});
  if (c.all.trainable.elements == 0) return add(to, {"  none trainable"});
  add(to, {"  ", Count{c.all.trainable.elements}, " trainable, ", Count{c.all.fixed.elements},
           " frozen"});
}

/// What counting every name (of constants: every use) would give, where that differs.
void add_naive(const Census& c, std::size_t kind, Phrase& to) {
  const std::int64_t naive = c.naive_by_kind[kind].elements;
  if (naive == c.all.unique[kind].elements) return;
  const bool constants = static_cast<TensorKind>(kind) == TensorKind::kConstant;
  add(to, {"; ", Count{naive},
           constants ? " with every use counted" : " with shared tensors counted again"});
}

/// The floating-point types of the model's weights and buffers, where they are more than one.
std::string mixed_dtypes(const Audit& audit) {
  std::set<std::string_view> types;
  const bool has_parameters = audit.census.all.parameters().tensors > 0;
  const auto& tensors = audit.snapshot.tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const inspector::DtypeInfo& type = info(tensors[i].view.dtype);
    const bool captured = has_parameters && tensors[i].kind == TensorKind::kConstant;
    if (audit.is_selected(i) && type.floating && !captured) types.insert(type.name);
  }
  if (types.size() < 2) return "";
  std::string names;
  for (const std::string_view type : types)
    names += (names.empty() ? "" : " and ") + std::string(type);
  return names;
}

/// ", saved from cuda:0" or ", saved from cpu (2 storages), cuda:0 (4 storages)".
std::string saved_from(const inspector::ModelSnapshot& s) {
  std::map<std::string, std::int64_t> devices;
  for (const inspector::StorageRecord& storage : s.storages) ++devices[storage.device];
  std::string text;
  for (const auto& [device, storages] : devices) {
    text += (text.empty() ? ", saved from " : ", ") + device;
    if (devices.size() > 1) text += " (" + plural(storages, "storage") + ")";
  }
  return text;
}

/// Where the weights of a model are that declares no parameters: never a plain 0.
std::string elsewhere(const inspector::ModelSnapshot& s, const Census& c) {
  std::string kinds;
  const auto named = [&kinds](const std::string& kind) {
    kinds += (kinds.empty() ? "" : ", ") + kind;
  };
  for (const auto& [kind, plural_name] : {std::pair{TensorKind::kPacked, "packed"},
                                          {TensorKind::kState, "in states"},
                                          {TensorKind::kAttribute, "attributes"},
                                          {TensorKind::kConstant, "constants"}}) {
    if (c.all.of(kind).elements > 0) named(plural_name);
  }
  if (kinds.empty() && c.all.of(TensorKind::kBuffer).elements > 0) named("buffers");
  if (!s.hidden.empty()) named("hidden");
  return kinds.empty() ? "" : "  declared; its weights are " + kinds;
}

/// By layout and bits, what integers stand for beside what they are: "GPTQ, 4 bits: 8,192 weights
/// in 1,024 integers of 2 layers".
std::map<std::string, Phrase> packed_phrases(const inspector::ModelSnapshot& s, const Census& c) {
  struct Sum {
    std::int64_t layers = 0, stored = 0;
    Int128 elements = 0;  // each below 2^63, of layers that may be many
  };
  std::map<std::string, Sum> sums;
  for (const inspector::PackedWeights& packed : c.packed_weights) {
    Sum& sum = sums[packed.layout + ", " + std::to_string(packed.bits) + " bits"];
    ++sum.layers;
    sum.stored += s.tensors[packed.tensor].view.elements;
    sum.elements += packed.elements;
  }
  std::map<std::string, Phrase> phrases;
  for (const auto& [layout, sum] : sums) {
    phrases[layout] = phrase({layout + ": ", Count{sum.elements}, " weights in ", Count{sum.stored},
                              " integers of ", plural(sum.layers, "layer")});
  }
  return phrases;
}

/// "3 gone from the file, 18,000 B that are no tensors".
Phrase hidden_phrase(const std::vector<inspector::HiddenWeights>& hidden) {
  std::int64_t gone = 0, bytes = 0;
  for (const inspector::HiddenWeights& h : hidden) {
    gone += h.bytes == 0 ? h.count : 0;
    bytes += h.bytes;
  }
  Phrase text;
  if (gone > 0) add(text, {plural(gone, "tensor"), " gone from the file"});
  if (bytes > 0) add(text, {gone > 0 ? ", " : "", Bytes{bytes}, " of unknown content"});
  add(text, {": see the notes"});
  return text;
}

Facts totals(const Audit& audit) {
  const Census& c = audit.census;
  const inspector::ModelSnapshot& s = audit.snapshot;
  Facts facts;
  const auto fact = [&](const char* label, Phrase text, Tone tone = Tone::kNormal) {
    facts.facts.push_back({label, std::move(text), tone});
  };
  fact("format", phrase({s.format, ", archive version ", report::Integer{s.archive_version},
                         ", from ", s.producer, ", ", Bytes{s.file_bytes}}));
  const std::string line = audit.recognition ? recognition_line(*audit.recognition) : "";
  if (!line.empty()) fact("recognised as", phrase({line}));
  Phrase parameters = phrase({Count{c.all.parameters().elements}});
  add_trainable(c, parameters);
  add_naive(c, 0, parameters);
  if (c.all.parameters().tensors == 0) add(parameters, {elsewhere(s, c)});
  fact("parameters", std::move(parameters), Tone::kStrong);
  for (std::size_t kind = 1; kind < kTensorKinds; ++kind) {
    const inspector::Count& count = c.all.unique[kind];
    if (count.tensors == 0) continue;
    static constexpr const char* kLabels[] = {"",      "buffers",    "packed",
                                              "state", "attributes", "constants"};
    Phrase text = phrase({Count{count.elements}, "  elements in ", plural(count.tensors, "tensor"),
                          ", ", Bytes{count.bytes}});
    add_naive(c, kind, text);
    fact(kLabels[kind], std::move(text));
  }
  for (auto& [layout, text] : packed_phrases(s, c)) fact("packed in integers", std::move(text));
  if (!s.hidden.empty()) fact("hidden weights", hidden_phrase(s.hidden), Tone::kBad);
  if (c.quantization_parts.tensors > 0) {
    fact("scales, zero points", phrase({Count{c.quantization_parts.elements}, "  elements, ",
                                        Bytes{c.quantization_parts.bytes}, ", counted apart"}));
  }
  Phrase dtypes;
  for (const auto& [dtype, count] : c.by_dtype)
    add(dtypes, {dtypes.empty() ? "" : ", ", dtype + " ", Count{count.elements}});
  if (c.settings.tensors > 0) {
    fact("settings", phrase({Count{c.settings.elements}, "  integers of quantized convolutions, ",
                             Bytes{c.settings.bytes}, ", counted apart"}));
  }
  if (!dtypes.empty()) {
    if (const std::string mixed = mixed_dtypes(audit); !mixed.empty())
      add(dtypes, {"; mixed: " + mixed});
    fact("by dtype", std::move(dtypes));
  }
  fact("tensor bytes",
       phrase({Bytes{c.unique.bytes}, " in storages of ", Bytes{c.storage_bytes}, saved_from(s)}));
  for (const inspector::BurntIn& literal : s.burnt_in) {
    const bool device = literal.what == "device";
    fact(device ? "device in code" : "dtype in code",
         phrase({literal.value + " in " + plural(literal.methods, "method") +
                 (!device                ? ""
                  : literal.methods == 1 ? ": it runs on no other device"
                                         : ": they run on no other device") +
                 " (" + literal.first + ")"}),
         device && literal.value != "cpu" ? Tone::kWarning : Tone::kNormal);
  }
  return facts;
}

void add_verification(const Result<Verification>& v, Section& section) {
  const auto note = [&](const std::string& text, Tone tone) {
    section.add(Note{phrase({text}), tone});
  };
  if (!v) {
    note("NOT CHECKED against LibTorch: " + v.error().message, Tone::kBad);
    if (!v.error().hint.empty()) note("  " + v.error().hint, Tone::kBad);
    return;
  }
  if (v->differences.empty()) {
    return note("LibTorch agrees: " + plural(v->tensors, "tensor") + " and " +
                    plural(v->modules, "module") +
                    " compared after torch::jit::load, no difference",
                Tone::kGood);
  }
  note("LibTorch DIFFERS in " + plural(v->differences.size(), "point") + ":", Tone::kBad);
  for (const std::string& difference : v->differences) note("  " + difference, Tone::kBad);
}

/// What people read of one model, below its heading.
void add_for_people(const Audit& audit, const std::string& filter, const AuditView& view,
                    Section& section) {
  section.add(totals(audit));
  if (!filter.empty()) {
    const auto shown = std::count(audit.selected.begin(), audit.selected.end(), true);
    section.add(
        Note{phrase({"Filter /" + filter + "/: ", Count{shown}, " of ",
                     plural(audit.snapshot.tensors.size(), "tensor"), "; all counts are of these"}),
             Tone::kWarning});
  }
  section.add(module_tree(audit, view));
}

void add_for_people_below(const Audit& audit, const AuditView& view, Section& section) {
  if (auto shared = shared_tensors(audit, view)) section.add(std::move(*shared));
  section.add(file_table(audit.snapshot));
  for (const auto* findings : {&audit.snapshot.findings, &audit.census.findings}) {
    for (const inspector::Finding& finding : *findings) {
      if (is_told_always(finding.code))
        section.add(Note{phrase({"note: " + finding.text}), Tone::kWarning});
    }
  }
  add_checks(audit.gates, section);
  if (audit.verification) add_verification(*audit.verification, section);
}

/// One file's answer, as an entry of `models`.
Section model_section(const AuditedFile& file, const std::string& filter, const AuditView& view) {
  Section section;
  section.key = "models";
  section.of_list = true;
  section.add(Heading{{{"path", report::Path{file.path}}}, 1});
  if (!file.audit) {
    section.add(Data{"error", error_value(file.audit.error())});
    section.add(Note{phrase({"UNREADABLE: " + file.audit.error().message}), Tone::kBad});
    return section;
  }
  const Audit& audit = *file.audit;
  if (view.for_json) {
    section.add(Data{"file", file_value(audit.snapshot)});
    section.add(Data{"totals", totals_value(audit.census)});
    if (audit.recognition) section.add(Data{"recognised", recognition_value(*audit.recognition)});
    section.add(modules_table(audit));
  }
  if (view.for_people) add_for_people(audit, filter, view, section);
  const bool tensors = view.tensors || !filter.empty();
  if (view.for_json || tensors) {
    section.add(tensor_table(audit, tensors)).main = view.tensors;
  }
  if (view.for_csv && !view.tensors) section.add(module_rows(audit));
  if (view.for_json) {
    section.add(storages_table(audit));
    section.add(findings_table(audit));
    if (!audit.census.packed_weights.empty()) section.add(packed_table(audit));
    if (!audit.snapshot.hidden.empty()) section.add(hidden_table(audit.snapshot));
    if (!audit.gates.empty()) section.add(checks_table(audit.gates));
    if (audit.verification)
      section.add(Data{"verification", verification_value(*audit.verification)});
  }
  if (view.safety) section.add(safety_table(audit));
  if (view.for_people) add_for_people_below(audit, view, section);
  return section;
}

constexpr int kEntryDepth = 2;  // of an object in a list of the report's object

}  // namespace

AuditReport::AuditReport(std::size_t files, std::string filter, AuditView view)
    : filter_(std::move(filter)), view_(view), summaries_(files) {
  if (files == 1 || view_.each) sections_.resize(files);
  if (files > 1 && view_.for_json) models_.resize(files);
}

void AuditReport::add(std::size_t index, const AuditedFile& file) {
  summaries_[index] = summary_of(file);
  if (summaries_.size() == 1) {
    sections_[index] = model_section(file, filter_, view_);
    return;
  }
  AuditView programs = view_, people = view_;
  programs.for_people = programs.for_csv = false;
  people.for_json = people.for_csv = false;
  if (view_.for_json)
    models_[index] =
        report::Written{report::section_json(model_section(file, filter_, programs), kEntryDepth)};
  if (view_.each && view_.for_people) {
    sections_[index] = model_section(file, filter_, people);
    sections_[index].people_only = true;
  }
}

report::Report AuditReport::finish() && {
  report::Report report;
  report.command = "audit";
  report.title = summaries_.size() == 1
                     ? "Audit of " + summaries_.front().path
                     : "Audit of " + std::to_string(summaries_.size()) + " models";
  if (!filter_.empty()) report.body.add(Data{"filter", filter_});
  if (!models_.empty()) report.body.add(Data{"models", std::move(models_)});
  for (Section& section : sections_) report.body.add(std::move(section));
  if (summaries_.size() == 1) return report;
  if (view_.each) report.body.add(Heading{phrase({"Summary"}), 1});
  report.body.add(summary_table(summaries_));
  const auto unreadable =
      std::count_if(summaries_.begin(), summaries_.end(),
                    [](const AuditSummary& model) { return model.error.has_value(); });
  report.body.add(
      Note{phrase({plural(summaries_.size(), "model"), ", ", Count{unreadable}, " unreadable"}),
           unreadable > 0 ? Tone::kBad : Tone::kGood});
  return report;
}

report::Report audit_line(const AuditedFile& file, const std::string& filter, AuditView view) {
  view.for_people = view.for_csv = false;
  view.for_json = true;
  report::Report report;
  report.command = "audit";
  if (!filter.empty()) report.body.add(Data{"filter", filter});
  Section section = model_section(file, filter, view);
  section.key.clear();
  report.body.add(std::move(section));
  return report;
}

}  // namespace tally::app
