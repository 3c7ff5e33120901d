// Fourier transforms, distances, products of integers and solutions of equations.
#include <ATen/ExpandUtils.h>
#include <ATen/ops/empty_strided.h>
#include <inspector/probe/virtual/meta_kernels.h>

#include <algorithm>

namespace tally::inspector::meta {
namespace {

/// All sizes but the last two, broadcast.
Sizes broadcast_batches(const at::Tensor& a, const at::Tensor& b) {
  constexpr std::size_t kMatrix = 2;
  return at::infer_size(a.sizes().slice(0, a.sizes().size() - kMatrix),
                        b.sizes().slice(0, b.sizes().size() - kMatrix));
}

/// (self, dims, …): complex to complex
Results transformed(Arguments in) { return {sized(tensor_at(in, 0).sizes(), tensor_at(in, 0))}; }
/// (self, dims, normalization, onesided)
Results real_to_complex(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  Sizes sizes = x.sizes().vec();
  if (in[3].toBool()) {
    std::int64_t& last = sizes[from_front(in[1].toIntVector().back(), x.dim())];
    last = last / 2 + 1;
  }
  return {sized(sizes, x, c10::toComplexType(x.scalar_type()))};
}
/// (self, dims, normalization, last_dim_size)
Results complex_to_real(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  Sizes sizes = x.sizes().vec();
  sizes[from_front(in[1].toIntVector().back(), x.dim())] = in[3].toInt();
  return {sized(sizes, x, c10::toRealValueType(x.scalar_type()))};
}

/// (x1, x2, …): batch × points of x1 × points of x2
Results distances(Arguments in) {
  const at::Tensor a = tensor_at(in, 0), b = tensor_at(in, 1);
  Sizes sizes = broadcast_batches(a, b);
  sizes.push_back(a.size(-2));
  sizes.push_back(b.size(-2));
  return {sized(sizes, a)};
}
/// (grad, x1, x2, p, distances)
Results distances_backward(Arguments in) {
  const at::Tensor a = tensor_at(in, 1), b = tensor_at(in, 2);
  Sizes sizes = broadcast_batches(a, b);
  sizes.push_back(a.size(-2));
  sizes.push_back(a.size(-1));
  return {sized(sizes, a)};
}
/// (self, p): of every pair
Results pair_distances(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return {sized({x.size(0) * (x.size(0) - 1) / 2}, x)};
}
/// (grad, self, …)
Results like_self(Arguments in) { return {sized(tensor_at(in, 1).sizes(), tensor_at(in, 1))}; }

/// (self, batch1, batch2, …)
Results sum_of_products(Arguments in) {
  return {sized({tensor_at(in, 1).size(1), tensor_at(in, 2).size(2)}, tensor_at(in, 0))};
}
/// (self, mat2) of 8-bit integers
Results integer_product(Arguments in) {
  return {sized({tensor_at(in, 0).size(0), tensor_at(in, 1).size(1)}, tensor_at(in, 0), c10::kInt)};
}
/// (self, mat2 as out × in, scales)
Results weights_in_8_bits(Arguments in) {
  return {sized({tensor_at(in, 0).size(0), tensor_at(in, 1).size(0)}, tensor_at(in, 0))};
}

/// As LAPACK leaves matrices: each column in one piece.
at::Tensor by_columns(const Sizes& sizes, const at::Tensor& options_of) {
  Sizes strides(sizes.size(), 1);
  std::int64_t stride = 1;
  for (std::size_t i = sizes.size() - 2; i < sizes.size(); ++i) {
    strides[i] = stride;
    stride *= std::max<std::int64_t>(sizes[i], 1);
  }
  for (std::size_t i = sizes.size() - 2; i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<std::int64_t>(sizes[i], 1);
  }
  return at::empty_strided(sizes, strides, options_of.options());
}
/// (self, B, upper, left, unitriangular): of B's sizes, batches broadcast
Results triangular_solution(Arguments in) {
  const at::Tensor a = tensor_at(in, 0), b = tensor_at(in, 1);
  Sizes sizes = broadcast_batches(a, b);
  sizes.push_back(b.size(-2));
  sizes.push_back(b.size(-1));
  return {by_columns(sizes, b)};
}
Results like_first(Arguments in) { return {like(tensor_at(in, 0))}; }
Results columns_of_first(Arguments in) {
  return {by_columns(tensor_at(in, 0).sizes().vec(), tensor_at(in, 0))};
}

constexpr Kernel kKernels[] = {
    {"_fft_c2c", transformed},
    {"_fft_r2c", real_to_complex},
    {"_fft_c2r", complex_to_real},
    {"_cdist_forward", distances},
    {"_cdist_backward", distances_backward},
    {"_pdist_forward", pair_distances},
    {"_pdist_backward", like_self},
    {"addbmm", sum_of_products},
    {"_int_mm", integer_product},
    {"_weight_int8pack_mm", weights_in_8_bits},
    {"linalg_solve_triangular", triangular_solution},
    {"linalg_matrix_exp", like_first},
    {"linalg_householder_product", columns_of_first},
};

}  // namespace

Kernels linear_algebra_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
