// What a file could do to who runs it: the reader's findings as checks, gates and a table.
#pragma once

#include <app/audit/audit.h>
#include <app/gates.h>
#include <report/report.h>

#include <string>
#include <vector>

namespace tally::app {

/// The conditions of `audit --fail-on`: unsafe-ops, unknown-ops, hidden-bytes,
/// hidden-weights. Errors (kUsage) name the word that is none.
Result<std::vector<Condition<Audit>>> read_audit_conditions(const std::vector<std::string>& texts);

/// Whether a finding of this code is told in every report, or only where safety is asked for.
bool is_told_always(const std::string& code);

/// Every check and what it found, for --safety; JSON has it as "safety": [{check, verdict, found}],
/// the verdict "clean" or "found".
report::Table safety_table(const Audit& audit);

}  // namespace tally::app
