// Convolutions. On meta, LibTorch hands them to a backend of one's own, which only refuses.
#include <ATen/ops/empty.h>
#include <inspector/probe/virtual/meta_kernels.h>

namespace tally::inspector::meta {
namespace {

/// The layout that LibTorch's backends give a result: channels last where either operand has them
/// so.
c10::MemoryFormat layout(const at::Tensor& x, const at::Tensor& weight) {
  const c10::MemoryFormat last =
      x.dim() == 5 ? c10::MemoryFormat::ChannelsLast3d : c10::MemoryFormat::ChannelsLast;
  const bool is_last =
      x.dim() >= 4 && (x.suggest_memory_format() == last || weight.suggest_memory_format() == last);
  return is_last ? last : c10::MemoryFormat::Contiguous;
}

/// (input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
Results convolution(Arguments in) {
  const at::Tensor x = tensor_at(in, 0), weight = tensor_at(in, 1);
  const auto dims = static_cast<std::size_t>(x.dim()) - 2;
  const Sizes stride = list_of(in[3], dims), padding = list_of(in[4], dims),
              dilation = list_of(in[5], dims), more = list_of(in[7], dims);
  const bool transposed = in[6].toBool();
  Sizes sizes{x.size(0), transposed ? weight.size(1) * in[8].toInt() : weight.size(0)};
  for (std::size_t i = 0; i < dims; ++i) {
    const auto dim = static_cast<std::int64_t>(i) + 2;
    const std::int64_t reach = dilation[i] * (weight.size(dim) - 1);
    sizes.push_back(transposed
                        ? (x.size(dim) - 1) * stride[i] - 2 * padding[i] + reach + more[i] + 1
                        : (x.size(dim) + 2 * padding[i] - reach - 1) / stride[i] + 1);
  }
  return {at::empty(sizes, x.options(), layout(x, weight))};
}

/// (grad_output, input, weight, stride, padding, dilation, transposed, output_padding, groups,
/// mask)
Results convolution_backward(Arguments in) {
  const at::Tensor gradient = tensor_at(in, 0), x = tensor_at(in, 1), weight = tensor_at(in, 2);
  const auto wanted = in.back().toBoolList();
  const c10::MemoryFormat format = layout(x, weight);
  return {wanted[0] ? at::empty(x.sizes(), x.options(), format) : at::Tensor(),
          wanted[1] ? at::empty(weight.sizes(), weight.options(), format) : at::Tensor(),
          wanted[2] ? sized({gradient.size(1)}, gradient) : at::Tensor()};
}

constexpr bool kReplacesComposite = true;
constexpr Kernel kKernels[] = {
    {"convolution_overrideable", convolution, kReplacesComposite},
    {"convolution_backward_overrideable", convolution_backward, kReplacesComposite},
};

}  // namespace

Kernels convolution_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
