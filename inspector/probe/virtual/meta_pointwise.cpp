// Elementwise operators, random numbers and fake quantization.
#include <ATen/ops/empty.h>
#include <ATen/ops/result_type.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <inspector/probe/virtual/meta_kernels.h>

namespace tally::inspector::meta {
namespace {

Results itself(Arguments in) { return {in[0]}; }
Results like_first(Arguments in) { return {like(tensor_at(in, 0))}; }
Results like_second(Arguments in) { return {like(tensor_at(in, 1))}; }
Results with_mask(Arguments in) {
  return {like(tensor_at(in, 0)), like(tensor_at(in, 0), c10::kBool)};
}

Results unary(Arguments in) {
  return {pointwise({tensor_at(in, 0)}, tensor_at(in, 0).scalar_type())};
}
Results test(Arguments in) { return {pointwise({tensor_at(in, 0)}, c10::kBool)}; }
/// Complex numbers to real ones.
Results magnitude(Arguments in) {
  return {pointwise({tensor_at(in, 0)}, c10::toRealValueType(tensor_at(in, 0).scalar_type()))};
}
Results angle(Arguments in) {
  const c10::ScalarType type = c10::toRealValueType(tensor_at(in, 0).scalar_type());
  const bool integral = c10::isIntegralType(type, /*includeBool=*/true);
  return {pointwise({tensor_at(in, 0)}, integral ? c10::kFloat : type)};
}
Results to_float(Arguments in) {
  const c10::ScalarType type = tensor_at(in, 0).scalar_type();
  return {pointwise({tensor_at(in, 0)}, c10::isIntegralType(type, true) ? c10::kFloat : type)};
}

Results binary(Arguments in) {
  return {pointwise({tensor_at(in, 0), tensor_at(in, 1)},
                    at::result_type(tensor_at(in, 0), tensor_at(in, 1)))};
}
Results with_number(Arguments in) {
  return {pointwise({tensor_at(in, 0)}, at::result_type(tensor_at(in, 0), in[1].toScalar()))};
}
Results number_with(Arguments in) {
  return {pointwise({tensor_at(in, 1)}, at::result_type(in[0].toScalar(), tensor_at(in, 1)))};
}
Results compare(Arguments in) {
  return {pointwise({tensor_at(in, 0), tensor_at(in, 1)}, c10::kBool)};
}

Results where(Arguments in) {
  return {pointwise({tensor_at(in, 0), tensor_at(in, 1), tensor_at(in, 2)},
                    at::result_type(tensor_at(in, 1), tensor_at(in, 2)))};
}

/// The result and exp(-|x|), which the CPU keeps for backward and CUDA computes again.
Results log_sigmoid(Arguments in) {
  return {like(tensor_at(in, 0)), virtual_target() == VirtualTarget::kCpu
                                      ? like(tensor_at(in, 0))
                                      : sized({0}, tensor_at(in, 0))};
}

/// (gradient, self, weight), the weight expanded to what it multiplies
Results prelu_backward(Arguments in) {
  const at::Tensor gradient = pointwise({tensor_at(in, 1), tensor_at(in, 2), tensor_at(in, 0)},
                                        tensor_at(in, 1).scalar_type());
  return {gradient, like(gradient)};
}

Results complex_from(Arguments in) {
  return {pointwise({tensor_at(in, 0), tensor_at(in, 1)},
                    c10::toComplexType(tensor_at(in, 0).scalar_type()))};
}

Results moved(Arguments in) { return {sized(tensor_at(in, 0).sizes(), tensor_at(in, 0))}; }
/// (self, shifts, dims): pieces put together again, which keeps channels last
Results rolled(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  const bool flat = in[2].toIntVector().empty();
  return {at::empty(x.sizes(), x.options(),
                    flat ? c10::MemoryFormat::Contiguous : x.suggest_memory_format())};
}

/// (n, …)
Results permutation(Arguments in) {
  return {at::empty({in[0].toInt()}, at::TensorOptions().dtype(c10::kLong).device(c10::kMeta))};
}
/// (self, dim, start, length)
Results narrowed(Arguments in) {
  Sizes sizes = tensor_at(in, 0).sizes().vec();
  sizes[from_front(in[1].toInt(), tensor_at(in, 0).dim())] = in[3].toInt();
  return {sized(sizes, tensor_at(in, 0))};
}
Results mantissa_and_exponent(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return {pointwise({x}, x.scalar_type()), pointwise({x}, c10::kInt)};
}

constexpr Kernel kKernels[] = {
    {"relu", unary},
    {"relu_", itself},
    {"hardtanh", unary},
    {"hardtanh_", itself},
    {"hardtanh_backward", binary},
    {"hardswish", unary},
    {"hardswish_", itself},
    {"hardswish_backward", binary},
    {"isnan", test},
    {"isinf", test},
    {"logical_not", test},
    {"logical_and", compare},
    {"logical_or", compare},
    {"logical_xor", compare},
    {"abs", magnitude},
    {"conj_physical", unary},
    {"nan_to_num", to_float},
    {"mvlgamma", to_float},
    {"complex", complex_from},
    {"polar", complex_from},
    {"frexp.Tensor", mantissa_and_exponent},
    {"narrow_copy", narrowed},
    {"bernoulli", unary},
    {"randperm.generator", permutation},
    {"logit", to_float},
    {"logit_", itself},
    {"angle", angle},
    {"log_sigmoid_forward", log_sigmoid},
    {"log_sigmoid_backward", like_first},
    {"_prelu_kernel", binary},
    {"_prelu_kernel_backward", prelu_backward},
    {"glu_backward", like_second},
    {"mish_backward", binary, /*replaces_composite=*/true},
    {"where.self", where},
    {"rsub.Tensor", binary},
    {"floor_divide", binary},
    {"floor_divide_.Tensor", itself},
    {"remainder.Scalar_Tensor", number_with},
    {"__lshift__.Scalar", with_number},
    {"__lshift__.Tensor", binary},
    {"__rshift__.Scalar", with_number},
    {"__rshift__.Tensor", binary},
    {"_add_relu.Tensor", binary},
    {"flip", like_first},
    {"roll", rolled},
    {"_logcumsumexp", moved},
    {"native_dropout", with_mask},
    {"native_dropout_backward", like_first},
    {"rrelu_with_noise", like_first},
    {"rrelu_with_noise_", itself},
    {"poisson", like_first},
    {"binomial", binary},
    {"_standard_gamma", like_first},
    {"_sample_dirichlet", like_first},
    {"fake_quantize_per_tensor_affine_cachemask", with_mask},
    {"fake_quantize_per_channel_affine_cachemask", with_mask},
    {"_fake_quantize_per_tensor_affine_cachemask_tensor_qparams", with_mask},
    {"_assert_async", [](Arguments) { return Results{}; }},
    {"_assert_async.msg", [](Arguments) { return Results{}; }},
};

}  // namespace

Kernels pointwise_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
