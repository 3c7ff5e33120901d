// Every kernel that torchtally adds to the meta device, against LibTorch's own CPU kernel: the
// results must have the same sizes, types and strides, for several sets of arguments each.

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <torch/csrc/autograd/function.h>
#include <torch/library.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace tally::inspector {
namespace {

using c10::IValue;
using Arguments = std::vector<IValue>;
using Sizes = std::vector<std::int64_t>;

// Tensors of the cases: their values are such that the CPU's kernels accept them.
IValue real(const Sizes& sizes, c10::ScalarType type = c10::kFloat) {
  return at::full(sizes, 0.5, type);
}
IValue channels_last(const Sizes& sizes) {
  const c10::MemoryFormat format =
      sizes.size() == 5 ? c10::MemoryFormat::ChannelsLast3d : c10::MemoryFormat::ChannelsLast;
  return at::full(sizes, 0.5).contiguous(format);
}
IValue transposed(const Sizes& sizes) { return at::full(sizes, 0.5).transpose(0, 1); }
IValue whole(const Sizes& sizes) { return at::zeros(sizes, c10::kLong); }
IValue truth(const Sizes& sizes) { return at::zeros(sizes, c10::kBool); }
IValue complex(const Sizes& sizes) { return at::zeros(sizes, c10::kComplexFloat); }
IValue offsets(const std::vector<std::int64_t>& values) {
  at::Tensor made = at::empty({static_cast<std::int64_t>(values.size())}, c10::kLong);
  std::copy(values.begin(), values.end(), made.data_ptr<std::int64_t>());
  return made;
}
IValue list(const Sizes& values) { return values; }
const IValue kNone;
IValue mask(bool a, bool b) { return c10::List<bool>({a, b}); }
IValue mask(bool a, bool b, bool c) { return c10::List<bool>({a, b, c}); }

// A batch norm's arguments behind the input: weight, bias and running statistics of C channels in
// `type`.
Arguments batch_norm(IValue x, bool training, c10::ScalarType type = c10::kFloat) {
  const std::int64_t c = x.toTensor().size(1);
  return {std::move(x),
          real({c}, type),
          real({c}, type),
          real({c}, type),
          real({c}, type),
          training,
          0.1,
          1e-5};
}
Arguments batch_norm_backward(const IValue& x, bool training, IValue wanted) {
  const std::int64_t c = x.toTensor().size(1);
  const IValue saved = real({training ? c : 0});
  return {x, x, real({c}), real({c}), real({c}), saved, saved, training, 1e-5, std::move(wanted)};
}

IValue attended(const Sizes& sizes, c10::ScalarType type = c10::kFloat) {
  return real(sizes, type);
}
/// (batch, heads, length, width), of memory that lies in the order length, batch, heads, width.
IValue by_position(const Sizes& s) {
  return at::full({s[2], s[0], s[1], s[3]}, 0.5).permute({1, 2, 0, 3});
}

/// Several sets of arguments for each operator. Defaults of the schema are added.
const std::map<std::string, std::vector<Arguments>>& cases() {
  static const auto* const table = new std::map<std::string, std::vector<Arguments>>{
      {"relu", {{real({2, 3})}, {transposed({2, 3})}, {channels_last({2, 3, 4, 5})}}},
      {"relu_", {{real({2, 3})}, {channels_last({2, 3, 4, 5})}}},
      {"hardtanh", {{real({2, 3}), 0, 6}, {channels_last({2, 3, 4, 5})}}},
      {"hardtanh_", {{real({2, 3}), 0, 6}, {transposed({4, 5})}}},
      {"hardtanh_backward",
       {{real({2, 3}), real({2, 3}), 0, 6},
        {channels_last({2, 3, 4, 5}), channels_last({2, 3, 4, 5}), 0, 6}}},
      {"hardswish", {{real({2, 3})}, {channels_last({2, 3, 4, 5})}}},
      {"hardswish_", {{real({2, 3})}, {transposed({4, 5})}}},
      {"hardswish_backward",
       {{real({2, 3}), real({2, 3})}, {transposed({2, 3}), transposed({2, 3})}}},
      {"isnan", {{real({2, 3})}, {transposed({2, 3})}}},
      {"logical_not", {{real({2, 3})}, {whole({4})}}},
      {"logical_and", {{real({2, 3}), truth({3})}, {truth({4, 1}), truth({5})}}},
      {"logical_or", {{real({2, 3}), truth({3})}, {truth({4, 1}), truth({5})}}},
      {"logical_xor", {{real({2, 3}), truth({3})}, {truth({4, 1}), truth({5})}}},
      {"abs", {{real({2, 3})}, {complex({2, 3})}, {whole({2})}}},
      {"conj_physical", {{complex({2, 3})}, {complex({4})}}},
      {"nan_to_num", {{real({2, 3})}, {transposed({2, 3})}}},
      {"mvlgamma", {{at::full({2, 3}, 9.0), 2}, {at::full({4}, 9.0), 1}}},
      {"complex",
       {{real({2, 3}), real({2, 3})}, {real({2, 1}, c10::kDouble), real({3}, c10::kDouble)}}},
      {"polar", {{real({2, 3}), real({2, 3})}, {real({2, 1}), real({3})}}},
      {"frexp.Tensor", {{real({2, 3})}, {real({4}, c10::kDouble)}}},
      {"narrow_copy", {{real({2, 5}), 1, 1, 3}, {real({4, 2}), -2, 0, 1}}},
      {"bernoulli", {{real({2, 3})}, {transposed({2, 3})}}},
      {"randperm.generator", {{7, kNone}, {1, kNone}}},
      {"logit", {{real({2, 3})}, {transposed({2, 3}), 1e-6}}},
      {"logit_", {{real({2, 3})}, {real({4}), 1e-6}}},
      {"angle", {{real({2, 3})}, {complex({2, 3})}, {whole({4})}}},
      {"log_sigmoid_forward", {{real({2, 3})}, {real({4, 5}, c10::kDouble)}}},
      {"log_sigmoid_backward",
       {{real({2, 3}), real({2, 3}), real({2, 3})}, {real({4}), real({4}), real({4})}}},
      {"_prelu_kernel", {{real({2, 3, 4}), real({1, 3, 1})}, {real({5}), real({1})}}},
      {"_prelu_kernel_backward",
       {{real({2, 3, 4}), real({2, 3, 4}), real({1, 3, 1})}, {real({5}), real({5}), real({1})}}},
      {"glu_backward", {{real({2, 3}), real({2, 6}), 1}, {real({2, 3}), real({4, 3}), 0}}},
      {"mish_backward",
       {{real({2, 3}), real({2, 3})}, {channels_last({2, 3, 4, 5}), channels_last({2, 3, 4, 5})}}},
      {"where.self",
       {{truth({2, 1}), real({3}), real({2, 3})},
        {truth({2, 3, 4, 5}), channels_last({2, 3, 4, 5}), channels_last({2, 3, 4, 5})},
        {truth({4}), real({4}, c10::kHalf), at::full({}, 1.0)},
        {truth({4}), whole({4}), real({4})}}},
      {"rsub.Tensor", {{real({2, 3}), real({3})}, {whole({2}), real({2})}}},
      {"floor_divide",
       {{real({2, 3}), real({3})}, {at::full({4}, 7, c10::kLong), at::full({4}, 2, c10::kLong)}}},
      {"floor_divide_.Tensor", {{real({2, 3}), real({3})}, {real({4}), real({})}}},
      {"remainder.Scalar_Tensor", {{3.5, real({2, 3})}, {7, at::full({4}, 2, c10::kLong)}}},
      {"__lshift__.Scalar", {{whole({2, 3}), 1}, {whole({4}), 2}}},
      {"__lshift__.Tensor", {{whole({2, 3}), whole({3})}, {whole({4, 1}), whole({2})}}},
      {"__rshift__.Scalar", {{whole({2, 3}), 1}, {whole({4}), 2}}},
      {"__rshift__.Tensor", {{whole({2, 3}), whole({3})}, {whole({4, 1}), whole({2})}}},
      {"_add_relu.Tensor", {{real({2, 3}), real({3})}, {real({4}), real({4})}}},
      {"flip",
       {{real({2, 3}), list({1})},
        {transposed({2, 3}), list({0, 1})},
        {channels_last({2, 3, 4, 5}), list({3})}}},
      {"roll",
       {{real({2, 3}), list({1}), list({1})},
        {transposed({4, 3}), list({2}), list({})},
        {channels_last({2, 3, 4, 5}), list({1, 2}), list({2, 3})}}},
      {"_logcumsumexp", {{real({2, 3}), 1}, {transposed({2, 3}), 0}}},
      {"native_dropout", {{real({2, 3}), 0.5, true}, {transposed({2, 3}), 0.5, true}}},
      {"native_dropout_backward",
       {{real({2, 3}), truth({2, 3}), 2.0}, {real({4}), truth({4}), 2.0}}},
      {"rrelu_with_noise",
       {{real({2, 3}), real({2, 3}), 0.1, 0.3, true}, {real({4}), real({4}), 0.1, 0.3, false}}},
      {"rrelu_with_noise_",
       {{real({2, 3}), real({2, 3}), 0.1, 0.3, true}, {real({4}), real({4}), 0.1, 0.3, false}}},
      {"poisson", {{real({2, 3})}, {real({4}, c10::kDouble)}}},
      {"binomial", {{at::full({2, 3}, 3.0), real({2, 3})}, {at::full({4}, 3.0), real({4})}}},
      {"_standard_gamma", {{real({2, 3})}, {real({4})}}},
      {"_sample_dirichlet", {{real({2, 3})}, {real({4, 2})}}},
      {"fake_quantize_per_tensor_affine_cachemask",
       {{real({2, 3}), 0.1, 0, 0, 255}, {channels_last({2, 3, 4, 5}), 0.1, 0, 0, 255}}},
      {"fake_quantize_per_channel_affine_cachemask",
       {{real({2, 3}), real({2}), at::zeros({2}, c10::kInt), 0, 0, 255},
        {real({2, 3, 4}), real({3}), at::zeros({3}, c10::kInt), 1, 0, 255}}},
      {"_fake_quantize_per_tensor_affine_cachemask_tensor_qparams",
       {{real({2, 3}), real({1}), at::zeros({1}, c10::kInt), whole({1}), 0, 255},
        {real({4}), real({1}), at::zeros({1}, c10::kInt), whole({1}), 0, 255}}},
      {"_assert_async", {{at::full({}, true)}, {at::full({1}, true)}}},
      {"_assert_async.msg", {{at::full({}, true), "why"}, {at::full({1}, true), "why"}}},
      // Reductions
      {"max", {{real({2, 3})}, {whole({4})}}},
      {"min", {{real({2, 3})}, {whole({4})}}},
      {"median", {{real({2, 3})}, {whole({4})}}},
      {"nanmedian", {{real({2, 3})}, {real({4})}}},
      {"trace", {{real({3, 3})}, {whole({2, 5})}}},
      {"dot", {{real({3}), real({3})}, {real({4}, c10::kDouble), real({4}, c10::kDouble)}}},
      {"vdot", {{real({3}), real({3})}, {complex({4}), complex({4})}}},
      {"prod",
       {{real({2, 3})},
        {whole({4})},
        {at::zeros({4}, c10::kInt)},
        {real({4}), static_cast<std::int64_t>(c10::kDouble)}}},
      {"nansum",
       {{real({2, 3}), list({1}), true},
        {real({2, 3}), kNone, false},
        {real({2, 3, 4}), list({-1, 0}), false}}},
      {"count_nonzero.dim_IntList", {{real({2, 3}), list({1})}, {whole({2, 3, 4}), list({0, 2})}}},
      {"std.correction",
       {{real({2, 3}), list({1}), 1, true},
        {real({2, 3}), kNone, kNone, false},
        {real({2, 3, 4}, c10::kDouble), list({0, -1}), 0, false}}},
      {"var.correction",
       {{real({2, 3}), list({1}), 1, true},
        {real({2, 3}), kNone, kNone, false},
        {real({2, 3, 4}), list({0, -1}), 0, true}}},
      {"std_mean.correction",
       {{real({2, 3}), list({1}), 1, true}, {real({2, 3}), kNone, kNone, false}}},
      {"var_mean.correction",
       {{real({2, 3}), list({1}), 1, true}, {real({2, 3, 4}), list({0, -1}), 0, false}}},
      {"median.dim", {{real({2, 3}), 1, true}, {real({2, 3, 4}), -2, false}}},
      {"nanmedian.dim", {{real({2, 3}), 1, true}, {real({2, 3, 4}), -2, false}}},
      {"mode", {{real({2, 3}), 1, true}, {real({2, 3, 4}), -2, false}}},
      {"kthvalue", {{real({2, 3}), 1, 1, true}, {real({2, 3, 4}), 2, -2, false}}},
      {"_cummax_helper",
       {{real({2, 3}), real({2, 3}), whole({2, 3}), 1}, {real({4}), real({4}), whole({4}), 0}}},
      {"_cummin_helper",
       {{real({2, 3}), real({2, 3}), whole({2, 3}), 1}, {real({4}), real({4}), whole({4}), 0}}},
      // Norms
      {"native_batch_norm",
       {batch_norm(real({2, 3, 4}), true),
        batch_norm(real({2, 3, 4, 5}), false),
        batch_norm(channels_last({2, 3, 4, 5}), true),
        batch_norm(real({2, 3, 4}, c10::kBFloat16), true),
        batch_norm(real({2, 3, 4}, c10::kBFloat16), true, c10::kBFloat16),
        {real({2, 3, 4}), kNone, kNone, kNone, kNone, true, 0.1, 1e-5}}},
      {"_native_batch_norm_legit",
       {batch_norm(real({2, 3, 4}), true), batch_norm(real({2, 3, 4, 5}), false)}},
      {"_native_batch_norm_legit.no_stats",
       {{real({2, 3, 4}), real({3}), real({3}), true, 0.1, 1e-5},
        {channels_last({2, 3, 4, 5}), kNone, kNone, true, 0.1, 1e-5}}},
      {"native_batch_norm_backward",
       {batch_norm_backward(real({2, 3, 4}), true, mask(true, true, true)),
        batch_norm_backward(channels_last({2, 3, 4, 5}), true, mask(true, true, true)),
        batch_norm_backward(real({2, 3, 4}), false, mask(true, false, true))}},
      {"native_layer_norm",
       {{real({2, 3}), list({3}), real({3}), real({3}), 1e-5},
        {transposed({3, 2}), list({3}), kNone, kNone, 1e-5},
        {real({2, 3, 4}, c10::kBFloat16), list({3, 4}), real({3, 4}), real({3, 4}), 1e-5},
        {real({2, 3}, c10::kHalf), list({3}), real({3}, c10::kHalf), kNone, 1e-5}}},
      {"native_group_norm",
       {{real({2, 4, 5}), real({4}), real({4}), 2, 4, 5, 2, 1e-5},
        {channels_last({2, 4, 5, 3}), kNone, kNone, 2, 4, 15, 1, 1e-5},
        {real({2, 4, 5}, c10::kBFloat16), real({4}), real({4}), 2, 4, 5, 2, 1e-5}}},
      {"native_layer_norm_backward",
       {{real({2, 3}), real({2, 3}), list({3}), real({2, 1}), real({2, 1}), real({3}), real({3}),
         mask(true, true, true)},
        {real({2, 3, 4}), real({2, 3, 4}), list({3, 4}), real({2, 1, 1}), real({2, 1, 1}),
         real({3, 4}), kNone, mask(true, true, false)},
        {real({2, 3}), real({2, 3}), list({3}), real({2, 1}), real({2, 1}), kNone, kNone,
         mask(true, false, false)}}},
      {"native_group_norm_backward",
       {{real({2, 4, 5}), real({2, 4, 5}), real({2, 2}), real({2, 2}), real({4}), 2, 4, 5, 2,
         mask(true, true, true)},
        {real({2, 4, 3, 5}), real({2, 4, 3, 5}), real({2, 1}), real({2, 1}), kNone, 2, 4, 15, 1,
         mask(true, false, false)}}},
      {"_weight_norm_interface",
       {{real({4, 3}), real({4, 1})}, {real({4, 3, 2}), real({1, 1, 2}), 2}}},
      {"_weight_norm_interface_backward",
       {{real({4, 3}), real({4, 3}), real({4, 1}), real({4, 1}), 0},
        {real({4, 3, 2}), real({4, 3, 2}), real({1, 1, 2}), real({1, 1, 2}), 2}}},
      // Images and volumes
      {"_adaptive_avg_pool2d",
       {{real({2, 3, 7, 8}), list({3, 2})},
        {channels_last({2, 3, 7, 8}), list({1, 1})},
        {real({3, 7, 8}), list({2, 2})},
        {channels_last({2, 3, 7, 8}), list({2, 3})}}},
      {"_adaptive_avg_pool2d_backward",
       {{real({2, 3, 3, 2}), real({2, 3, 7, 8})},
        {channels_last({2, 3, 3, 2}), channels_last({2, 3, 7, 8})}}},
      {"_adaptive_avg_pool3d",
       {{real({2, 3, 7, 8, 9}), list({3, 2, 1})}, {real({3, 7, 8, 9}), list({2, 2, 2})}}},
      {"_adaptive_avg_pool3d_backward",
       {{real({2, 3, 3, 2, 1}), real({2, 3, 7, 8, 9})}, {real({3, 2, 2, 2}), real({3, 7, 8, 9})}}},
      {"max_pool3d_with_indices",
       {{real({2, 3, 7, 8, 9}), list({2, 2, 2})},
        {real({3, 7, 8, 9}), list({3}), list({2}), list({1}), list({1}), true},
        {channels_last({2, 3, 7, 8, 9}), list({2, 3, 2}), list({2}), list({0}), list({1}), true}}},
      {"max_pool3d_with_indices_backward",
       {{real({2, 3, 3, 4, 4}), real({2, 3, 7, 8, 9}), list({2, 2, 2}), list({2, 2, 2}), list({0}),
         list({1}), false, whole({2, 3, 3, 4, 4})},
        {real({3, 3, 4, 4}), real({3, 7, 8, 9}), list({2, 2, 2}), list({2, 2, 2}), list({0}),
         list({1}), false, whole({3, 3, 4, 4})}}},
      {"max_unpool2d",
       {{real({2, 3, 3, 4}), whole({2, 3, 3, 4}), list({6, 8})},
        {channels_last({2, 3, 3, 4}),
         at::zeros({2, 3, 3, 4}, c10::kLong).contiguous(c10::MemoryFormat::ChannelsLast),
         list({6, 8})}}},
      {"max_unpool3d",
       {{real({2, 3, 3, 4, 2}), whole({2, 3, 3, 4, 2}), list({6, 8, 4}), list({2, 2, 2}),
         list({0, 0, 0})},
        {real({3, 3, 4, 2}), whole({3, 3, 4, 2}), list({6, 8, 4}), list({2, 2, 2}),
         list({0, 0, 0})}}},
      {"reflection_pad2d",
       {{real({2, 3, 7, 8}), list({1, 2, 3, 4})},
        {channels_last({2, 3, 7, 8}), list({1, 1, 1, 1})},
        {real({3, 7, 8}), list({1, 0, 0, 2})}}},
      {"reflection_pad2d_backward",
       {{real({2, 3, 14, 11}), real({2, 3, 7, 8}), list({1, 2, 3, 4})},
        {channels_last({2, 3, 9, 10}), channels_last({2, 3, 7, 8}), list({1, 1, 1, 1})}}},
      {"replication_pad2d_backward",
       {{real({2, 3, 14, 11}), real({2, 3, 7, 8}), list({1, 2, 3, 4})},
        {real({3, 9, 10}), real({3, 7, 8}), list({1, 1, 1, 1})}}},
      {"replication_pad3d_backward",
       {{real({2, 3, 4, 9, 10}), real({2, 3, 2, 7, 8}), list({1, 1, 1, 1, 1, 1})},
        {real({3, 4, 9, 10}), real({3, 2, 7, 8}), list({1, 1, 1, 1, 1, 1})}}},
      {"grid_sampler_2d",
       {{real({2, 3, 7, 8}), real({2, 4, 5, 2}), 0, 0, false},
        {channels_last({2, 3, 7, 8}), real({2, 4, 5, 2}), 1, 0, false}}},
      {"grid_sampler_2d_backward",
       {{real({2, 3, 4, 5}), real({2, 3, 7, 8}), real({2, 4, 5, 2}), 0, 0, false, mask(true, true)},
        {real({2, 3, 4, 5}), real({2, 3, 7, 8}), real({2, 4, 5, 2}), 0, 0, false,
         mask(false, true)}}},
      {"grid_sampler_3d",
       {{real({2, 3, 7, 8, 2}), real({2, 4, 5, 6, 3}), 0, 0, false},
        {real({1, 3, 7, 8, 2}), real({1, 4, 5, 6, 3}), 1, 0, false}}},
      {"grid_sampler_3d_backward",
       {{real({2, 3, 4, 5, 6}), real({2, 3, 7, 8, 2}), real({2, 4, 5, 6, 3}), 0, 0, false,
         mask(true, true)},
        {real({2, 3, 4, 5, 6}), real({2, 3, 7, 8, 2}), real({2, 4, 5, 6, 3}), 0, 0, false,
         mask(false, true)}}},
      {"im2col",
       {{real({2, 3, 7, 8}), list({3, 2}), list({1, 1}), list({1, 0}), list({2, 1})},
        {real({3, 7, 8}), list({2, 2}), list({2, 1}), list({0, 0}), list({1, 1})}}},
      {"col2im",
       {{real({2, 12, 12}), list({4, 5}), list({2, 2}), list({1, 1}), list({0, 0}), list({1, 1})},
        {real({12, 12}), list({4, 5}), list({2, 2}), list({1, 1}), list({0, 0}), list({1, 1})}}},
      {"unfold_backward",
       {{real({2, 4, 2}), list({2, 8}), 1, 2, 2}, {real({3, 2, 4}), list({5, 2}), 0, 4, 1}}},
      {"channel_shuffle", {{real({2, 4, 5, 6}), 2}, {channels_last({2, 4, 5, 6}), 4}}},
      // Indices
      {"index_select",
       {{real({4, 3}), 0, whole({2})},
        {transposed({4, 3}), -1, whole({5})},
        {real({}), 0, whole({1})}}},
      {"take", {{real({4, 3}), whole({2, 2})}, {real({4}), whole({})}}},
      {"embedding_dense_backward",
       {{real({2, 3, 5}), whole({2, 3}), 7, -1, false},
        {real({3, 5}, c10::kDouble), whole({3}), 4, 0, true}}},
      {"_embedding_bag",
       {{real({7, 4}), whole({6}), offsets({0, 3})},
        {real({7, 4}), whole({6}), offsets({0, 3}), false, 1},
        {real({7, 4}), whole({6}), offsets({0, 3}), false, 2},
        {real({7, 4}), whole({6}), offsets({0, 3, 6}), false, 0, false, kNone, true},
        {real({7, 4}, c10::kDouble), whole({6}), offsets({0, 3})},
        {real({7, 4}), whole({6}), offsets({0, 3}), false, 0, false, real({6})},
        {real({7, 4}), whole({6}), offsets({0, 3}), false, 0, false, kNone, false, 2}}},
      {"_embedding_bag_forward_only",
       {{real({7, 4}), whole({6}), offsets({0, 3})},
        {real({7, 4}), whole({6}), offsets({0, 3}), false, 1}}},
      {"_embedding_bag_dense_backward",
       {{real({2, 4}), whole({6}), whole({6}), offsets({3, 3}), whole({2}), 7, false, 0, kNone},
        {real({2, 4}), whole({6}), whole({6}), offsets({3, 3}), whole({2}), 5, false, 1, kNone}}},
      {"_embedding_bag_backward",
       {{real({2, 4}), whole({6}), offsets({0, 3}), whole({6}), offsets({3, 3}), whole({2}), 7,
         false, 0, false, kNone},
        {real({2, 4}), whole({6}), offsets({0, 3}), whole({6}), offsets({3, 3}), whole({2}), 5,
         false, 1, false, kNone}}},
      {"searchsorted.Tensor", {{real({4}), real({2, 3})}, {real({2, 4}), real({2, 3}), true}}},
      {"searchsorted.Scalar", {{real({4}), 0.3}, {real({4}), 0.3, true}}},
      {"bucketize.Tensor", {{real({2, 3}), real({4})}, {real({2, 3}), real({4}), true}}},
      {"bucketize.Scalar", {{0.3, real({4})}, {0.3, real({4}), true}}},
      {"multinomial", {{real({5}), 2}, {real({3, 5}), 7, true}}},
      {"histc", {{real({20}), 10, 0, 1}, {real({4, 5})}}},
      {"tril_indices", {{3, 5}, {5, 3, 1}, {4, 4, -2}, {4, 3, 9}, {3, 4, -7}}},
      {"triu_indices", {{3, 5}, {5, 3, 1}, {4, 4, -2}, {4, 3, 9}, {3, 4, -7}}},
      // Losses
      {"huber_loss", {{real({2, 3}), real({2, 3}), 1, 1.0}, {real({2, 3}), real({2, 3}), 0, 1.0}}},
      {"mse_loss_backward",
       {{real({}), real({2, 3}), real({2, 3}), 1}, {real({2, 3}), real({2, 3}), real({2, 3}), 0}}},
      {"binary_cross_entropy",
       {{real({2, 3}), real({2, 3}), kNone, 1}, {real({2, 3}), real({2, 3}), real({2, 3}), 0}}},
      {"binary_cross_entropy_backward",
       {{real({}), real({2, 3}), real({2, 3}), kNone, 1},
        {real({2, 3}), real({2, 3}), real({2, 3}), kNone, 0}}},
      {"nll_loss2d_forward",
       {{real({2, 3, 4, 5}), whole({2, 4, 5}), kNone, 1, -100},
        {real({2, 3, 4, 5}), whole({2, 4, 5}), real({3}), 0, -100}}},
      {"nll_loss2d_backward",
       {{real({}), real({2, 3, 4, 5}), whole({2, 4, 5}), kNone, 1, -100, real({})},
        {real({2, 4, 5}), real({2, 3, 4, 5}), whole({2, 4, 5}), real({3}), 0, -100, real({})}}},
      {"multi_margin_loss",
       {{real({2, 3}), whole({2})}, {real({2, 3}), whole({2}), 1, 1, kNone, 0}}},
      {"multi_margin_loss_backward",
       {{real({}), real({2, 3}), whole({2}), 1, 1, kNone, 1},
        {real({2}), real({2, 3}), whole({2}), 1, 1, kNone, 0}}},
      {"multilabel_margin_loss_forward",
       {{real({2, 3}), whole({2, 3}), 1},
        {real({2, 3}), whole({2, 3}), 0},
        {real({3}), whole({3}), 0}}},
      {"multilabel_margin_loss_backward",
       {{real({}), real({2, 3}), whole({2, 3}), 1, real({2, 3})},
        {real({2}), real({2, 3}), whole({2, 3}), 0, real({2, 3})}}},
      // Linear algebra
      {"_fft_c2c",
       {{complex({2, 8}), list({1}), 0, true}, {complex({4, 8}), list({0, 1}), 0, false}}},
      {"_fft_r2c", {{real({2, 8}), list({1}), 0, true}, {real({4, 7}), list({0, 1}), 0, false}}},
      {"_fft_c2r", {{complex({2, 5}), list({1}), 0, 8}, {complex({4, 5}), list({0, 1}), 0, 9}}},
      {"_cdist_forward",
       {{real({4, 3}), real({5, 3}), 2.0, kNone}, {real({2, 4, 3}), real({5, 3}), 1.0, kNone}}},
      {"_cdist_backward",
       {{real({4, 5}), real({4, 3}), real({5, 3}), 2.0, real({4, 5})},
        {real({2, 4, 5}), real({2, 4, 3}), real({2, 5, 3}), 1.0, real({2, 4, 5})}}},
      {"_pdist_forward", {{real({4, 3})}, {real({5, 2}), 1.0}}},
      {"_pdist_backward",
       {{real({6}), real({4, 3}), 2.0, real({6})}, {real({10}), real({5, 2}), 1.0, real({10})}}},
      {"addbmm",
       {{real({4, 5}), real({2, 4, 3}), real({2, 3, 5})},
        {real({5}), real({2, 4, 3}), real({2, 3, 5})}}},
      {"_int_mm",
       {{at::zeros({32, 16}, c10::kChar), at::zeros({16, 24}, c10::kChar)},
        {at::zeros({3, 16}, c10::kChar), at::zeros({16, 8}, c10::kChar)}}},
      {"_weight_int8pack_mm",
       {{real({4, 32}, c10::kBFloat16), at::zeros({16, 32}, c10::kChar),
         real({16}, c10::kBFloat16)},
        {real({1, 64}, c10::kBFloat16), at::zeros({8, 64}, c10::kChar),
         real({8}, c10::kBFloat16)}}},
      {"linalg_solve_triangular",
       {{real({3, 3}), real({3, 4}), true},
        {real({2, 3, 3}), real({3, 4}), false, true},
        {real({4, 4}), real({3, 4}), true, false}}},
      {"linalg_matrix_exp", {{real({3, 3})}, {real({2, 3, 3})}}},
      {"linalg_householder_product", {{real({4, 3}), real({3})}, {real({2, 4, 3}), real({2, 3})}}},
      // Convolutions, which meta has for backends of one's own
      {"convolution",
       {{real({2, 4, 9}), real({6, 2, 3}), real({6}), list({2}), list({1}), list({1}), false,
         list({0}), 2},
        {real({2, 4, 9, 8}), real({6, 4, 3, 2}), kNone, list({1, 2}), list({1, 0}), list({2, 1}),
         false, list({0, 0}), 1},
        {channels_last({2, 4, 9, 8}), real({4, 3, 3, 3}), real({6}), list({2, 2}), list({1, 1}),
         list({1, 1}), true, list({1, 0}), 2},
        {real({2, 4, 5, 6, 7}), real({6, 4, 2, 2, 2}), real({6}), list({1, 1, 1}), list({0, 0, 0}),
         list({1, 1, 1}), false, list({0, 0, 0}), 1}}},
      {"convolution_backward",
       {{real({2, 6, 5}), real({2, 4, 9}), real({6, 2, 3}), list({6}), list({2}), list({1}),
         list({1}), false, list({0}), 2, mask(true, true, true)},
        {real({2, 6, 7, 6}), real({2, 4, 9, 8}), real({6, 4, 3, 3}), kNone, list({1, 1}),
         list({0, 0}), list({1, 1}), false, list({0, 0}), 1, mask(false, true, false)},
        {channels_last({2, 6, 7, 6}), channels_last({2, 4, 9, 8}), real({6, 4, 3, 3}), list({6}),
         list({1, 1}), list({0, 0}), list({1, 1}), false, list({0, 0}), 1,
         mask(true, true, true)}}},
      // Attention: (batch, heads, length, width)
      {"_scaled_dot_product_flash_attention_for_cpu",
       {{attended({2, 3, 5, 8}), attended({2, 3, 5, 8}), attended({2, 3, 5, 8})},
        {attended({1, 2, 4, 8}, c10::kBFloat16), attended({1, 2, 7, 8}, c10::kBFloat16),
         attended({1, 2, 7, 8}, c10::kBFloat16)},
        {by_position({2, 3, 5, 8}), by_position({2, 3, 5, 8}), by_position({2, 3, 5, 8})},
        {attended({1, 2, 4, 8}, c10::kDouble), attended({1, 2, 4, 8}, c10::kDouble),
         attended({1, 2, 4, 8}, c10::kDouble), 0.0, true}}},
      {"_scaled_dot_product_flash_attention_for_cpu_backward",
       {{attended({2, 3, 5, 8}), attended({2, 3, 5, 8}), attended({2, 3, 5, 8}),
         attended({2, 3, 5, 8}), attended({2, 3, 5, 8}), real({2, 3, 5}), 0.0, false},
        {attended({1, 2, 4, 8}), attended({1, 2, 4, 8}), attended({1, 2, 7, 8}),
         attended({1, 2, 7, 8}), attended({1, 2, 4, 8}), real({1, 2, 4}), 0.0, false}}},
  };
  return *table;
}

c10::OperatorHandle find(const std::string& op) {
  const std::size_t dot = op.find('.');
  return c10::Dispatcher::singleton().findSchemaOrThrow(
      ("aten::" + op.substr(0, dot)).c_str(),
      dot == std::string::npos ? "" : op.substr(dot + 1).c_str());
}

IValue on(c10::DeviceType device, const IValue& value) {
  if (!value.isTensor() || !value.toTensor().defined()) return value;
  const at::Tensor tensor = value.toTensor();
  at::Tensor copy =
      at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(device));
  if (device == c10::kCPU) copy.copy_(tensor);
  return copy;
}

c10::Stack call(const std::string& op, const Arguments& given, c10::DeviceType device) {
  const c10::OperatorHandle handle = find(op);
  const auto& wanted = handle.schema().arguments();
  c10::Stack stack;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    stack.push_back(i < given.size() ? on(device, given[i])
                                     : wanted[i].default_value().value_or(IValue()));
  }
  const at::AutoDispatchBelowADInplaceOrView without_gradients;
  handle.callBoxed(stack);
  return stack;
}

std::string layout(const IValue& value) {
  std::ostringstream text;
  if (!value.isTensor()) return "not a tensor";
  const at::Tensor& tensor = value.toTensor();
  if (!tensor.defined()) return "undefined";
  text << tensor.scalar_type() << ' ' << tensor.sizes() << " strides";
  for (std::int64_t i = 0; i < tensor.dim(); ++i) {
    if (tensor.size(i) > 1) text << ' ' << tensor.stride(i);
  }
  return text.str();
}

class MetaKernels : public testing::Test {
 protected:
  static void SetUpTestSuite() { make_meta_backend(VirtualTarget::kCpu); }
};

// A later LibTorch may have a kernel where we have one: here, one of this test stands in for it,
// registered before ours.
constexpr const char* kTaken = "_sample_dirichlet";
constexpr std::int64_t kMark = 77;
at::Tensor theirs(const at::Tensor& x, std::optional<at::Generator>) {
  return at::empty({kMark}, x.options());
}
TORCH_LIBRARY_IMPL(aten, Meta, m) { m.impl(kTaken, TORCH_FN(theirs)); }

TEST_F(MetaKernels, LeaveAKernelThatLibTorchHas) {
  const std::vector<std::string>& ours = supplied_meta_kernels();
  EXPECT_EQ(std::count(ours.begin(), ours.end(), kTaken), 0);
  EXPECT_EQ(call(kTaken, {real({2, 3})}, c10::kMeta).at(0).toTensor().size(0), kMark);
  EXPECT_EQ(std::count(ours.begin(), ours.end(), "add.Tensor"), 0);
  EXPECT_EQ(std::count(ours.begin(), ours.end(), "relu"), 1);
}

TEST_F(MetaKernels, GiveTheLayoutsOfTheCpusKernels) {
  for (const auto& [op, sets] : cases()) {
    for (std::size_t i = 0; i < sets.size() && op != kTaken; ++i) {
      SCOPED_TRACE(op + ", arguments " + std::to_string(i));
      try {
        const c10::Stack cpu = call(op, sets[i], c10::kCPU), meta = call(op, sets[i], c10::kMeta);
        ASSERT_EQ(cpu.size(), meta.size());
        for (std::size_t k = 0; k < cpu.size(); ++k)
          EXPECT_EQ(layout(meta[k]), layout(cpu[k])) << "result " << k;
      } catch (const std::exception& e) {
        ADD_FAILURE() << std::string(e.what()).substr(0, 300);
      }
    }
  }
}

TEST_F(MetaKernels, AreEachHeldAgainstTheCpuWithSeveralArguments) {
  for (const std::string& op : supplied_meta_kernels()) {
    if (op.rfind("_overrideable") == std::string::npos &&
        !find(op).hasKernelForDispatchKey(c10::DispatchKey::CPU)) {
      EXPECT_EQ(op.rfind("_scaled_dot_product_", 0), 0u) << op;
      continue;  // only CUDA has it: CudaAttention
    }
    const std::size_t ending =
        op.find("_overrideable");  // the operator of plain backends has no such ending
    const auto found = cases().find(op.substr(0, ending));
    ASSERT_NE(found, cases().end()) << op;
    EXPECT_GE(found->second.size(), 2u) << op;
  }
}

// Which kernel CUDA takes: cases by PyTorch 2.11's transformers/cuda/sdp_utils.cpp, for compute
// capability 8.0.
struct AttentionCase {
  const char* why;
  c10::ScalarType type;
  Sizes query, key;
  bool masked, causal, grouped;
  const char* kernel;  ///< empty: the math path
};

TEST_F(MetaKernels, TakeTheAttentionThatCudaTakes) {
  make_meta_backend(VirtualTarget::kCuda);
  const char *const flash = "_scaled_dot_product_flash_attention",
                    *const efficient = "_scaled_dot_product_efficient_attention", *const math = "";
  const AttentionCase table[] = {
      {"half precision", c10::kHalf, {2, 4, 16, 64}, {2, 4, 16, 64}, false, false, false, flash},
      {"causal", c10::kBFloat16, {2, 4, 16, 64}, {2, 4, 16, 64}, false, true, false, flash},
      {"a mask", c10::kHalf, {2, 4, 16, 64}, {2, 4, 16, 64}, true, false, false, efficient},
      {"float32", c10::kFloat, {2, 4, 16, 64}, {2, 4, 16, 64}, false, false, false, efficient},
      {"float64", c10::kDouble, {2, 4, 16, 64}, {2, 4, 16, 64}, false, false, false, math},
      {"wider than 256",
       c10::kHalf,
       {2, 4, 16, 264},
       {2, 4, 16, 264},
       false,
       false,
       false,
       efficient},
      {"a width of no 16 bytes",
       c10::kFloat,
       {2, 4, 16, 6},
       {2, 4, 16, 6},
       false,
       false,
       false,
       math},
      {"a width that flash pads",
       c10::kHalf,
       {2, 4, 16, 20},
       {2, 4, 16, 20},
       false,
       false,
       false,
       flash},
      {"causal, not square",
       c10::kHalf,
       {2, 4, 8, 64},
       {2, 4, 16, 64},
       false,
       true,
       false,
       efficient},
      {"grouped queries", c10::kHalf, {2, 4, 16, 64}, {2, 2, 16, 64}, false, false, true, flash},
      {"grouped queries in float32",
       c10::kFloat,
       {2, 4, 16, 64},
       {2, 2, 16, 64},
       false,
       false,
       true,
       math},
      {"three dimensions", c10::kHalf, {4, 16, 64}, {4, 16, 64}, false, false, false, math},
  };
  for (const AttentionCase& c : table) {
    const at::TensorOptions options = at::TensorOptions().dtype(c.type).device(c10::kMeta);
    const at::Tensor q = at::empty(c.query, options).requires_grad_(),
                     k = at::empty(c.key, options);
    std::optional<at::Tensor> mask;
    if (c.masked)
      mask = at::empty({c.query[c.query.size() - 2], c.key[c.key.size() - 2]},
                       options.dtype(c10::kBool));
    const at::Tensor out =
        at::scaled_dot_product_attention(q, k, k, mask, 0.0, c.causal, std::nullopt, c.grouped);
    EXPECT_EQ(out.sizes().vec(), c.query) << c.why;
    std::string nodes;  // the gradient's, back to the kernel's
    for (const auto* node = out.grad_fn().get(); node != nullptr;
         node = node->num_outputs() > 0 ? node->next_edge(0).function.get() : nullptr)
      nodes += node->name() + " ";
    EXPECT_EQ(nodes.find("FlashAttention") != std::string::npos, c.kernel == flash)
        << c.why << ": " << nodes;
    EXPECT_EQ(nodes.find("EfficientAttention") != std::string::npos, c.kernel == efficient)
        << c.why << ": " << nodes;
  }
  make_meta_backend(VirtualTarget::kCpu);
}

TEST_F(MetaKernels, KeepWhatCudasAttentionKeeps) {
  const std::unique_ptr<MemoryBackend> meta = make_meta_backend(VirtualTarget::kCuda);
  constexpr std::int64_t kBatch = 2, kHeads = 4, kLength = 48, kWidth = 64,
                         kResult = kBatch * kHeads * kLength * kWidth;
  for (const c10::ScalarType type : {c10::kHalf, c10::kFloat}) {
    const at::Tensor q = at::empty({kBatch, kHeads, kLength, kWidth},
                                   at::TensorOptions().dtype(type).device(c10::kMeta))
                             .requires_grad_();
    const std::int64_t before = meta->read().current_bytes;
    const at::Tensor out = at::scaled_dot_product_attention(q, q, q);
    const std::int64_t kept = meta->read().current_bytes - before;
    if (type == c10::kHalf) {
      EXPECT_EQ(kept, kResult * 2 + kBatch * kHeads * kLength * 4 +
                          3 * 8);  // flash: sums of rows in float, seed and offset, one unused
    } else {
      EXPECT_EQ(kept, kResult * 4 + kBatch * kHeads * 64 * 4 +
                          2 * 8);  // efficient: sums of rows padded to 32, seed and offset
    }
  }
  make_meta_backend(VirtualTarget::kCpu);
}

}  // namespace
}  // namespace tally::inspector
