// Attention as CUDA has it, on meta. Only sources of this folder include it.
#pragma once

#include <inspector/probe/virtual/meta_kernels.h>

#include <optional>

namespace tally::inspector::meta {

/// Kernels for the operators that only CUDA has.
Kernels cuda_attention_kernels();

/// Attention by the kernel that CUDA takes for these, a mask being one to add; nothing where that
/// is the math path.
std::optional<at::Tensor> cuda_attention(const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v, const std::optional<at::Tensor>& mask,
                                         double dropout, bool causal, std::optional<double> scale,
                                         bool grouped);

}  // namespace tally::inspector::meta
