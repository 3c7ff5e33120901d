// What a model is called with. For this folder's sources: brings LibTorch's headers along.
#pragma once

#include <base/result.h>
#include <inspector/model/probe_request.h>
#include <inspector/probe/inputs/input_arguments.h>
#include <inspector/probe/inputs/input_plan.h>
#include <torch/csrc/jit/api/module.h>

namespace tally::inspector {

/// The inputs that `request` names or asks the archive for; else those that a traced archive keeps;
/// else what the model's first layers say. With the request's batch, sequence and dtype put in.
/// kUsage where nothing can be told or the sizes are too large; kUnavailable where the model has no
/// forward(), or no bundled inputs.
Result<InputPlan> plan_inputs(const ProbeRequest& request, const torch::jit::Module& model);

/// The inputs of `plan`, on `device`.
ModelInputs make_inputs(const InputPlan& plan, const torch::jit::Module& model, c10::Device device);

/// Bytes of all tensors in them.
std::int64_t input_bytes(const ModelInputs& inputs);

}  // namespace tally::inspector
