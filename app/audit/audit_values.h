// Parts of the audit's report that programs alone read: every number of a census, by name.
#pragma once

#include <app/audit/audit.h>
#include <report/report.h>

namespace tally::app {

report::Object error_value(const Error& error);
report::Object file_value(const inspector::ModelSnapshot& snapshot);
report::Object totals_value(const inspector::Census& census);
report::Object recognition_value(const Recognition& recognition);
report::Object verification_value(const Result<inspector::Verification>& verification);

report::Table modules_table(const Audit& audit);
report::Table storages_table(const Audit& audit);
report::Table findings_table(const Audit& audit);
report::Table packed_table(const Audit& audit);
report::Table hidden_table(const inspector::ModelSnapshot& s);

/// Of the view of a tensor's part: {dtype, shape, elements, bytes, stride, storage,
/// storage_offset}.
report::Object view_value(const inspector::ModelSnapshot& snapshot,
                          const inspector::StridedView& view);

/// One flat row a module, for CSV.
report::Table module_rows(const Audit& audit);

}  // namespace tally::app
