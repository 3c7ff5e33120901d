// infer_inputs: what a model can be called with, told by the layers that its arguments reach first.
// For this folder's sources: brings LibTorch's headers along.
#pragma once

#include <base/result.h>
#include <inspector/probe/inputs/input_plan.h>
#include <torch/csrc/jit/api/module.h>

#include <vector>

namespace tally::inspector {

/// One input for each argument of `forward` that has no default. Token ids lie below the rows of
/// the embedding that they reach, and are no more than its table of positions has; channels and
/// features are those of the first convolution or linear layer; an attention mask beside token ids
/// is ones. What no weight says is assumed, and the plan's source says so: 1 as batch, 128 as
/// sequence, 224x224 as image.
///
/// Arguments of `given`, which have their names, are not looked for and come first in the plan;
/// what is assumed of the others follows them: the batch, and the sizes of token ids and masks.
///
/// Reads the code, runs nothing of it. kUsage where one of the arguments cannot be told.
Result<InputPlan> infer_inputs(const torch::jit::Module& model, const torch::jit::Method& forward,
                               const std::vector<InputSpec>& given);

}  // namespace tally::inspector
