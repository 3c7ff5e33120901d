#include <inspector/model/dtype.h>

#include <array>

namespace tally::inspector {
namespace {

// One row an enumerator, in their order. A float4_e2m1fn_x2 element is a byte that holds two
// values: PyTorch counts it once.
constexpr std::array kDtypes = {
    DtypeInfo{Dtype::kFloat32, "float32", "Float", 32, true, false},
    DtypeInfo{Dtype::kFloat64, "float64", "Double", 64, true, false},
    DtypeInfo{Dtype::kFloat16, "float16", "Half", 16, true, false},
    DtypeInfo{Dtype::kBFloat16, "bfloat16", "BFloat16", 16, true, false},
    DtypeInfo{Dtype::kFloat8E5M2, "float8_e5m2", "Float8_e5m2", 8, true, false},
    DtypeInfo{Dtype::kFloat8E4M3FN, "float8_e4m3fn", "Float8_e4m3fn", 8, true, false},
    DtypeInfo{Dtype::kFloat8E5M2FNUZ, "float8_e5m2fnuz", "Float8_e5m2fnuz", 8, true, false},
    DtypeInfo{Dtype::kFloat8E4M3FNUZ, "float8_e4m3fnuz", "Float8_e4m3fnuz", 8, true, false},
    DtypeInfo{Dtype::kFloat8E8M0FNU, "float8_e8m0fnu", "Float8_e8m0fnu", 8, true, false},
    DtypeInfo{Dtype::kFloat4E2M1FNX2, "float4_e2m1fn_x2", "Float4_e2m1fn_x2", 8, true, false},
    DtypeInfo{Dtype::kComplex32, "complex32", "ComplexHalf", 32, true, false},
    DtypeInfo{Dtype::kComplex64, "complex64", "ComplexFloat", 64, true, false},
    DtypeInfo{Dtype::kComplex128, "complex128", "ComplexDouble", 128, true, false},
    DtypeInfo{Dtype::kInt64, "int64", "Long", 64, false, false},
    DtypeInfo{Dtype::kInt32, "int32", "Int", 32, false, false},
    DtypeInfo{Dtype::kInt16, "int16", "Short", 16, false, false},
    DtypeInfo{Dtype::kInt8, "int8", "Char", 8, false, false},
    DtypeInfo{Dtype::kUInt8, "uint8", "Byte", 8, false, false},
    DtypeInfo{Dtype::kUInt16, "uint16", "UInt16", 16, false, false},
    DtypeInfo{Dtype::kUInt32, "uint32", "UInt32", 32, false, false},
    DtypeInfo{Dtype::kUInt64, "uint64", "UInt64", 64, false, false},
    DtypeInfo{Dtype::kBool, "bool", "Bool", 8, false, false},
    DtypeInfo{Dtype::kQInt8, "qint8", "QInt8", 8, false, true},
    DtypeInfo{Dtype::kQUInt8, "quint8", "QUInt8", 8, false, true},
    DtypeInfo{Dtype::kQInt32, "qint32", "QInt32", 32, false, true},
    DtypeInfo{Dtype::kQUInt4x2, "quint4x2", "QUInt4x2", 4, false, true},
    DtypeInfo{Dtype::kQUInt2x4, "quint2x4", "QUInt2x4", 2, false, true},
};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < kDtypes.size(); ++i) {
    if (static_cast<std::size_t>(kDtypes[i].dtype) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order());

}  // namespace

const DtypeInfo& info(Dtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)]; }

std::optional<Dtype> dtype_from_name(std::string_view name) {
  for (const DtypeInfo& row : kDtypes) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::optional<Dtype> dtype_from_storage_name(std::string_view storage_name) {
  for (const DtypeInfo& row : kDtypes) {
    if (row.storage_name == storage_name) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace tally::inspector
