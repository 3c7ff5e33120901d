// Losses and their gradients.
#include <ATen/ops/result_type.h>
#include <inspector/probe/virtual/meta_kernels.h>

namespace tally::inspector::meta {
namespace {

constexpr std::int64_t kNoReduction = 0;

/// An elementwise loss of (self, target), or its mean or sum.
Results elementwise(Arguments in, std::int64_t reduction) {
  const at::Tensor x = tensor_at(in, 0), target = tensor_at(in, 1);
  const c10::ScalarType type = at::result_type(x, target);
  if (reduction != kNoReduction) return {sized({}, x, type)};
  return {pointwise({x, target}, type)};
}
/// (self, target, reduction, delta)
Results huber(Arguments in) { return elementwise(in, in[2].toInt()); }
/// (self, target, weight, reduction)
Results cross_entropy(Arguments in) {
  if (in[3].toInt() != kNoReduction) return {sized({}, tensor_at(in, 0))};
  return {like(tensor_at(in, 0))};
}
/// (grad_output, self, target, …)
Results like_self(Arguments in) { return {like(tensor_at(in, 1))}; }
Results of_three(Arguments in) {
  return {pointwise({tensor_at(in, 1), tensor_at(in, 2), tensor_at(in, 0)},
                    at::result_type(tensor_at(in, 1), tensor_at(in, 2)))};
}

/// (self, target, weight, reduction, ignore_index): the loss and the sum of the weights
Results likelihood2d(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  const bool reduces = in[3].toInt() != kNoReduction;
  return {sized(reduces ? c10::IntArrayRef() : tensor_at(in, 1).sizes(), x), sized({}, x)};
}

/// One loss an example, or their mean or sum.
at::Tensor by_example(const at::Tensor& x, std::int64_t reduction) {
  const bool reduces = reduction != kNoReduction || x.dim() < 2;
  return reduces ? sized({}, x) : sized({x.size(0)}, x);
}
/// (self, target, p, margin, weight, reduction)
Results margin(Arguments in) { return {by_example(tensor_at(in, 0), in[5].toInt())}; }
/// (self, target, reduction): the loss, and which classes are targets
Results multilabel(Arguments in) {
  return {by_example(tensor_at(in, 0), in[2].toInt()),
          sized(tensor_at(in, 1).sizes(), tensor_at(in, 0))};
}

constexpr Kernel kKernels[] = {
    {"huber_loss", huber},
    {"mse_loss_backward", of_three},
    {"binary_cross_entropy", cross_entropy},
    {"binary_cross_entropy_backward", like_self},
    {"nll_loss2d_forward", likelihood2d},
    {"nll_loss2d_backward", like_self},
    {"multi_margin_loss", margin},
    {"multi_margin_loss_backward", like_self},
    {"multilabel_margin_loss_forward", multilabel},
    {"multilabel_margin_loss_backward", like_self},
};

}  // namespace

Kernels loss_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
