// Element types of tensors, by PyTorch's names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tally::inspector {

/// The types that PyTorch's archives name; info() has the facts of each.
enum class Dtype : std::uint8_t {
  kFloat32,
  kFloat64,
  kFloat16,
  kBFloat16,
  kFloat8E5M2,
  kFloat8E4M3FN,
  kFloat8E5M2FNUZ,
  kFloat8E4M3FNUZ,
  kFloat8E8M0FNU,
  kFloat4E2M1FNX2,
  kComplex32,
  kComplex64,
  kComplex128,
  kInt64,
  kInt32,
  kInt16,
  kInt8,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kBool,
  kQInt8,
  kQUInt8,
  kQInt32,
  kQUInt4x2,
  kQUInt2x4,
};

/// How many types there are.
constexpr std::size_t kDtypeCount = static_cast<std::size_t>(Dtype::kQUInt2x4) + 1;

/// What is known of a Dtype.
struct DtypeInfo {
  Dtype dtype;            ///< whose row this is
  std::string_view name;  ///< as `str(tensor.dtype)` without "torch.", for example "float32"
  std::string_view storage_name;  ///< as archives write it, without "Storage":
                                  ///< c10::toString(ScalarType), "Float"
  int bits;        ///< stored bits of one element; 4 and 2 for the packed quantized types
  bool floating;   ///< can require gradients: floating point or complex
  bool quantized;  ///< stands for real numbers by a scale and a zero point
};

/// The facts of `dtype`; every enumerator has them.
const DtypeInfo& info(Dtype dtype);

/// The type with PyTorch's `name` ("bfloat16"), or nothing.
std::optional<Dtype> dtype_from_name(std::string_view name);

/// The type with the archive's storage name ("BFloat16"), or nothing.
std::optional<Dtype> dtype_from_storage_name(std::string_view storage_name);

}  // namespace tally::inspector
