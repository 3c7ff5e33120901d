// ProbedModel: a model as LibTorch loaded it, with what the probes ask of it. Only sources of this
// folder include it: it brings LibTorch's headers along.
#pragma once

#include <inspector/model/dtype.h>
#include <inspector/probe/run/model_walk.h>
#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector {

/// Loads `path` onto `device`. LibTorch's exceptions pass.
torch::jit::Module load_for_probe(const std::string& path, c10::Device device);

/// Calls the model with arguments by name. What it forks runs where it is forked, as Python runs it
/// without TorchScript: on threads of their own, forks would meet at other moments in every run.
/// LibTorch's exceptions pass.
c10::IValue call_forward(const torch::jit::Module& model, const torch::jit::Kwargs& inputs);

/// Puts the model into training or evaluation. Traced and frozen models do not change by it.
void set_training(torch::jit::Module& model, bool training);

/// Trainable parameters, each once whatever its names.
std::vector<at::Tensor> trainable_parameters(const torch::jit::Module& model);

/// Bytes of all storages of the model's tensors, each once: parameters, buffers, attributes, and
/// constants of its code.
std::int64_t storage_bytes(const torch::jit::Module& model);

std::int64_t gradient_bytes(const std::vector<at::Tensor>& parameters);

/// LibTorch's type for ours, and back; quantized and 4-bit types have none here.
std::optional<c10::ScalarType> scalar_type_of(Dtype dtype);
std::optional<Dtype> dtype_of(c10::ScalarType type);

/// Converts every floating-point tensor that the model's attributes hold to `type`, those in lists,
/// dicts, tuples and objects included. Names of one view stay names of one tensor.
void convert_floating(torch::jit::Module& model, c10::ScalarType type);

}  // namespace tally::inspector
