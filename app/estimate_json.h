// Predictions as JSON. Counts that may pass 2^63 - 1, all FLOPs among them, are strings of digits,
// exact in every reader.
#pragma once

#include <app/estimate_report.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

std::string estimate_json(const EstimateReport& report);

nlohmann::ordered_json memory_json(const formulas::DeviceMemory& memory);
/// How a model is trained: names and degrees.
nlohmann::ordered_json plan_json(const formulas::TrainingPlan& plan);
nlohmann::ordered_json plan_json(const formulas::InferencePlan& plan);
nlohmann::ordered_json accelerator_json(const formulas::Accelerator& accelerator);
const char* kernel_name(formulas::AttentionKernel kernel);
const char* recomputation_name(formulas::Recomputation recomputation);

}  // namespace tally::app
