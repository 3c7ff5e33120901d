// Memory of weights alone, by number format, with the scales that small formats need.
#pragma once

#include <base/result.h>
#include <formulas/terms/terms.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tally::formulas {

/// The formats that weights are stored in for inference.
enum class Dtype { kFp32, kBf16, kFp16, kFp8, kInt8, kInt4 };

/// What is known of a Dtype.
struct DtypeInfo {
  Dtype dtype = Dtype::kFp32;  ///< whose row this is
  std::string_view name;       ///< "fp32", "bf16", ...
  std::int64_t bits = 0;       ///< of one stored number
  std::string_view scales;     ///< what is stored beside the numbers; "" where nothing is
  std::string_view source;     ///< paper, or the standard of the format
};

/// Every format, widest first.
const std::vector<DtypeInfo>& dtype_table();
/// The facts of `dtype`; every enumerator has them.
const DtypeInfo& dtype_info(Dtype dtype);
/// The format with the table's `name` ("bf16"), or nothing.
std::optional<Dtype> dtype_named(std::string_view name);

/// Parameters x bits / 8, rounded up, without scales. Source: the plain convention, as
/// Hugging Face accelerate's estimator counts. Errors: kUsage for a negative count, or bytes past
/// 2^63 - 1.
Result<std::int64_t> plain_weight_bytes(std::int64_t num_params, Dtype dtype);

/// Weights as quantized checkpoints store them. The matrices of attention and MLP are quantized;
/// tables, router, norms, biases and head stay at 16 bits (as GPTQ, AWQ, LLM.int8() and
/// DeepSeek-V3's FP8 do).
struct WeightBytes {
  Dtype dtype = Dtype::kFp32;         ///< the format asked for
  std::int64_t quantized_params = 0;  ///< elements that are stored in it
  std::int64_t quantized_bytes = 0;   ///< of these, without scales
  std::int64_t num_scales = 0;        ///< how many scales stand beside them
  std::int64_t scale_bytes = 0;       ///< and zero points
  std::int64_t kept_params = 0;  ///< elements that keep 16 bits or, unquantized, the format's own
  std::int64_t kept_bytes = 0;   ///< of these
  std::int64_t total_bytes = 0;  ///< quantized + scales + kept
};

/// The format's own groups: int4 one scale (16 bits) and one zero point (4 bits) for `group_size`
/// inputs of each output row, `group_size` 0: for the whole row; int8 one fp32 scale
/// an output row; fp8 one fp32 scale for each block of 128x128. fp32, bf16 and fp16 keep every
/// parameter at their own width. Source: int4 Frantar et al. 2022, arXiv:2210.17323, and Lin et al.
/// 2023, arXiv:2306.00978; int8 Dettmers et al. 2022, arXiv:2208.07339; fp8 DeepSeek-AI 2024,
/// arXiv:2412.19437, section 3.3.2. Errors: kUsage for a negative group size, or bytes past
/// 2^63 - 1.
Result<WeightBytes> weight_bytes(const std::vector<TermCount>& terms, Dtype dtype,
                                 std::int64_t group_size = 128);

}  // namespace tally::formulas
