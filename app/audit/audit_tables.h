// Tables of the audit's report that people read.
#pragma once

#include <app/audit/audit.h>
#include <app/audit/audit_report.h>
#include <report/report.h>

#include <optional>

namespace tally::app {

/// The module tree, repeated layers folded; as deep and in the order that `view` says.
report::Table module_tree(const Audit& audit, const AuditView& view);

/// Every tensor that the filter lets through, for programs and, where `shown`, for people.
report::Table tensor_table(const Audit& audit, bool shown);

/// Tensors with several names, most elements first; one row for each name after the first. Nothing
/// where there is none.
std::optional<report::Table> shared_tensors(const Audit& audit, const AuditView& view);

/// What the file's bytes are for.
report::Table file_table(const inspector::ModelSnapshot& snapshot);

/// One row a model.
report::Table summary_table(const std::vector<AuditSummary>& models);

}  // namespace tally::app
