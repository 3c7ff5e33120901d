// What a probe found, for programs: every run with all that it has.
#pragma once

#include <app/probe/probe_report.h>
#include <report/value.h>

namespace tally::app {

/// A configuration's runs, phase by phase; docs/schema/probe-2.schema.json describes it.
report::Object configuration_value(const ProbedConfiguration& configuration);

}  // namespace tally::app
