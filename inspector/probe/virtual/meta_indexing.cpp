// Embeddings, gathering, searching and drawing.
#include <ATen/ops/empty.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <inspector/probe/virtual/meta_kernels.h>

#include <algorithm>

namespace tally::inspector::meta {
namespace {

/// (self, dim, index)
Results index_select(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  Sizes sizes = x.sizes().vec();
  if (!sizes.empty()) sizes[from_front(in[1].toInt(), x.dim())] = tensor_at(in, 2).numel();
  return {sized(sizes, x)};
}
/// (self, index)
Results take(Arguments in) { return {sized(tensor_at(in, 1).sizes(), tensor_at(in, 0))}; }

/// (grad_output, indices, num_weights, …)
Results embedding_backward(Arguments in) {
  const at::Tensor gradient = tensor_at(in, 0);
  return {sized({in[2].toInt(), gradient.size(-1)}, gradient)};
}

enum class BagMode : std::int64_t { kSum, kMean, kMax };

/// (weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights,
/// include_last_offset, padding_idx): the bags, the bag of each index, their sizes, and where each
/// maximum was
Results embedding_bag(Arguments in) {
  const at::Tensor weight = tensor_at(in, 0), indices = tensor_at(in, 1),
                   offsets = tensor_at(in, 2);
  const auto mode = static_cast<BagMode>(in[4].toInt());
  const std::int64_t bags = offsets.size(0) - (in[7].toBool() ? 1 : 0);
  // Sums of float rows need no list of bags on the CPU.
  const c10::ScalarType type = weight.scalar_type();
  const bool fast = mode == BagMode::kSum && in[8].toInt() < 0 && weight.stride(1) == 1 &&
                    (type == c10::kFloat || type == c10::kHalf || type == c10::kBFloat16);
  const bool on_cpu = virtual_target() == VirtualTarget::kCpu;
  Sizes maxima{bags};
  if (mode == BagMode::kMax) maxima.push_back(weight.size(1));
  return {sized({bags, weight.size(1)}, weight),
          sized({fast && on_cpu ? 0 : indices.size(0)}, offsets), sized({bags}, offsets),
          sized(maxima, offsets)};
}
/// (grad, indices, offset2bag, bag_size, maximum_indices, num_weights, …)
Results embedding_bag_backward(Arguments in) {
  return {sized({in[5].toInt(), tensor_at(in, 0).size(1)}, tensor_at(in, 0))};
}
/// As before, with the offsets as third argument.
Results embedding_bag_backward_of_offsets(Arguments in) {
  return {sized({in[6].toInt(), tensor_at(in, 0).size(1)}, tensor_at(in, 0))};
}

c10::ScalarType index_type(const c10::IValue& as_int32) {
  return as_int32.toBool() ? c10::kInt : c10::kLong;
}
/// (sorted_sequence, self, out_int32, …)
Results searched(Arguments in) {
  return {sized(tensor_at(in, 1).sizes(), tensor_at(in, 1), index_type(in[2]))};
}
Results searched_number(Arguments in) { return {sized({}, tensor_at(in, 0), index_type(in[2]))}; }
/// (self, boundaries, out_int32, …)
Results bucketed(Arguments in) {
  return {sized(tensor_at(in, 0).sizes(), tensor_at(in, 0), index_type(in[2]))};
}
Results bucketed_number(Arguments in) { return {sized({}, tensor_at(in, 1), index_type(in[2]))}; }

/// (self, num_samples, …)
Results multinomial(Arguments in) {
  const at::Tensor x = tensor_at(in, 0);
  Sizes sizes = x.sizes().vec();
  sizes.back() = in[1].toInt();
  return {sized(sizes, x, c10::kLong)};
}
/// (self, bins, …)
Results histogram(Arguments in) { return {sized({in[1].toInt()}, tensor_at(in, 0))}; }

/// Cells of the rows × columns matrix on or below the diagonal that lies `offset` above the main
/// one.
std::int64_t lower_cells(std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  std::int64_t cells = 0;
  for (std::int64_t row = 0; row < rows; ++row)
    cells += std::clamp<std::int64_t>(row + offset + 1, 0, columns);
  return cells;
}
/// (row, col, offset, dtype, …)
Results cells(Arguments in, std::int64_t count) {
  return {at::empty({2, count},
                    at::TensorOptions().dtype(type_or(in[3], c10::kLong)).device(c10::kMeta))};
}
Results lower_indices(Arguments in) {
  return cells(in, lower_cells(in[0].toInt(), in[1].toInt(), in[2].toInt()));
}
Results upper_indices(Arguments in) {
  const std::int64_t rows = in[0].toInt(), columns = in[1].toInt();
  return cells(in, rows * columns - lower_cells(rows, columns, in[2].toInt() - 1));
}

constexpr Kernel kKernels[] = {
    {"index_select", index_select},
    {"take", take},
    {"embedding_dense_backward", embedding_backward},
    {"_embedding_bag", embedding_bag},
    {"_embedding_bag_forward_only", embedding_bag},
    {"_embedding_bag_dense_backward", embedding_bag_backward},
    {"_embedding_bag_backward", embedding_bag_backward_of_offsets},
    {"searchsorted.Tensor", searched},
    {"searchsorted.Scalar", searched_number},
    {"bucketize.Tensor", bucketed},
    {"bucketize.Scalar", bucketed_number},
    {"multinomial", multinomial},
    {"histc", histogram},
    {"tril_indices", lower_indices},
    {"triu_indices", upper_indices},
};

}  // namespace

Kernels indexing_kernels() { return kKernels; }

}  // namespace tally::inspector::meta
