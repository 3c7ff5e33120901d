// What a model is called with. For this folder's sources: brings LibTorch's headers along.
#pragma once

#include <base/result.h>
#include <inspector/model/probe_request.h>
#include <inspector/probe/probed_model.h>

namespace tally::inspector {

/// The arguments of one call: tensors by position, then by name.
struct ModelInputs {
  std::vector<c10::IValue> positional;
  std::unordered_map<std::string, c10::IValue> named;
};

/// What to call a model with, and where that was learnt.
struct InputPlan {
  std::vector<InputSpec> specs;
  std::string source;  ///< in words
};

/// The inputs that `request` names; else those that a traced archive keeps; else what the model's
/// first layers say. With the request's batch and sequence put in. kUsage where nothing can be
/// told.
Result<InputPlan> plan_inputs(const ProbeRequest& request, const torch::jit::Module& model);

/// The tensors of `specs` on `device`, drawn with a fixed seed: normally distributed, integers
/// within their range.
ModelInputs make_inputs(const std::vector<InputSpec>& specs, c10::Device device);

std::int64_t input_bytes(const ModelInputs& inputs);

/// "x 1x128 int64 in 0..50256, mask 1x128 bool"
std::string describe(const std::vector<InputSpec>& specs);

}  // namespace tally::inspector
