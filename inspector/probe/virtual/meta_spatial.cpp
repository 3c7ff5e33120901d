// Pooling, padding, sampling and unfolding over images and volumes.
#include <ATen/ops/empty_like.h>
#include <inspector/probe/virtual/meta_kernels.h>

#include <algorithm>

namespace tally::inspector::meta {
namespace {

Results like_second(Arguments in) { return {like(tensor_at(in, 1))}; }

/// The last sizes of `x` replaced; channels stay last where they are.
at::Tensor resized(const at::Tensor& x, const Sizes& last, c10::ScalarType type) {
  Sizes sizes = x.sizes().vec();
  std::copy(last.begin(), last.end(), sizes.end() - static_cast<std::ptrdiff_t>(last.size()));
  return at::empty_like(x, x.options().dtype(type), x.suggest_memory_format())
      .resize_(sizes, x.suggest_memory_format());
}

/// (self, output_size)
Results to_output_size(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return {resized(x, in[1].toIntVector(), x.scalar_type())};
}
/// (self, indices, output_size, …)
Results unpooled(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  return {resized(x, in[2].toIntVector(), x.scalar_type())};
}

std::int64_t pooled_size(std::int64_t size, std::int64_t kernel, std::int64_t stride,
                         std::int64_t padding, std::int64_t dilation, bool ceil) {
  const std::int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
  std::int64_t pooled = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  // The last window has to start within the input or its left padding.
  if (ceil && (pooled - 1) * stride >= size + padding) --pooled;
  return pooled;
}
/// (self, kernel_size, stride, padding, dilation, ceil_mode)
Results max_pool3d(Arguments in) {
  constexpr std::size_t kDims = 3;
  const at::Tensor x = tensor_at(in, 0);
  const Sizes kernel = list_of(in[1], kDims), padding = list_of(in[3], kDims),
              dilation = list_of(in[4], kDims);
  const Sizes stride = in[2].toIntVector().empty() ? kernel : list_of(in[2], kDims);
  Sizes last;
  for (std::size_t i = 0; i < kDims; ++i) {
    const std::int64_t size = x.size(static_cast<std::int64_t>(i) - 3);
    last.push_back(
        pooled_size(size, kernel[i], stride[i], padding[i], dilation[i], in[5].toBool()));
  }
  return {resized(x, last, x.scalar_type()), resized(x, last, c10::kLong)};
}

/// (self, padding): pairs, the last dimension's first
Results padded(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  const Sizes padding = in[1].toIntVector();
  const std::size_t dims = padding.size() / 2;
  Sizes last;
  for (std::size_t i = dims; i-- > 0;)
    last.push_back(x.size(-1 - static_cast<std::int64_t>(i)) + padding[2 * i] + padding[2 * i + 1]);
  return {resized(x, last, x.scalar_type())};
}

/// (input, grid, …)
Results sampled(Arguments in) {
  const at::Tensor x = tensor_at(in, 0), grid = tensor_at(in, 1);
  Sizes sizes{x.size(0), x.size(1)};
  for (std::int64_t i = 1; i + 1 < grid.dim(); ++i) sizes.push_back(grid.size(i));
  return {sized(sizes, x)};
}
/// (grad_output, input, grid, …, mask)
Results sampled_backward(Arguments in) {
  const auto wanted = in.back().toBoolList();
  const at::Tensor x = tensor_at(in, 1), grid = tensor_at(in, 2);
  return {wanted[0] ? at::empty_like(x, x.options(), c10::MemoryFormat::Contiguous) : at::Tensor(),
          at::empty_like(grid, grid.options(), c10::MemoryFormat::Contiguous)};
}

/// (self, kernel_size, dilation, padding, stride)
Results columns(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  const Sizes kernel = list_of(in[1], 2), dilation = list_of(in[2], 2), padding = list_of(in[3], 2),
              stride = list_of(in[4], 2);
  std::int64_t blocks = 1;
  for (std::size_t i = 0; i < 2; ++i)
    blocks *= pooled_size(x.size(static_cast<std::int64_t>(i) - 2), kernel[i], stride[i],
                          padding[i], dilation[i], false);
  Sizes sizes = x.sizes().vec();
  sizes.resize(sizes.size() - 3);
  sizes.push_back(x.size(-3) * kernel[0] * kernel[1]);
  sizes.push_back(blocks);
  return {sized(sizes, x)};
}
/// (self, output_size, kernel_size, dilation, padding, stride)
Results from_columns(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  const Sizes output = list_of(in[1], 2), kernel = list_of(in[2], 2);
  Sizes sizes = x.sizes().vec();
  sizes.resize(sizes.size() - 2);
  sizes.push_back(x.size(-2) / (kernel[0] * kernel[1]));
  sizes.insert(sizes.end(), output.begin(), output.end());
  return {sized(sizes, x)};
}
/// (grad, input_sizes, dim, size, step)
Results unfold_backward(Arguments in) { return {sized(in[1].toIntVector(), tensor_at(in, 0))}; }

constexpr Kernel kKernels[] = {
    {"_adaptive_avg_pool2d", to_output_size},
    {"_adaptive_avg_pool2d_backward", like_second},
    {"_adaptive_avg_pool3d", to_output_size},
    {"_adaptive_avg_pool3d_backward", like_second},
    {"max_pool3d_with_indices", max_pool3d},
    {"max_pool3d_with_indices_backward", like_second},
    {"max_unpool2d", unpooled},
    {"max_unpool3d", unpooled},
    {"reflection_pad2d", padded},
    {"reflection_pad2d_backward", like_second},
    {"replication_pad2d_backward", like_second},
    {"replication_pad3d_backward", like_second},
    {"grid_sampler_2d", sampled},
    {"grid_sampler_2d_backward", sampled_backward},
    {"grid_sampler_3d", sampled},
    {"grid_sampler_3d_backward", sampled_backward},
    {"im2col", columns},
    {"col2im", from_columns},
    {"unfold_backward", unfold_backward},
    {"channel_shuffle", [](Arguments in) -> Results { return {like(tensor_at(in, 0))}; }},
};

}  // namespace

Kernels spatial_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
