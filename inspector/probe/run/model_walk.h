// Walks over all that a loaded model consists of: its graphs, and the tensors that its attributes
// hold, however deep. Only sources of inspector/probe include it.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <functional>
#include <memory>
#include <vector>

namespace tally::inspector {

/// The graph of every method of the model's modules and of what they call or fork, each once:
/// modules of one class share them.
std::vector<std::shared_ptr<torch::jit::Graph>> graphs_of(const torch::jit::Module& model);

/// Every tensor in `value`, containers and objects searched, each once.
std::vector<at::Tensor> tensors_in(const c10::IValue& value);

using ReplaceTensor = std::function<at::Tensor(const at::Tensor&)>;

/// `value` with `replace(tensor)` in the place of every tensor that is defined: a tensor itself, or
/// one in an object, list, dict or tuple, however deep. Containers stay the same ones, shared as
/// they were; their tensors change. What packed weights hide in capsules is not looked into.
c10::IValue replace_tensors(const c10::IValue& value, const ReplaceTensor& replace);

}  // namespace tally::inspector
