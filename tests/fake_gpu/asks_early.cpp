// A library of operators that asks LibTorch for CUDA when it is loaded, before CUDA's part is
// there.

#include <ATen/detail/CUDAHooksInterface.h>

namespace {
[[maybe_unused]] const bool asked = at::detail::getCUDAHooks().hasCUDA();
}
