// What a probe found, for programs: every run with all that it has.
#pragma once

#include <app/probe/probe_report.h>
#include <report/value.h>

#include <cstdint>
#include <optional>

namespace tally::app {

/// The count, or null where there is none.
report::Value count_or_null(const std::optional<std::int64_t>& count);

/// A configuration's runs, phase by phase; docs/schema/probe-2.schema.json describes it.
report::Object configuration_value(const ProbedConfiguration& configuration);

}  // namespace tally::app
