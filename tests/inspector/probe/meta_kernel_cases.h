// Arguments that the kernels of the meta device are tried with.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {

using c10::IValue;
using Arguments = std::vector<IValue>;
using Sizes = std::vector<std::int64_t>;
/// Several sets of arguments for each operator. Defaults of the schema are added.
using MetaKernelCases = std::map<std::string, std::vector<Arguments>>;

/// Operators on elements, and reductions.
MetaKernelCases element_cases();
/// Norms, convolutions, matrix products and what else layers are made of.
MetaKernelCases layer_cases();

// Tensors of the cases: their values are such that the CPU's kernels accept them.
inline IValue real(const Sizes& sizes, c10::ScalarType type = c10::kFloat) {
  return at::full(sizes, 0.5, type);
}
inline IValue channels_last(const Sizes& sizes) {
  const c10::MemoryFormat format =
      sizes.size() == 5 ? c10::MemoryFormat::ChannelsLast3d : c10::MemoryFormat::ChannelsLast;
  return at::full(sizes, 0.5).contiguous(format);
}
inline IValue transposed(const Sizes& sizes) { return at::full(sizes, 0.5).transpose(0, 1); }
inline IValue whole(const Sizes& sizes) { return at::zeros(sizes, c10::kLong); }
inline IValue truth(const Sizes& sizes) { return at::zeros(sizes, c10::kBool); }
inline IValue complex(const Sizes& sizes) { return at::zeros(sizes, c10::kComplexFloat); }
inline IValue offsets(const std::vector<std::int64_t>& values) {
  at::Tensor made = at::empty({static_cast<std::int64_t>(values.size())}, c10::kLong);
  std::copy(values.begin(), values.end(), made.data_ptr<std::int64_t>());
  return made;
}
inline IValue list(const Sizes& values) { return values; }
inline const IValue kNone;
inline IValue mask(bool a, bool b) { return c10::List<bool>({a, b}); }
inline IValue mask(bool a, bool b, bool c) { return c10::List<bool>({a, b, c}); }

// A batch norm's arguments behind the input: weight, bias and running statistics of C channels in
// `type`.
inline Arguments batch_norm(IValue x, bool training, c10::ScalarType type = c10::kFloat) {
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
inline Arguments batch_norm_backward(const IValue& x, bool training, IValue wanted) {
  const std::int64_t c = x.toTensor().size(1);
  const IValue saved = real({training ? c : 0});
  return {x, x, real({c}), real({c}), real({c}), saved, saved, training, 1e-5, std::move(wanted)};
}

inline IValue attended(const Sizes& sizes, c10::ScalarType type = c10::kFloat) {
  return real(sizes, type);
}
/// (batch, heads, length, width), of memory that lies in the order length, batch, heads, width.
inline IValue by_position(const Sizes& s) {
  return at::full({s[2], s[0], s[1], s[3]}, 0.5).permute({1, 2, 0, 3});
}

}  // namespace tally::inspector
