#include <app/audit/audit.h>
#include <app/audit/filter.h>
#include <app/audit/safety.h>
#include <report/quantities.h>

#include <new>
#include <utility>

namespace tally::app {
namespace {

using inspector::Census;
using inspector::ModelSnapshot;
using inspector::Tally;
using inspector::TensorRecord;
using inspector::Verification;

Result<Audit> audit_one(Result<inspector::LoadAnswer> answer, const Filter& filter) {
  if (!answer) return answer.error();
  Audit audit;
  audit.snapshot = std::move(answer->snapshot);
  audit.verification = std::move(answer->verification);
  const ModelSnapshot& s = audit.snapshot;
  if (!filter.is_all()) {
    for (const TensorRecord& tensor : s.tensors)
      audit.selected.push_back(filter.matches(full_name(s, tensor)));
  }
  Result<Census> census = take_census(s, filter.is_all() ? nullptr : &audit.selected);
  if (!census) return census.error();
  audit.census = std::move(*census);
  if (filter.is_all()) audit.recognition = recognise(s, audit.census);
  return audit;
}

Error out_of_memory() {
  return {ErrorCode::kLimitExceeded, "there is no memory to count what it holds",
          "free some memory; lines of -f jsonl take that of one model at a time"};
}

/// "LibTorch agrees", and what else a verification came to.
std::string verification_note(const Result<Verification>& verification) {
  if (!verification) return "not checked: " + verification.error().message;
  const std::size_t differences = verification->differences.size();
  return differences == 0 ? "LibTorch agrees"
                          : "LibTorch differs in " + report::plural(differences, "point");
}

}  // namespace

Outcome outcome_of(const AuditedFile& file) {
  if (!file.audit) return outcome_of(file.audit.error().code);
  const Outcome gates = all_passed(file.audit->gates) ? Outcome::kPassed : Outcome::kCheckFailed;
  const auto& verification = file.audit->verification;
  if (!verification) return gates;
  if (!*verification) return worse(gates, outcome_of(verification->error().code));
  return (*verification)->differences.empty() ? gates : Outcome::kCheckFailed;
}

Result<Outcome> audit(const AuditRequest& request,
                      const std::function<void(std::size_t index, const AuditedFile&)>& on_file,
                      const LoadObserver& observer) {
  const auto filter = Filter::compile(request.filter);
  if (!filter) return filter.error();
  const auto conditions = read_audit_conditions(request.fail_on);
  if (!conditions) return conditions.error();
  Outcome worst = Outcome::kPassed;
  const auto tell = [&](std::size_t index, const AuditedFile& file) {
    on_file(index, file);
    worst = worse(worst, outcome_of(file));
  };
  const auto loaded = load_models(
      request.load, observer, [&](std::size_t index, Result<inspector::LoadAnswer> answer) {
        const std::string& path = request.load.paths[index];
        try {
          AuditedFile file{path, audit_one(std::move(answer), *filter)};
          for (const auto& condition : *conditions) {
            if (file.audit) file.audit->gates.push_back(condition.evaluate(*file.audit));
          }
          tell(index, file);
        } catch (const std::bad_alloc&) {  // a model too large for this process costs no other
          tell(index, {path, out_of_memory()});
        }
      });
  if (!loaded) return loaded.error();
  return worst;
}

std::int64_t elements_of(const Tally& tally) { return sum(tally.unique).elements; }

std::int64_t other_elements(const Tally& tally) {
  return elements_of(tally) - tally.parameters().elements;
}

AuditSummary summary_of(const AuditedFile& file) {
  AuditSummary summary;
  summary.path = file.path;
  if (!file.audit) {
    summary.error = file.audit.error();
    return summary;
  }
  const auto& [s, census, selected, recognition, verification, gates] = *file.audit;
  summary.modules = static_cast<std::int64_t>(s.modules.size());
  summary.parameters = census.all.parameters().elements;
  summary.others = other_elements(census.all);
  summary.again = census.naive.elements - census.unique.elements;
  summary.tensor_bytes = census.unique.bytes;
  summary.file_bytes = s.file_bytes;
  for (const auto& [dtype, count] : census.by_dtype) summary.dtypes.push_back(dtype);
  if (verification) summary.notes.push_back(verification_note(*verification));
  for (const auto* findings : {&s.findings, &census.findings}) {
    for (const inspector::Finding& finding : *findings) {
      if (is_told_always(finding.code)) summary.notes.push_back(finding.code);
    }
  }
  for (const Gate& gate : gates) {
    if (!gate.finding.passed) summary.notes.push_back("FAILED " + gate.check);
  }
  return summary;
}

}  // namespace tally::app
