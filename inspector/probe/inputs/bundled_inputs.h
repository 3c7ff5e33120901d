// Inputs that torch.utils.bundled_inputs put into an archive. For this folder's sources: brings
// LibTorch's headers along.
#pragma once

#include <base/result.h>
#include <inspector/probe/inputs/input_arguments.h>
#include <inspector/probe/inputs/input_plan.h>
#include <torch/csrc/jit/api/module.h>

namespace tally::inspector {

/// The first of the inputs that the model's own method get_all_bundled_inputs() returns, described.
/// RUNS that method. kUnavailable where there is none, or it returns none.
Result<InputPlan> plan_bundled_inputs(const torch::jit::Module& model,
                                      const c10::FunctionSchema& forward);

/// Its values, on `device`: copies, so that they are memory of their own. RUNS that method again.
ModelInputs make_bundled_inputs(const torch::jit::Module& model, const c10::FunctionSchema& forward,
                                c10::Device device);

}  // namespace tally::inspector
