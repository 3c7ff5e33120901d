// Accelerators that people train and run models on, as data.
#pragma once

#include <base/result.h>
#include <formulas/costs/memory_states.h>
#include <formulas/costs/memory_weights.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tally::formulas {

/// One product, figures as its vendor gives them: dense peaks (no 2:4 sparsity) of one device.
struct Accelerator {
  std::string_view name;               ///< product and memory: "V100 16GB"
  std::int64_t memory_gb = 0;          ///< as the vendor gives it
  double bandwidth_gb_per_second = 0;  ///< of the memory
  // Peaks in TFLOP/s (int8: TOP/s); 0: the format is not accelerated.
  double fp32_tflops = 0;   ///< without tensor cores
  double tf32_tflops = 0;   ///< inputs rounded to 19 bits, on tensor cores
  double bf16_tflops = 0;   ///< on tensor or matrix cores, as the rows below
  double fp16_tflops = 0;   ///< inputs of 16 bits
  double fp8_tflops = 0;    ///< inputs of 8 bits
  double int8_tops = 0;     ///< whole numbers of 8 bits
  std::string_view source;  ///< the vendor's document

  /// Vendors' GB read as 10^9 bytes. Drivers report up to 7 % more (an "80GB" H100 has 81,559 MiB),
  /// so a model that fits these bytes leaves that margin.
  std::int64_t memory_bytes() const { return memory_gb * 1'000'000'000; }
  /// Peak FLOP/s of matrix products whose inputs have the precision's activations: fp32 counts TF32
  /// where there is one. Source: the row's.
  double peak_flops_per_second(Precision precision) const;
  /// Peak FLOP/s for weights stored as `dtype`; formats without a peak of their own run as bf16, or
  /// fp16 where there is none. Source: the row's.
  double peak_flops_per_second(Dtype dtype) const;
};

/// Vendor by vendor, oldest first.
const std::vector<Accelerator>& accelerator_table();

/// The accelerator that `name` names: its words, in any case, all in the accelerator's name.
/// Errors: kUsage where none has them, or several (listed) and no name is exactly that. Source: the
/// row's.
Result<Accelerator> accelerator_named(std::string_view name);

}  // namespace tally::formulas
