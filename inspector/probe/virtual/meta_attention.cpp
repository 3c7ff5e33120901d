// Attention. On meta, LibTorch would take the math path, whose memory is another than any device's.
#include <ATen/core/Tensor.h>
#include <ATen/ops/_safe_softmax.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <inspector/probe/virtual/meta_attention_cuda.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <inspector/probe/virtual/meta_kernels.h>
#include <torch/library.h>

#include <cmath>
#include <tuple>

namespace tally::inspector {
namespace meta {
namespace {

using at::Tensor;
using MaybeTensor = std::optional<Tensor>;

/// As the CPU's flash kernel lays gradients out: (batch, length, heads, width), seen transposed.
Tensor as_attended(const Tensor& x) {
  return sized({x.size(0), x.size(2), x.size(1), x.size(3)}, x).transpose(1, 2);
}
/// (query, key, value, …): the result, and the logarithm of the sum of each row
Results flash(Arguments in) {
  const Tensor q = tensor_at(in, 0);
  const c10::ScalarType sums = q.scalar_type() == c10::kDouble ? c10::kDouble : c10::kFloat;
  return {like(q), sized({q.size(0), q.size(2), q.size(1)}, q, sums).transpose(1, 2)};
}
/// (grad_out, query, key, value, …)
Results flash_backward(Arguments in) {
  return {as_attended(tensor_at(in, 1)), as_attended(tensor_at(in, 2)),
          as_attended(tensor_at(in, 3))};
}

constexpr Kernel kKernels[] = {
    {"_scaled_dot_product_flash_attention_for_cpu", flash},
    {"_scaled_dot_product_flash_attention_for_cpu_backward", flash_backward},
};

/// Where the CPU takes its flash kernel: sdp_utils_cpp.cpp, use_flash_attention_cpp.
bool takes_flash(const Tensor& q, const Tensor& k, const Tensor& v, const MaybeTensor& mask,
                 double dropout) {
  if (dropout > 0 || q.dim() != 4 || k.dim() != 4 || v.dim() != 4) return false;
  if (mask && mask->requires_grad()) return false;
  if (mask && mask->dim() != 2 && mask->dim() != 4) return false;
  const bool same_width = q.size(3) == k.size(3) && q.size(3) == v.size(3);
  const bool same_heads = q.size(1) == k.size(1) && q.size(1) == v.size(1);
  return same_width && same_heads && q.size(2) > 0 && k.size(2) > 0 && q.stride(3) == 1 &&
         k.stride(3) == 1 && v.stride(3) == 1;
}

/// A mask that is added.
MaybeTensor additive(const MaybeTensor& mask, c10::ScalarType type) {
  if (!mask || !mask->defined()) return std::nullopt;
  if (mask->scalar_type() != c10::kBool) return mask;
  return at::where(*mask, 0.0, at::zeros({}, mask->options().dtype(type)));
}

/// Keys and values of grouped queries, one for each query head.
Tensor for_each_head(const Tensor& x, std::int64_t heads) {
  return x.size(-3) == heads ? x : x.repeat_interleave(heads / x.size(-3), -3);
}

/// attention.cpp, _scaled_dot_product_attention_math, as it runs for plain tensors: on meta it adds
/// the mask to a copy.
Tensor math(const Tensor& query, const Tensor& key, const Tensor& value, MaybeTensor mask,
            double dropout, bool causal, std::optional<double> scale, bool grouped) {
  const c10::ScalarType type = query.scalar_type();
  const bool is_half = type == c10::kHalf || type == c10::kBFloat16;
  const auto wide = [is_half](const Tensor& x) { return is_half ? x.to(c10::kFloat) : x; };
  const Tensor query_acc = wide(query);
  Tensor key_acc = wide(key), value_acc = wide(value);
  const double factor =
      std::sqrt(std::abs(scale.value_or(1.0 / std::sqrt(static_cast<double>(query.size(-1))))));
  const Tensor q = query_acc.mul(factor);
  if (causal) mask = at::ones({q.size(-2), key.size(-2)}, query.options().dtype(c10::kBool)).tril();
  mask = additive(mask, type);
  if (grouped) {
    key_acc = for_each_head(key_acc, q.size(-3));
    value_acc = for_each_head(value_acc, q.size(-3));
  }
  Tensor scores = at::matmul(q, key_acc.transpose(-2, -1).mul(factor));
  if (mask && mask->defined()) scores.add_(*mask);
  scores = at::_safe_softmax(scores, -1);
  if (dropout > 0) scores = at::dropout(scores, dropout, true);
  return at::matmul(scores, value_acc).to(type);
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const MaybeTensor& mask,
                 double dropout, bool causal, std::optional<double> scale, bool grouped) {
  if (virtual_target() == VirtualTarget::kCuda) {
    const auto attended =
        cuda_attention(q, k, v, additive(mask, q.scalar_type()), dropout, causal, scale, grouped);
    return attended ? *attended : math(q, k, v, mask, dropout, causal, scale, grouped);
  }
  if (!takes_flash(q, k, v, mask, dropout))
    return math(q, k, v, mask, dropout, causal, scale, grouped);
  return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
      q, k, v, dropout, causal, additive(mask, q.scalar_type()), scale));
}

}  // namespace

Kernels attention_kernels() { return kKernels; }

void register_attention() {
  // Composed of other operators, it has no kernel for meta to be asked for; both keys, since
  // gradients are to flow through what it calls. Never destroyed.
  for (const c10::DispatchKey key : {c10::DispatchKey::Meta, c10::DispatchKey::AutogradMeta}) {
    auto* const library = new torch::Library(torch::Library::IMPL, "aten", key, __FILE__, __LINE__);
    library->impl("scaled_dot_product_attention", TORCH_FN(attention));
  }
}

}  // namespace meta
}  // namespace tally::inspector
