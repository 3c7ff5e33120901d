#include <base/wide.h>
#include <inspector/census/packed_weights.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tally::inspector {
namespace {

/// The tensors of one module by their names.
class Layer {
 public:
  Layer(const ModelSnapshot& s, const std::vector<TensorId>& tensors) : s_(s) {
    for (const TensorId tensor : tensors) by_name_.emplace(s.tensors[tensor].name, tensor);
  }
  TensorId id(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? TensorId::none() : found->second;
  }
  /// The view of a tensor with this many dimensions, none of them 0; or nothing.
  const StridedView* view(std::string_view name, std::size_t dimensions) const {
    const TensorId tensor = id(name);
    if (!tensor.valid()) return nullptr;
    const StridedView& v = s_.tensors[tensor].view;
    return v.sizes.size() == dimensions && v.elements > 0 ? &v : nullptr;
  }

 private:
  const ModelSnapshot& s_;
  std::unordered_map<std::string_view, TensorId> by_name_;
};

/// What a layout finds in a layer: the bits of a weight and how many weights there are.
struct Packed {
  std::string_view tensor;
  std::int64_t bits = 0;
  Int128 elements = 0;
};

bool is_one_of(std::int64_t number, std::initializer_list<std::int64_t> numbers) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

/// AutoGPTQ, auto_gptq/nn_modules/qlinear/qlinear_cuda.py: qweight [in / 32 · bits, out], qzeros
/// [groups, out / 32 · bits] and g_idx [in] of int32, scales [groups, out].
std::optional<Packed> gptq(const Layer& layer) {
  const StridedView *weight = layer.view("qweight", 2), *zeros = layer.view("qzeros", 2),
                    *scales = layer.view("scales", 2), *groups = layer.view("g_idx", 1);
  if (!weight || !zeros || !scales || !groups || weight->dtype != Dtype::kInt32 ||
      zeros->dtype != Dtype::kInt32)
    return std::nullopt;
  const Int128 in = groups->sizes[0], out = weight->sizes[1];
  const Int128 bits = Int128(weight->sizes[0]) * 32 / in;
  const bool fits = is_one_of(static_cast<std::int64_t>(bits), {2, 3, 4, 8}) &&
                    weight->sizes[0] * Int128(32) == in * bits && scales->sizes[1] == out &&
                    zeros->sizes[0] == scales->sizes[0] &&
                    zeros->sizes[1] * Int128(32) == out * bits;
  if (!fits) return std::nullopt;
  return Packed{"qweight", static_cast<std::int64_t>(bits), in * out};
}

/// AutoAWQ, awq/modules/linear/gemm.py: qweight [in, out / 8] and qzeros [groups, out / 8] of
/// int32, scales [groups, out]; four bits.
std::optional<Packed> awq(const Layer& layer) {
  const StridedView *weight = layer.view("qweight", 2), *zeros = layer.view("qzeros", 2),
                    *scales = layer.view("scales", 2);
  if (!weight || !zeros || !scales || weight->dtype != Dtype::kInt32 ||
      zeros->dtype != Dtype::kInt32)
    return std::nullopt;
  const Int128 in = weight->sizes[0], out = Int128(weight->sizes[1]) * 8;
  const bool fits = scales->sizes[1] == out && zeros->sizes[1] == weight->sizes[1] &&
                    zeros->sizes[0] == scales->sizes[0] && in % scales->sizes[0] == 0;
  if (!fits) return std::nullopt;
  return Packed{"qweight", 4, in * out};
}

/// PyTorch's int4 products as gpt-fast and torchao hold them (gpt-fast, quantize.py,
/// WeightOnlyInt4Linear): weight [out / 8, in / (16 · tiles), 32, tiles / 2] of int32 or, for the
/// CPU, [out, in / 2] of uint8; scales_and_zeros [groups, out, 2].
std::optional<Packed> int4(const Layer& layer) {
  const StridedView* scales = layer.view("scales_and_zeros", 3);
  if (!scales || scales->sizes[2] != 2) return std::nullopt;
  const Int128 out = scales->sizes[1], groups = scales->sizes[0];
  Int128 in = 0;
  if (const StridedView* tiled = layer.view("weight", 4); tiled && tiled->dtype == Dtype::kInt32) {
    if (tiled->sizes[2] != 32 || tiled->sizes[0] * Int128(8) != out ||
        !is_one_of(tiled->sizes[3], {1, 2, 4}))
      return std::nullopt;
    in = Int128(tiled->sizes[1]) * 32 * tiled->sizes[3];
  } else if (const StridedView* plain = layer.view("weight", 2);
             plain && plain->dtype == Dtype::kUInt8 && plain->sizes[0] == out) {
    in = Int128(plain->sizes[1]) * 2;
  }
  if (in == 0 || in % groups != 0) return std::nullopt;
  return Packed{"weight", 4, in * out};
}

/// bitsandbytes, quantize_4bit() in bitsandbytes/functional.py: weight [n / 2, 1] of uint8, absmax
/// with one number a block of 64 … 4096 weights.
std::optional<Packed> nf4(const Layer& layer) {
  const StridedView *weight = layer.view("weight", 2), *absmax = layer.view("absmax", 1);
  if (!weight || !absmax || weight->dtype != Dtype::kUInt8 || weight->sizes[1] != 1)
    return std::nullopt;
  const Int128 n = Int128(weight->sizes[0]) * 2;
  for (std::int64_t block = 64; block <= 4096; block *= 2) {
    if ((n + block - 1) / block == absmax->sizes[0]) return Packed{"weight", 4, n};
  }
  return std::nullopt;
}

/// A byte a weight, with a scale an output: gpt-fast's WeightOnlyInt8Linear calls it scales,
/// bitsandbytes SCB.
std::optional<Packed> int8(const Layer& layer, std::string_view scales_name) {
  const StridedView *weight = layer.view("weight", 2), *scales = layer.view(scales_name, 1);
  if (!weight || !scales || weight->dtype != Dtype::kInt8 || scales->sizes[0] != weight->sizes[0])
    return std::nullopt;
  return Packed{"weight", 8, weight->elements};
}

struct PackedLayout {
  const char* name;
  std::optional<Packed> (*find)(const Layer& layer);
};
constexpr PackedLayout kLayouts[] = {
    {"GPTQ", gptq},
    {"AWQ", awq},
    {"PyTorch int4", int4},
    {"bitsandbytes 4-bit", nf4},
    {"bitsandbytes int8", [](const Layer& layer) { return int8(layer, "SCB"); }},
    {"int8", [](const Layer& layer) { return int8(layer, "scales"); }},
};

}  // namespace

std::vector<PackedWeights> find_packed_weights(const ModelSnapshot& s,
                                               const std::vector<TensorCount>& counts) {
  std::vector<std::vector<TensorId>> of_module(s.modules.size());
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    if (s.tensors[i].layout == Layout::kStrided && !s.tensors[i].quantization)
      of_module[s.tensors[i].module].push_back(TensorId(i));
  }
  std::vector<PackedWeights> found;
  for (std::size_t m = 0; m < of_module.size(); ++m) {
    if (of_module[m].size() < 2) continue;  // a weight and its scales
    const Layer layer(s, of_module[m]);
    for (const PackedLayout& layout : kLayouts) {
      const auto packed = layout.find(layer);
      if (!packed) continue;
      const TensorId tensor = layer.id(packed->tensor);
      const auto elements = Wide::of(packed->elements).to_int64();
      if (elements && !counts[tensor].alias_of.valid())
        found.push_back({ModuleId(m), tensor, layout.name, packed->bits, *elements});
      break;
    }
  }
  return found;
}

}  // namespace tally::inspector
