// How a model is to be trained and run, asked for before it is known which model.
#pragma once

#include <base/result.h>
#include <formulas/costs/estimate.h>
#include <report/value.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::app {

/// A plan without its model. `costs` has every field but the length of a sequence, whose default is
/// the model's.
struct PlanRequest {
  formulas::EstimateInputs costs;
  std::optional<std::int64_t> seq;  ///< tokens; nothing: the model's longest, at most 4,096
};

/// The plan for `spec`: training and inference see the same shape and the same devices. Errors
/// (kUsage) name the field: `encoder_seq` of a model without a text or audio encoder beside its
/// decoder.
Result<formulas::EstimateInputs> plan_for(const PlanRequest& request,
                                          const formulas::TransformerSpec& spec);

/// "flash" or "eager".
const char* kernel_name(formulas::AttentionKernel kernel);
/// "none", "selective" or "full".
const char* recomputation_name(formulas::Recomputation recomputation);
/// The one of that name, or nothing.
std::optional<formulas::AttentionKernel> kernel_named(std::string_view name);
std::optional<formulas::Recomputation> recomputation_named(std::string_view name);

/// A plan in one line: "adamw, mixed, flash attention, ...".
std::string plan_text(const formulas::TrainingPlan& plan);
std::string plan_text(const formulas::InferencePlan& plan);

/// A plan for programs: names and degrees.
report::Object plan_value(const formulas::TrainingPlan& plan);
report::Object plan_value(const formulas::InferencePlan& plan);

}  // namespace tally::app
