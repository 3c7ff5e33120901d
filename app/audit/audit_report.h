// The audit's report: answers of app/audit/audit.h as one value for every format.
#pragma once

#include <app/audit/audit.h>
#include <inspector/census/folded_tree.h>
#include <report/report.h>

#include <cstddef>
#include <string>
#include <vector>

namespace tally::app {

/// How much of a model people see, in which order, and for whom the report is. JSON always has
/// everything.
struct AuditView {
  int depth = 3;         ///< levels below the root; -1: all
  std::size_t rows = 0;  ///< most rows below one module; 0: all
  inspector::SiblingOrder order = inspector::SiblingOrder::kFile;
  bool details = false;  ///< the modules' own constants
  bool tensors = false;  ///< a table of every tensor, and every shared one
  bool each = false;     ///< a full report of each model, though there are several
  bool safety = false;   ///< every check of safety and what it found
  // What no format asks for is not made:
  bool for_people = true;
  bool for_json = true;
  bool for_csv = true;
};

/// The report on all files of one request. What it keeps of a file is what its view shows: one line
/// of a table for people, its JSON as text for programs.
class AuditReport {
 public:
  AuditReport(std::size_t files, std::string filter, AuditView view);

  /// The answer for the file of that index.
  void add(std::size_t index, const AuditedFile& file);

  /// The report, once each file is added.
  report::Report finish() &&;

  /// One a file; `error` says why one could not be read.
  const std::vector<AuditSummary>& summaries() const { return summaries_; }

 private:
  std::string filter_;
  AuditView view_;
  std::vector<AuditSummary> summaries_;
  std::vector<report::Section> sections_;  ///< of the only model, or with `each` for people
  report::List models_;                    ///< written, where there are several
};

/// One file's answer as a report of its own: a line of JSON Lines. It has the keys of an entry of
/// `models`. docs/schema/audit-2.schema.json describes both.
report::Report audit_line(const AuditedFile& file, const std::string& filter, AuditView view);

}  // namespace tally::app
