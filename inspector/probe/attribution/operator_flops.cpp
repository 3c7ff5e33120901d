#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>
#include <inspector/probe/attribution/operator_flops.h>

#include <string_view>
#include <unordered_map>

namespace tally::inspector {
namespace {

using Inputs = c10::ArrayRef<const c10::IValue>;

at::Tensor tensor(const Inputs& inputs, std::size_t i) { return inputs[i].toTensor(); }

std::int64_t mm(const Inputs& in) {
  return 2 * tensor(in, 0).size(0) * tensor(in, 0).size(1) * tensor(in, 1).size(1);
}
std::int64_t addmm(const Inputs& in) {
  return 2 * tensor(in, 1).size(0) * tensor(in, 1).size(1) * tensor(in, 2).size(1);
}
std::int64_t batched(const at::Tensor& a, const at::Tensor& b) {
  return 2 * a.size(0) * a.size(1) * a.size(2) * b.size(2);
}
std::int64_t bmm(const Inputs& in) { return batched(tensor(in, 0), tensor(in, 1)); }
std::int64_t baddbmm(const Inputs& in) { return batched(tensor(in, 1), tensor(in, 2)); }

/// A product of every weight with every position of `at`, for every example.
std::int64_t convolved(const at::Tensor& at, c10::IntArrayRef spatial, const at::Tensor& weight) {
  std::int64_t positions = at.size(0);
  for (const std::int64_t size : spatial) positions *= size;
  return 2 * positions * weight.numel();
}

/// (input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
std::int64_t convolution(const Inputs& in) {
  const at::Tensor input = tensor(in, 0), weight = tensor(in, 1);
  if (in[6].toBool()) return convolved(input, input.sizes().slice(2), weight);
  const auto stride = in[3].toIntVector(), padding = in[4].toIntVector(),
             dilation = in[5].toIntVector();
  const auto of = [](const std::vector<std::int64_t>& values, std::size_t i) {
    return values[values.size() == 1 ? 0 : i];
  };
  std::vector<std::int64_t> output;
  for (std::size_t i = 0; i + 2 < static_cast<std::size_t>(input.dim()); ++i) {
    const auto dim = static_cast<std::int64_t>(i) + 2;
    output.push_back(
        (input.size(dim) + 2 * of(padding, i) - of(dilation, i) * (weight.size(dim) - 1) - 1) /
            of(stride, i) +
        1);
  }
  return convolved(input, output, weight);
}

/// (grad_output, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding,
/// groups, output_mask)
std::int64_t convolution_backward(const Inputs& in) {
  const at::Tensor gradient = tensor(in, 0), input = tensor(in, 1), weight = tensor(in, 2);
  const auto wanted = in[10].toBoolList();
  // PyTorch's counter takes the weights' gradient as if there were one group.
  const std::int64_t products = (wanted[0] ? 1 : 0) + (wanted[1] ? in[9].toInt() : 0);
  const at::Tensor& positions = in[7].toBool() ? input : gradient;
  return products * convolved(positions, positions.sizes().slice(2), weight);
}

/// Scores and their product with the values, of tensors (batch, heads, length, width).
std::int64_t attended(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return 2 * q.size(0) * q.size(1) * q.size(2) * k.size(2) * (q.size(3) + v.size(3));
}
std::int64_t attention(const Inputs& in) {
  return attended(tensor(in, 0), tensor(in, 1), tensor(in, 2));
}
std::int64_t attention_backward(const Inputs& in) {
  return 2 * attended(tensor(in, 1), tensor(in, 2), tensor(in, 3));
}

using Count = std::int64_t (*)(const Inputs&);

const std::unordered_map<std::string_view, Count>& counts() {
  static const std::unordered_map<std::string_view, Count> table = {
      {"aten::mm", mm},
      {"aten::addmm", addmm},
      {"aten::bmm", bmm},
      {"aten::baddbmm", baddbmm},
      {"aten::convolution", convolution},
      {"aten::_convolution", convolution},  // as traces call it
      {"aten::convolution_backward", convolution_backward},
      {"aten::_scaled_dot_product_flash_attention", attention},
      {"aten::_scaled_dot_product_flash_attention_for_cpu", attention},
      {"aten::_scaled_dot_product_efficient_attention", attention},
      {"aten::_scaled_dot_product_cudnn_attention", attention},
      {"aten::_scaled_dot_product_flash_attention_backward", attention_backward},
      {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", attention_backward},
      {"aten::_scaled_dot_product_efficient_attention_backward", attention_backward},
      {"aten::_scaled_dot_product_cudnn_attention_backward", attention_backward},
  };
  return table;
}

}  // namespace

std::optional<std::int64_t> operator_flops(const at::RecordFunction& call) {
  const auto found = counts().find(call.name());
  if (found == counts().end()) return std::nullopt;
  // Called by the interpreter, an operator is given its whole stack: the arguments are the last of
  // it.
  const Inputs stack = call.inputs();
  const std::size_t arguments = call.num_inputs();
  if (stack.size() < arguments) return std::nullopt;
  return found->second(stack.slice(stack.size() - arguments));
}

}  // namespace tally::inspector
