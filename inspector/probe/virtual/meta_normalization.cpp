// Batch, layer and group norms, and weight norm.
#include <inspector/probe/virtual/meta_backend.h>
#include <inspector/probe/virtual/meta_kernels.h>

namespace tally::inspector::meta {
namespace {

/// A gradient, where the last argument, the output mask, asks for it.
c10::IValue wanted(Arguments in, std::size_t i, const at::Tensor& gradient) {
  return in.back().toBoolList()[i] ? gradient : at::Tensor();
}

/// The type of a batch norm's statistics: of its parameters, where these are wider than the input.
c10::ScalarType statistics_type(Arguments in, std::size_t first_parameter, std::size_t count) {
  for (std::size_t i = first_parameter; i < first_parameter + count; ++i) {
    if (const auto parameter = maybe_tensor(in[i])) return parameter->scalar_type();
  }
  return tensor_at(in, 0).scalar_type();
}

Results normed(const at::Tensor& x, bool training, c10::ScalarType statistics) {
  const std::int64_t saved = training ? x.size(1) : 0;
  return {like(x), sized({saved}, x, training ? statistics : x.scalar_type()),
          sized({saved}, x, training ? statistics : x.scalar_type())};
}
/// (input, weight, bias, running_mean, running_var, training, momentum, eps)
Results batch_norm(Arguments in) {
  return normed(tensor_at(in, 0), in[5].toBool(), statistics_type(in, 1, 4));
}
/// (input, weight, bias, training, momentum, eps)
Results batch_norm_without_statistics(Arguments in) {
  return normed(tensor_at(in, 0), in[3].toBool(), statistics_type(in, 1, 2));
}
/// (grad_out, input, weight, running_mean, running_var, save_mean, save_invstd, train, eps, mask)
Results batch_norm_backward(Arguments in) {
  const at::Tensor x = tensor_at(in, 1);
  const auto weight = maybe_tensor(in[2]);
  const c10::ScalarType type = weight ? weight->scalar_type() : x.scalar_type();
  return {wanted(in, 0, like(x)), wanted(in, 1, sized({x.size(1)}, x, type)),
          wanted(in, 2, sized({x.size(1)}, x, type))};
}

/// The type of means and deviations: CUDA keeps them in the type that it adds up in, the CPU in
/// that of the parameters.
c10::ScalarType moment_type(const at::Tensor& x, const std::optional<at::Tensor>& weight) {
  const bool is_half = x.scalar_type() == c10::kHalf || x.scalar_type() == c10::kBFloat16;
  if (virtual_target() == VirtualTarget::kCuda) return is_half ? c10::kFloat : x.scalar_type();
  return weight ? weight->scalar_type() : x.scalar_type();
}

/// (input, normalized_shape, weight, bias, eps). LibTorch composes it on meta of other operators.
Results layer_norm(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  const auto kept = x.sizes().size() - in[1].toIntVector().size();
  Sizes sizes = x.sizes().slice(0, kept).vec();
  sizes.resize(x.sizes().size(), 1);
  const c10::ScalarType type = moment_type(x, maybe_tensor(in[2]));
  return {sized(x.sizes(), x), sized(sizes, x, type), sized(sizes, x, type)};
}
/// (input, weight, bias, N, C, HxW, group, eps)
Results group_norm(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  const c10::ScalarType type = moment_type(x, maybe_tensor(in[1]));
  const Sizes sizes{in[3].toInt(), in[6].toInt()};
  return {like(x), sized(sizes, x, type), sized(sizes, x, type)};
}

/// (grad_out, input, normalized_shape, mean, rstd, weight, bias, mask)
Results layer_norm_backward(Arguments in) {
  const auto weight = maybe_tensor(in[5]), bias = maybe_tensor(in[6]);
  return {wanted(in, 0, like(tensor_at(in, 1))),
          wanted(in, 1, weight ? like(*weight) : at::Tensor()),
          wanted(in, 2, bias ? like(*bias) : at::Tensor())};
}
/// (grad_out, input, mean, rstd, weight, N, C, HxW, group, mask)
Results group_norm_backward(Arguments in) {
  const at::Tensor x = tensor_at(in, 1);
  const auto weight = maybe_tensor(in[4]);
  const at::Tensor& options = weight ? *weight : x;
  return {wanted(in, 0, like(x)), wanted(in, 1, sized({in[6].toInt()}, options)),
          wanted(in, 2, sized({in[6].toInt()}, options))};
}

/// (v, g, dim): the weight, and the norms, which the CPU keeps in g's type
Results weight_norm(Arguments in) { return {like(tensor_at(in, 0)), like(tensor_at(in, 1))}; }
/// (grad_w, v, g, norms, dim)
Results weight_norm_backward(Arguments in) {
  return {like(tensor_at(in, 1)), like(tensor_at(in, 2))};
}

constexpr bool kReplacesComposite = true;
constexpr Kernel kKernels[] = {
    {"native_batch_norm", batch_norm},
    {"native_batch_norm_backward", batch_norm_backward},
    {"_native_batch_norm_legit", batch_norm},
    {"_native_batch_norm_legit.no_stats", batch_norm_without_statistics},
    {"native_layer_norm", layer_norm, kReplacesComposite},
    {"native_group_norm", group_norm, kReplacesComposite},
    {"native_layer_norm_backward", layer_norm_backward},
    {"native_group_norm_backward", group_norm_backward},
    {"_weight_norm_interface", weight_norm},
    {"_weight_norm_interface_backward", weight_norm_backward},
};

}  // namespace

Kernels normalization_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
