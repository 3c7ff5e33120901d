// What the families of meta kernels share. A kernel makes results of the sizes, types and strides
// that the CPU's kernel gives, and computes nothing; Python registers such kernels for its own use
// (torch/_meta_registrations.py), LibTorch's C++ side lacks them. Names and arguments are those of
// native_functions.yaml, PyTorch 2.11. Only sources of this folder include it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

namespace tally::inspector::meta {

using Arguments = c10::ArrayRef<c10::IValue>;  ///< of a call, those with defaults included
using Results = std::vector<c10::IValue>;
using Sizes = std::vector<std::int64_t>;

struct Kernel {
  const char* name;  ///< in aten, with its overload: "where.self"
  Results (*compute)(Arguments);
  /// Instead of a kernel that LibTorch composes, or has only to refuse: not where there is one for
  /// meta.
  bool replaces_composite = false;
};
using Kernels = c10::ArrayRef<Kernel>;

Kernels pointwise_kernels();
Kernels reduction_kernels();
Kernels normalization_kernels();
Kernels spatial_kernels();
Kernels convolution_kernels();
Kernels indexing_kernels();
Kernels loss_kernels();
Kernels linear_algebra_kernels();
Kernels attention_kernels();

/// Has attention take the target device's path.
void register_attention();

/// With the layout of `tensor`, as empty_like keeps it.
at::Tensor like(const at::Tensor& tensor);
at::Tensor like(const at::Tensor& tensor, c10::ScalarType type);
/// Contiguous.
at::Tensor sized(c10::IntArrayRef sizes, const at::Tensor& options_of);
at::Tensor sized(c10::IntArrayRef sizes, const at::Tensor& options_of, c10::ScalarType type);

/// What an elementwise operator gives for these: sizes broadcast, strides as TensorIterator chooses
/// them. `out`, where it is defined, is resized.
at::Tensor pointwise(std::initializer_list<at::Tensor> inputs, c10::ScalarType type,
                     const at::Tensor& out = {});

/// The argument, or nothing where it is None or undefined.
std::optional<at::Tensor> maybe_tensor(const c10::IValue& value);
/// The argument, `otherwise` where it is None.
std::int64_t int_or(const c10::IValue& value, std::int64_t otherwise);
/// The type argument, `otherwise` where it is None.
c10::ScalarType type_or(const c10::IValue& value, c10::ScalarType otherwise);
/// A dimension counted from the front.
std::size_t from_front(std::int64_t dim, std::int64_t dims);
/// The tensor at that place.
inline at::Tensor tensor_at(Arguments in, std::size_t i) { return in[i].toTensor(); }
/// The parts of a list argument, each repeated where there is only one.
Sizes list_of(const c10::IValue& value, std::size_t count);

}  // namespace tally::inspector::meta
