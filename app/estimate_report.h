// The report of `torchtally estimate`: what a model has and needs, with the formula behind each
// number.
#pragma once

#include <app/named_model.h>
#include <formulas/costs/estimate.h>
#include <report/render.h>

#include <string>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

/// An estimate, and what it was made of.
struct EstimateReport {
  NamedModel model;
  formulas::EstimateInputs inputs;
  formulas::Estimate estimate;
};

OldReport estimate_report(EstimateReport report);

/// A plan in one line: "adamw, mixed, flash attention, ...".
std::string plan_text(const formulas::TrainingPlan& plan);
std::string plan_text(const formulas::InferencePlan& plan);

/// Rows of one device's memory, with its total as footer.
Table memory_table(const std::string& title, const formulas::DeviceMemory& memory);

}  // namespace tally::app
