// Kernels for the meta device that Python registers (torch/_meta_registrations.py) and LibTorch's
// C++ side lacks: each makes outputs of the right sizes and types. Shapes and names are those of
// native_functions.yaml, PyTorch 2.11.

#include <ATen/ExpandUtils.h>
#include <ATen/core/Tensor.h>
#include <ATen/native/TypeProperties.h>
#include <ATen/ops/_scaled_dot_product_attention_math.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <inspector/probe/meta_backend.h>
#include <torch/library.h>

#include <array>
#include <tuple>
#include <vector>

namespace tally::inspector {
namespace {

using at::Tensor;
using MaybeTensor = std::optional<Tensor>;
using ThreeTensors = std::tuple<Tensor, Tensor, Tensor>;

Tensor relu(const Tensor& x) { return at::empty_like(x); }
Tensor& relu_in_place(Tensor& x) { return x; }

std::vector<std::int64_t> where_sizes(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return at::infer_size(at::infer_size(condition.sizes(), a.sizes()), b.sizes());
}
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return at::empty(where_sizes(condition, a, b), condition.options().dtype(at::result_type(a, b)));
}
Tensor& where_out(const Tensor& condition, const Tensor& a, const Tensor& b, Tensor& out) {
  out.resize_(where_sizes(condition, a, b));
  return out;
}

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  if (!sizes.empty())
    sizes[static_cast<std::size_t>(dim < 0 ? dim + x.dim() : dim)] = index.numel();
  return at::empty(sizes, x.options());
}

Tensor embedding_dense_backward(const Tensor& gradient, const Tensor&, c10::SymInt rows,
                                c10::SymInt, bool) {
  return at::empty({rows.expect_int(), gradient.size(-1)}, gradient.options());
}

ThreeTensors batch_norm(const Tensor& x, const MaybeTensor&, const MaybeTensor&, const MaybeTensor&,
                        const MaybeTensor&, bool training, double, double) {
  const std::int64_t saved = training ? x.size(1) : 0;
  return {at::empty_like(x), at::empty({saved}, x.options()), at::empty({saved}, x.options())};
}
ThreeTensors batch_norm_backward(const Tensor&, const Tensor& x, const MaybeTensor&,
                                 const MaybeTensor&, const MaybeTensor&, const MaybeTensor&,
                                 const MaybeTensor&, bool, double, std::array<bool, 3> wanted) {
  ThreeTensors out;
  if (wanted[0]) std::get<0>(out) = at::empty_like(x);
  if (wanted[1]) std::get<1>(out) = at::empty({x.size(1)}, x.options());
  if (wanted[2]) std::get<2>(out) = at::empty({x.size(1)}, x.options());
  return out;
}

ThreeTensors layer_norm_backward(const Tensor&, const Tensor& x, c10::SymIntArrayRef, const Tensor&,
                                 const Tensor&, const MaybeTensor& weight, const MaybeTensor& bias,
                                 std::array<bool, 3> wanted) {
  ThreeTensors out;
  if (wanted[0]) std::get<0>(out) = at::empty_like(x);
  if (wanted[1] && weight) std::get<1>(out) = at::empty_like(*weight);
  if (wanted[2] && bias) std::get<2>(out) = at::empty_like(*bias);
  return out;
}

Tensor adaptive_avg_pool2d(const Tensor& x, c10::SymIntArrayRef output) {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes[sizes.size() - 2] = output[0].expect_int();
  sizes[sizes.size() - 1] = output[1].expect_int();
  return at::empty(sizes, x.options());
}
Tensor adaptive_avg_pool2d_backward(const Tensor&, const Tensor& x) { return at::empty_like(x); }

Tensor convolution(const Tensor& x, const Tensor& weight, const MaybeTensor&,
                   c10::SymIntArrayRef stride, c10::SymIntArrayRef padding,
                   c10::SymIntArrayRef dilation, bool transposed,
                   c10::SymIntArrayRef output_padding, c10::SymInt groups) {
  std::vector<std::int64_t> sizes{
      x.size(0), transposed ? weight.size(1) * groups.expect_int() : weight.size(0)};
  for (std::size_t i = 0; i + 2 < static_cast<std::size_t>(x.dim()); ++i) {
    const auto dim = static_cast<std::int64_t>(i) + 2;
    const std::int64_t s = stride[i].expect_int(), p = padding[i].expect_int(),
                       reach = dilation[i].expect_int() * (weight.size(dim) - 1);
    sizes.push_back(transposed
                        ? (x.size(dim) - 1) * s - 2 * p + reach + output_padding[i].expect_int() + 1
                        : (x.size(dim) + 2 * p - reach - 1) / s + 1);
  }
  return at::empty(sizes, x.options());
}
ThreeTensors convolution_backward(const Tensor& gradient, const Tensor& x, const Tensor& weight,
                                  c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymIntArrayRef,
                                  bool, c10::SymIntArrayRef, c10::SymInt,
                                  std::array<bool, 3> wanted) {
  ThreeTensors out;
  if (wanted[0]) std::get<0>(out) = at::empty_like(x);
  if (wanted[1]) std::get<1>(out) = at::empty_like(weight);
  if (wanted[2]) std::get<2>(out) = at::empty({gradient.size(1)}, gradient.options());
  return out;
}

// Attention as the CPU's flash kernel lays it out: (batch, length, heads, width), seen transposed.
Tensor as_attended(const Tensor& x) {
  return at::empty({x.size(0), x.size(2), x.size(1), x.size(3)}, x.options()).transpose(1, 2);
}
std::tuple<Tensor, Tensor> flash_attention(const Tensor& q, const Tensor&, const Tensor&, double,
                                           bool, const MaybeTensor&, std::optional<double>) {
  return {
      as_attended(q),
      at::empty({q.size(0), q.size(2), q.size(1)}, q.options().dtype(at::kFloat)).transpose(1, 2)};
}
ThreeTensors flash_attention_backward(const Tensor&, const Tensor& q, const Tensor& k,
                                      const Tensor& v, const Tensor&, const Tensor&, double, bool,
                                      const MaybeTensor&, std::optional<double>) {
  return {as_attended(q), as_attended(k), as_attended(v)};
}

/// Where the CPU takes its flash kernel: sdp_utils_cpp.cpp.
bool takes_flash(const Tensor& q, const Tensor& k, const Tensor& v, double dropout) {
  if (dropout > 0 || q.dim() != 4 || k.dim() != 4 || v.dim() != 4) return false;
  const bool same_width = q.size(3) == k.size(3) && q.size(3) == v.size(3);
  const bool same_heads = q.size(1) == k.size(1) && q.size(1) == v.size(1);
  return same_width && same_heads && q.size(2) > 0 && k.size(2) > 0 && q.stride(3) == 1 &&
         k.stride(3) == 1 && v.stride(3) == 1;
}

/// On meta LibTorch would take the math path, whose memory is another than any device's.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const MaybeTensor& mask,
                 double dropout, bool causal, std::optional<double> scale, bool grouped) {
  if (!takes_flash(q, k, v, dropout)) {
    return std::get<0>(at::_scaled_dot_product_attention_math(q, k, v, mask, dropout, causal,
                                                              std::nullopt, scale, grouped));
  }
  MaybeTensor added = mask;
  if (mask && mask->defined() && mask->scalar_type() == at::kBool)
    added = at::zeros_like(*mask, mask->options().dtype(q.scalar_type()));
  return std::get<0>(
      at::_scaled_dot_product_flash_attention_for_cpu(q, k, v, dropout, causal, added, scale));
}

}  // namespace

void register_meta_kernels() {
  // Never destroyed: a library takes its kernels with it.
  auto* const meta =
      new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
  meta->impl("relu", TORCH_FN(relu));
  meta->impl("relu_", TORCH_FN(relu_in_place));
  meta->impl("where.self", TORCH_FN(where));
  meta->impl("where.self_out", TORCH_FN(where_out));
  meta->impl("index_select", TORCH_FN(index_select));
  meta->impl("embedding_dense_backward", TORCH_FN(embedding_dense_backward));
  meta->impl("native_batch_norm", TORCH_FN(batch_norm));
  meta->impl("native_batch_norm_backward", TORCH_FN(batch_norm_backward));
  meta->impl("native_layer_norm_backward", TORCH_FN(layer_norm_backward));
  meta->impl("_adaptive_avg_pool2d", TORCH_FN(adaptive_avg_pool2d));
  meta->impl("_adaptive_avg_pool2d_backward", TORCH_FN(adaptive_avg_pool2d_backward));
  meta->impl("convolution_overrideable", TORCH_FN(convolution));
  meta->impl("convolution_backward_overrideable", TORCH_FN(convolution_backward));
  meta->impl("_scaled_dot_product_flash_attention_for_cpu", TORCH_FN(flash_attention));
  meta->impl("_scaled_dot_product_flash_attention_for_cpu_backward",
             TORCH_FN(flash_attention_backward));
  meta->impl("scaled_dot_product_attention", TORCH_FN(attention));
  auto* const autograd = new torch::Library(torch::Library::IMPL, "aten",
                                            c10::DispatchKey::AutogradMeta, __FILE__, __LINE__);
  autograd->impl("scaled_dot_product_attention", TORCH_FN(attention));
}

}  // namespace tally::inspector
