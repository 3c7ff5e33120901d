// The report of `torchtally estimate`: what a model has and needs, with the formula behind each
// number.
#pragma once

#include <cli/model_flags.h>
#include <cli/output.h>
#include <formulas/estimate.h>

namespace tally::cli {

/// An estimate, and what it was made of.
struct EstimateReport {
  NamedModel model;
  formulas::EstimateInputs inputs;
  formulas::Estimate estimate;
};

Report estimate_report(EstimateReport report);

/// Rows of one device's memory, with its total as footer.
Table memory_table(const std::string& title, const formulas::DeviceMemory& memory);

}  // namespace tally::cli
