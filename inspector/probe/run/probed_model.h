// ProbedModel: a model as LibTorch loaded it, with what the probes ask of it. Only sources of this
// folder include it: it brings LibTorch's headers along.
#pragma once

#include <inspector/model/dtype.h>
#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector {

/// Loads `path` onto `device`, and puts the bodies of `torch.jit.fork` where they are awaited: they
/// would run on other threads, at other times in every run. LibTorch's exceptions pass.
torch::jit::Module load_for_probe(const std::string& path, c10::Device device);

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

/// Every tensor in `value`, containers and objects searched.
std::vector<at::Tensor> tensors_in(const c10::IValue& value);

/// Converts floating-point parameters, buffers and other tensors of the model's modules to `type`,
/// sharing kept.
void convert_floating(torch::jit::Module& model, c10::ScalarType type);

}  // namespace tally::inspector
