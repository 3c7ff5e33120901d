// Parts of reports that predict costs: one device's memory, an accelerator.
#pragma once

#include <formulas/costs/accelerators.h>
#include <formulas/costs/memory.h>
#include <report/report.h>

#include <string>

namespace tally::app {

/// Adds the parts of one device's memory as a table with their total below, and under `key` for
/// programs {total_bytes, stage, parts}.
void add_memory(report::Section& section, const std::string& key, const std::string& title,
                const formulas::DeviceMemory& memory);

/// {name, memory_bytes, bandwidth_gb_per_second, bf16_tflops, source}.
report::Object accelerator_value(const formulas::Accelerator& accelerator);

/// part / whole for a bar; none where there is no whole.
double bar(double part, double whole);

}  // namespace tally::app
