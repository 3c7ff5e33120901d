// Tables of the comparison's report.
#pragma once

#include <app/compare/compare.h>
#include <report/report.h>

namespace tally::app {

/// Fields on which the file and what was given disagree.
void add_contradictions(const Compared& compared, report::Section& section);

/// What the file shows, field by field.
void add_specification(const Compared& compared, bool every_field, report::Section& section);

/// Every term, what is missing, and the sums by component.
void add_terms(const Compared& compared, report::Section& section);

/// Weights under no term.
void add_unexplained(const Compared& compared, report::Section& section);

/// Each module against its own declaration: all of them for programs, those worth a line for
/// people.
void add_module_tables(const Compared& compared, report::Section& section);

}  // namespace tally::app
