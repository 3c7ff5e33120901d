// Attention as CUDA has it: which kernel, and what it gives and keeps. By the published source of
// PyTorch 2.11 (transformers/cuda/sdp_utils.cpp and attention.cu, torch/_meta_registrations.py) for
// compute capability 8.0; on 9.x and 10.x cuDNN's attention would come first. Not measured on a
// GPU; workspaces of the kernels are left out.
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/native/transformers/sdp_utils_cpp.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/constant_pad_nd.h>
#include <inspector/probe/virtual/meta_attention_cuda.h>

#include <tuple>

namespace tally::inspector::meta {
namespace {

using at::Tensor;
constexpr bool kSilent = false;

bool is_half(const Tensor& x) {
  return x.scalar_type() == c10::kHalf || x.scalar_type() == c10::kBFloat16;
}

/// can_use_flash_attention
bool takes_flash(const sdp::sdp_params& p) {
  constexpr std::int64_t kWidest = 256;
  const std::int64_t width = p.query.size(-1);
  return sdp::check_tensor_shapes(p, kSilent) && sdp::check_for_attn_mask(p, kSilent) &&
         width == p.key.size(-1) && width == p.value.size(-1) && width <= kWidest &&
         !(p.is_causal && p.query.size(-2) != p.key.size(-2)) && is_half(p.query) &&
         p.key.scalar_type() == p.query.scalar_type() &&
         p.value.scalar_type() == p.query.scalar_type() &&
         sdp::check_batch_size_and_num_heads_dense</*supports_gqa=*/true>(p, kSilent) &&
         sdp::check_nonzero_sequence_lengths_dense(p, kSilent) &&
         sdp::check_last_dim_stride_equals_1_dense</*ignore_singleton_dim=*/true>(p, kSilent);
}

/// can_use_mem_efficient_attention
bool takes_efficient(const sdp::sdp_params& p) {
  if (!is_half(p.query) && p.query.scalar_type() != c10::kFloat) return false;
  if (!sdp::check_tensor_shapes(p, kSilent)) return false;
  const std::int64_t alignment = is_half(p.query) ? 8 : 4;  // of 16 bytes
  const std::int64_t width = p.query.size(-1), value_width = p.value.size(-1);
  return width == p.key.size(-1) && width > 0 && width % alignment == 0 && value_width > 0 &&
         value_width % alignment == 0 && p.key.scalar_type() == p.query.scalar_type() &&
         p.value.scalar_type() == p.query.scalar_type() &&
         sdp::check_nonzero_sequence_lengths_dense(p, kSilent) &&
         sdp::check_last_dim_stride_equals_1_dense</*ignore_singleton_dim=*/false>(p, kSilent) &&
         sdp::check_batch_size_and_num_heads_dense</*supports_gqa=*/false>(p, kSilent);
}

/// The last size brought to a multiple; the same tensor where it is one.
Tensor padded(const Tensor& x, std::int64_t multiple) {
  const std::int64_t over = x.size(-1) % multiple;
  return over == 0 ? x : at::constant_pad_nd(x, {0, multiple - over});
}

/// (batch, heads, length, width) whose memory lies in the order batch, length, heads, width.
Tensor by_length(const Tensor& x, std::int64_t width) {
  return sized({x.size(0), x.size(2), x.size(1), width}, x).transpose(1, 2);
}
Tensor as_transposed(const Tensor& x) { return like(x.transpose(1, 2)).transpose(1, 2); }

/// (query, key, value, …): the result, the logarithm of the sum of each row, and what random
/// numbers are made of
Results flash(Arguments in) {
  const Tensor q = tensor_at(in, 0);
  return {as_transposed(q),
          sized({q.size(0), q.size(1), q.size(2)}, q, c10::kFloat),
          Tensor(),
          Tensor(),
          q.size(2),
          tensor_at(in, 1).size(2),
          sized({2}, q, c10::kUInt64),
          sized({}, q, c10::kUInt64),
          sized({0}, q)};
}
/// (grad_out, query, key, value, …)
Results flash_backward(Arguments in) {
  return {as_transposed(tensor_at(in, 1)), as_transposed(tensor_at(in, 2)),
          as_transposed(tensor_at(in, 3))};
}

/// (query, key, value, attn_bias, compute_log_sumexp, …)
Results efficient(Arguments in) {
  constexpr std::int64_t kRows = 32;
  const Tensor q = tensor_at(in, 0);
  const std::int64_t rows = in[4].toBool() ? (q.size(2) + kRows - 1) / kRows * kRows : 0;
  return {by_length(q, tensor_at(in, 2).size(3)),
          sized({q.size(0), q.size(1), rows}, q, c10::kFloat), sized({}, q, c10::kLong),
          sized({}, q, c10::kLong)};
}
/// (grad_out, query, key, value, attn_bias, …, grad_input_mask at 10, …)
Results efficient_backward(Arguments in) {
  const Tensor q = tensor_at(in, 1), k = tensor_at(in, 2), v = tensor_at(in, 3);
  const auto bias = maybe_tensor(in[4]);
  const bool wants_bias = in[10].toBoolList()[3] && bias;
  return {by_length(q, q.size(3)), by_length(k, k.size(3)), by_length(v, v.size(3)),
          wants_bias ? sized(bias->sizes(), *bias) : Tensor()};
}

constexpr Kernel kKernels[] = {
    {"_scaled_dot_product_flash_attention", flash},
    {"_scaled_dot_product_flash_attention_backward", flash_backward},
    {"_scaled_dot_product_efficient_attention", efficient},
    {"_scaled_dot_product_efficient_attention_backward", efficient_backward},
};

}  // namespace

Kernels cuda_attention_kernels() { return kKernels; }

std::optional<Tensor> cuda_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                     const std::optional<Tensor>& mask, double dropout, bool causal,
                                     std::optional<double> scale, bool grouped) {
  const sdp::sdp_params params{q, k, v, mask, dropout, causal, grouped};
  if (takes_flash(params)) {
    constexpr std::int64_t kFlashWidth = 8;
    const Tensor attended = std::get<0>(at::_scaled_dot_product_flash_attention(
        padded(q, kFlashWidth), padded(k, kFlashWidth), padded(v, kFlashWidth), dropout, causal,
        /*return_debug_mask=*/false, scale));
    return attended.size(-1) == q.size(-1) ? attended : attended.slice(-1, 0, q.size(-1));
  }
  if (!takes_efficient(params)) return std::nullopt;
  constexpr std::int64_t kBiasWidth = 16;
  std::optional<Tensor> bias;
  if (mask && mask->defined()) {
    const Tensor wide = padded(*mask, kBiasWidth).slice(-1, 0, mask->size(-1));
    bias = wide.expand({q.size(0), q.size(1), q.size(2), k.size(2)});
  }
  return std::get<0>(at::_scaled_dot_product_efficient_attention(
      q, k, v, bias, at::GradMode::is_enabled() && sdp::input_requires_grad(params), dropout,
      causal, scale));
}

}  // namespace tally::inspector::meta
