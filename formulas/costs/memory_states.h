// Model states of training: weights, gradients, master weights and optimizer states, by recipe, and
// their shares under ZeRO.
//
// Source: Rajbhandari et al. 2020, arXiv:1910.02054, section 3; of an optimizer or a precision its
// row names its own.
#pragma once

#include <base/result.h>
#include <base/wide.h>
#include <formulas/terms/terms.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tally::formulas {

/// What keeps states for the parameters; optimizer_table() has the facts and sources.
enum class Optimizer { kSgd, kMomentum, kAdam, kAdamW, kAdafactor, kAdam8bit, kLion, kMuon };

/// What is known of an Optimizer.
struct OptimizerInfo {
  Optimizer optimizer = Optimizer::kAdamW;  ///< whose row this is
  std::string_view name;                    ///< as people give it: "adamw"
  std::int64_t values_per_param =
      0;  ///< state values of a parameter; for kAdafactor and kMuon those of a vector
  bool needs_shapes = false;  ///< what a matrix needs differs from what a vector needs
  std::string_view states;    ///< in words
  std::string_view source;    ///< author and year, paper and algorithm
};
/// Every optimizer. Valid as long as the program runs.
const std::vector<OptimizerInfo>& optimizer_table();
/// The facts of `optimizer`; every enumerator has them.
const OptimizerInfo& optimizer_info(Optimizer optimizer);
/// The optimizer with the table's `name` ("adamw"), or nothing.
std::optional<Optimizer> optimizer_named(std::string_view name);

/// A recipe of number formats for a training; precision_table() has the bytes and sources.
enum class Precision {
  kFp32,   ///< everything in fp32
  kMixed,  ///< 2 weights + 2 gradients, fp32 master weights and states: 16 bytes with Adam (ZeRO,
           ///< section 3.1)
  kMixedFp32Grads,  ///< the same with fp32 gradients: 18 bytes with Adam (Megatron-LM; autocast
                    ///< counts 18, too)
  kBf16,            ///< weights, gradients and states in bf16, no master weights: 8 bytes with Adam
};

/// What is known of a Precision: bytes of a parameter, or of one value.
struct PrecisionInfo {
  Precision precision = Precision::kMixed;  ///< whose row this is
  std::string_view name;                    ///< as people give it: "mixed"
  std::int64_t weight_bytes = 0;            ///< of one parameter, as the passes read it
  std::int64_t gradient_bytes = 0;          ///< of one parameter's gradient
  /// Of one parameter's copy that the optimizer steps; 0: there is none.
  std::int64_t master_bytes = 0;
  std::int64_t state_value_bytes = 0;  ///< of one value of the optimizer's state
  std::int64_t activation_bytes = 0;   ///< of one value in the forward pass
  std::string_view source;             ///< paper and section
};
/// Every recipe. Valid as long as the program runs.
const std::vector<PrecisionInfo>& precision_table();
/// The facts of `precision`; every enumerator has them.
const PrecisionInfo& precision_info(Precision precision);
/// The recipe with the table's `name` ("mixed"), or nothing.
std::optional<Precision> precision_named(std::string_view name);

/// Bytes of each kind of state.
struct StateBytes {
  /// Whole bytes each; lost where they pass 2^127 (Wide::fits).
  Wide weights, gradients, master_weights, optimizer_states;
  /// Bytes of all four.
  Wide total() const { return weights + gradients + master_weights + optimizer_states; }
};

/// ZeRO's stages: what is divided by the data-parallel degree.
enum class ZeroStage : int {
  kNone = 0,
  kOptimizer = 1,   ///< P_os: master weights and optimizer states
  kGradients = 2,   ///< P_os+g
  kParameters = 3,  ///< P_os+g+p (FSDP's full shard)
};

/// A part of `states` for each of `data_parallel` devices, rounded up.
StateBytes zero_share(const StateBytes& states, ZeroStage stage, std::int64_t data_parallel);

/// States of `num_params` parameters whose shapes are not known. Errors: kUsage for an
/// optimizer that needs shapes (named), a count that is not positive.
Result<StateBytes> state_bytes(std::int64_t num_params, Optimizer optimizer, Precision precision);

/// States of one term's tensors, exactly: Adafactor's factored moments (Shazeer and Stern 2018,
/// arXiv:1804.04235, section 3) need the shapes; Muon keeps Adam's states for tables, heads and
/// vectors; 8-bit Adam keeps 32 bits for tensors of fewer than 4096 elements and adds one fp32
/// scale for each block of 2048 (Dettmers et al. 2022, arXiv:2110.02861).
StateBytes term_state_bytes(const TermCount& term, Optimizer optimizer, Precision precision);

/// Largest number of parameters whose states fit `device_bytes` (ZeRO, table 2), for Adam-like
/// bytes per parameter. Errors: those of state_bytes, and kUsage where the result passes 2^63 - 1.
Result<std::int64_t> largest_model_params(std::int64_t device_bytes, Optimizer optimizer,
                                          Precision precision, ZeroStage stage,
                                          std::int64_t data_parallel,
                                          std::int64_t model_parallel = 1);

}  // namespace tally::formulas
