// The report of `torchtally estimate`: what a model has and needs, with the formula behind each
// number.
#pragma once

#include <cli/model_flags.h>
#include <cli/output.h>
#include <formulas/estimate.h>

#include <string>

namespace tally::cli {

/// An estimate, and what it was made of.
struct EstimateReport {
  NamedModel model;
  formulas::EstimateInputs inputs;
  formulas::Estimate estimate;
};

Report estimate_report(EstimateReport report);

/// A plan in one line: "adamw, mixed, flash attention, ...".
std::string plan_text(const formulas::TrainingPlan& plan);
std::string plan_text(const formulas::InferencePlan& plan);

/// Rows of one device's memory, with its total as footer.
Table memory_table(const std::string& title, const formulas::DeviceMemory& memory);

}  // namespace tally::cli
