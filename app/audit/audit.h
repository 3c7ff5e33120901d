// What is in these models? Each file read, counted and recognised.
//
// One model at a time is in memory: each answer is handed over as its file is done, and what the
// caller keeps of it is the caller's.
#pragma once

#include <app/audit/recognition.h>
#include <app/gates.h>
#include <app/load_models.h>
#include <app/outcome.h>
#include <inspector/census/census.h>
#include <inspector/model/snapshot.h>
#include <inspector/model/verification.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tally::app {

struct AuditRequest {
  LoadOptions load;    ///< the files, the limits, and whether LibTorch loads them, too
  std::string filter;  ///< a regular expression (RE2): only tensors whose full name it matches
                       ///< somewhere count; "" for all
  std::vector<std::string> fail_on;  ///< conditions: "unsafe-ops"
};

/// What one file holds.
struct Audit {
  inspector::ModelSnapshot snapshot;
  inspector::Census census;
  std::vector<bool> selected;  ///< one a tensor: whether the filter lets it through; empty: no
                               ///< filter
  /// With a filter the census holds a part of the model only: nothing to recognise.
  std::optional<Recognition> recognition;
  std::optional<Result<inspector::Verification>> verification;  ///< where it was asked for
  std::vector<Gate> gates;                                      ///< that were asked for

  bool is_selected(std::size_t tensor) const { return selected.empty() || selected[tensor]; }
};

struct AuditedFile {
  std::string path;
  Result<Audit> audit;  ///< or why the file could not be read
};

/// What one file's audit comes to: an unreadable file, a gate that failed, a verification that
/// found a difference or could not run.
Outcome outcome_of(const AuditedFile& file);

/// Audits every file of `request` and gives each answer to `on_file`, in the order of the
/// paths, as soon as it and all before it are done; `index` is that of the path. The worst outcome
/// of all. Fails as a whole where the request makes no sense (kUsage) or no file can be read at all
/// (kUnavailable). Where `on_file` has no memory for an answer (std::bad_alloc), it is called once
/// more for that file, with that as its error.
Result<Outcome> audit(const AuditRequest& request,
                      const std::function<void(std::size_t index, const AuditedFile&)>& on_file,
                      const LoadObserver& observer = {});

/// Elements of all kinds of tensors, each counted once.
std::int64_t elements_of(const inspector::Tally& tally);
/// The same without parameters.
std::int64_t other_elements(const inspector::Tally& tally);

/// The line of one file in a table of many.
struct AuditSummary {
  std::string path;
  std::optional<Error> error;  ///< why the file could not be read; the rest is then empty
  std::int64_t modules = 0;
  std::int64_t parameters = 0;
  std::int64_t others = 0;  ///< elements of tensors that are no parameters
  std::int64_t again = 0;   ///< elements that counting every name would count again
  std::int64_t tensor_bytes = 0;
  std::int64_t file_bytes = 0;
  std::vector<std::string> dtypes;
  std::vector<std::string> notes;  ///< of the verification, and the codes of the findings
};
AuditSummary summary_of(const AuditedFile& file);

}  // namespace tally::app
