#include <base/wide.h>
#include <formulas/costs/memory_weights.h>

#include <string>
#include <utility>

namespace tally::formulas {
namespace {

constexpr std::int64_t kFp8Block = 128;
constexpr std::int64_t kKeptBits = 16;

Error too_many_bytes() {
  return {ErrorCode::kUsage, "the weights take more than 2^63 - 1 bytes", ""};
}

struct Matrix {
  std::int64_t rows = 0;     ///< outputs
  std::int64_t columns = 0;  ///< inputs
};

/// The tensors of a term as matrices, one output a row, or nothing where they are kept at 16 bits.
std::optional<Matrix> quantized_matrix(const TermCount& term) {
  if (term.stack < 0 || term.group < 0 || term.shape.size() < 2) return std::nullopt;
  if (term.component != Component::kAttention && term.component != Component::kMlp) {
    return std::nullopt;
  }
  // Not matrices that tokens are multiplied with, or too small and too sensitive (routers, gates).
  if (term.traits.kept) return std::nullopt;
  Matrix matrix{1, term.shape.back()};
  for (std::size_t i = 0; i + 1 < term.shape.size(); ++i) matrix.rows *= term.shape[i];
  if (term.transposed) std::swap(matrix.rows, matrix.columns);
  return matrix;
}

struct Storage {
  Wide number_bytes;  ///< of one matrix
  Wide num_scales;
  Wide scale_bytes;
};

Storage storage_of(const Matrix& m, Dtype dtype, std::int64_t group_size) {
  const Wide elements = Wide(m.rows) * m.columns;
  switch (dtype) {
    case Dtype::kInt4: {
      const Wide groups =
          Wide(m.rows) * (group_size == 0 ? Wide(1) : ceil_div(m.columns, group_size));
      return {ceil_div(elements, 2), groups, groups * 2 + ceil_div(groups, 2)};
    }
    case Dtype::kInt8:
      return {elements, m.rows, Wide(m.rows) * 4};
    case Dtype::kFp8: {
      const Wide blocks = ceil_div(m.rows, kFp8Block) * ceil_div(m.columns, kFp8Block);
      return {elements, blocks, blocks * 4};
    }
    default:
      return {};
  }
}

bool has_scales(Dtype dtype) { return !dtype_info(dtype).scales.empty(); }

}  // namespace

const std::vector<DtypeInfo>& dtype_table() {
  static const std::vector<DtypeInfo> kTable = {
      {Dtype::kFp32, "fp32", 32, "", "IEEE 754 binary32"},
      {Dtype::kBf16, "bf16", 16, "", "bfloat16"},
      {Dtype::kFp16, "fp16", 16, "", "IEEE 754 binary16"},
      {Dtype::kFp8, "fp8", 8, "fp32 for each block of 128x128",
       "DeepSeek-AI 2024, arXiv:2412.19437, section 3.3.2"},
      {Dtype::kInt8, "int8", 8, "fp32 for each output row",
       "Dettmers et al. 2022, arXiv:2208.07339"},
      {Dtype::kInt4, "int4", 4, "fp16 and a 4-bit zero point for each group",
       "Frantar et al. 2022, arXiv:2210.17323; Lin et al. 2023, arXiv:2306.00978"}};
  return kTable;
}

const DtypeInfo& dtype_info(Dtype dtype) { return dtype_table()[static_cast<std::size_t>(dtype)]; }

std::optional<Dtype> dtype_named(std::string_view name) {
  for (const auto& info : dtype_table()) {
    if (info.name == name) return info.dtype;
  }
  return std::nullopt;
}

Result<std::int64_t> plain_weight_bytes(std::int64_t num_params, Dtype dtype) {
  if (num_params < 0) {
    return Error{ErrorCode::kUsage,
                 "params must not be negative, and is " + std::to_string(num_params), ""};
  }
  const auto bytes = ceil_div(Wide(num_params) * dtype_info(dtype).bits, 8).to_int64();
  if (!bytes) return too_many_bytes();
  return *bytes;
}

Result<WeightBytes> weight_bytes(const std::vector<TermCount>& terms, Dtype dtype,
                                 std::int64_t group_size) {
  if (group_size < 0) {
    return Error{ErrorCode::kUsage,
                 "group_size must not be negative, and is " + std::to_string(group_size), ""};
  }
  const std::int64_t kept_bits = has_scales(dtype) ? kKeptBits : dtype_info(dtype).bits;
  Wide quantized_params, quantized_bytes, num_scales, scale_bytes, kept_params;
  for (const auto& term : terms) {
    if (term.unique_params == 0) continue;
    const auto matrix = has_scales(dtype) ? quantized_matrix(term) : std::optional<Matrix>();
    if (!matrix) {
      kept_params += term.unique_params;
      continue;
    }
    const Storage storage = storage_of(*matrix, dtype, group_size);
    quantized_params += term.unique_params;
    quantized_bytes += storage.number_bytes * term.copies;
    num_scales += storage.num_scales * term.copies;
    scale_bytes += storage.scale_bytes * term.copies;
  }
  const Wide kept_bytes = kept_params * kept_bits / 8;
  const auto total = (quantized_bytes + scale_bytes + kept_bytes).to_int64();
  if (!total) return too_many_bytes();
  WeightBytes result;
  result.dtype = dtype;
  result.quantized_params = *quantized_params.to_int64();
  result.quantized_bytes = *quantized_bytes.to_int64();
  result.num_scales = *num_scales.to_int64();
  result.scale_bytes = *scale_bytes.to_int64();
  result.kept_params = *kept_params.to_int64();
  result.kept_bytes = *kept_bytes.to_int64();
  result.total_bytes = *total;
  return result;
}

}  // namespace tally::formulas
