// Reductions that LibTorch writes without a structured kernel.
#include <inspector/probe/virtual/meta_kernels.h>

namespace tally::inspector::meta {
namespace {

/// Sizes of `x` without `dims`; all are reduced where none is named.
Sizes reduced(const at::Tensor& x, const Sizes& dims, bool keepdim) {
  std::vector<bool> gone(static_cast<std::size_t>(x.dim()), dims.empty());
  for (const std::int64_t dim : dims) {
    if (x.dim() > 0) gone[from_front(dim, x.dim())] = true;
  }
  Sizes sizes;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i]) {
      sizes.push_back(x.sizes()[i]);
    } else if (keepdim) {
      sizes.push_back(1);
    }
  }
  return sizes;
}

/// A list of dimensions, one dimension, or None for all.
Sizes dims_of(const c10::IValue& value) {
  if (value.isInt()) return {value.toInt()};
  return value.isNone() ? Sizes{} : value.toIntVector();
}

Results to_one(Arguments in) { return {sized({}, tensor_at(in, 0))}; }

c10::ScalarType sum_type(const at::Tensor& x, const c10::IValue& dtype) {
  const bool integral = c10::isIntegralType(x.scalar_type(), /*includeBool=*/true);
  return type_or(dtype, integral ? c10::kLong : x.scalar_type());
}
/// (self, dtype)
Results product(Arguments in) {
  return {sized({}, tensor_at(in, 0), sum_type(tensor_at(in, 0), in[1]))};
}
/// (self, dims, keepdim, dtype)
Results nan_sum(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return {sized(reduced(x, dims_of(in[1]), in[2].toBool()), x, sum_type(x, in[3]))};
}
/// (self, dims)
Results count_nonzero(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return {sized(reduced(x, dims_of(in[1]), false), x, c10::kLong)};
}

/// (self, dims, correction, keepdim); of complex numbers they are real
at::Tensor spread(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return sized(reduced(x, dims_of(in[1]), in[3].toBool()), x,
               c10::toRealValueType(x.scalar_type()));
}
Results deviation(Arguments in) { return {spread(in)}; }
Results deviation_and_mean(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return {spread(in), sized(reduced(x, dims_of(in[1]), in[3].toBool()), x)};
}

Results with_indices(const at::Tensor& x, std::int64_t dim, bool keepdim) {
  const Sizes sizes = reduced(x, {dim}, keepdim);
  return {sized(sizes, x), sized(sizes, x, c10::kLong)};
}
/// (self, dim, keepdim)
Results along(Arguments in) {
  return with_indices(tensor_at(in, 0), in[1].toInt(), in[2].toBool());
}
/// (self, k, dim, keepdim)
Results kth_along(Arguments in) {
  return with_indices(tensor_at(in, 0), in[2].toInt(), in[3].toBool());
}
/// (self, values, indices, dim): the composed operator made both
Results into_given(Arguments) { return {}; }

constexpr Kernel kKernels[] = {
    {"max", to_one},
    {"min", to_one},
    {"median", to_one},
    {"nanmedian", to_one},
    {"trace",
     [](Arguments in) -> Results {
       return {sized({}, tensor_at(in, 0), sum_type(tensor_at(in, 0), {}))};
     }},
    {"dot", to_one},
    {"vdot", to_one},
    {"prod", product},
    {"nansum", nan_sum},
    {"count_nonzero.dim_IntList", count_nonzero},
    {"std.correction", deviation},
    {"var.correction", deviation},
    {"std_mean.correction", deviation_and_mean},
    {"var_mean.correction", deviation_and_mean},
    {"median.dim", along},
    {"nanmedian.dim", along},
    {"mode", along},
    {"kthvalue", kth_along},
    {"_cummax_helper", into_given},
    {"_cummin_helper", into_given},
};

}  // namespace

Kernels reduction_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
