#include <formulas/costs/memory_states.h>

#include <string>

namespace tally::formulas {
namespace {

constexpr std::int64_t kSmallest8bitTensor = 4096;
constexpr std::int64_t k8bitBlock = 2048;
constexpr std::int64_t kFp32Bytes = 4;

template <class Info, class Key>
std::optional<Key> named(const std::vector<Info>& table, Key Info::*key, std::string_view name) {
  for (const auto& info : table) {
    if (info.name == name) return info.*key;
  }
  return std::nullopt;
}

/// A matrix inside a layer, which Muon's orthogonalised update is for.
bool is_hidden_matrix(const TermCount& term) {
  return term.shape.size() >= 2 &&
         (term.component == Component::kAttention || term.component == Component::kMlp);
}

/// Bytes of optimizer states of one tensor.
Wide tensor_state_bytes(const TermCount& term, Optimizer optimizer, std::int64_t value_bytes) {
  const Wide elements = term.tensor_params;
  switch (optimizer) {
    case Optimizer::kAdafactor: {
      if (term.shape.size() < 2) return elements * value_bytes;
      // A row and a column of moments for each matrix; leading dimensions are matrices of their
      // own.
      const std::int64_t rows = term.shape[term.shape.size() - 2];
      const std::int64_t columns = term.shape.back();
      const Wide matrices = elements / (Wide(rows) * columns);
      return matrices * (Wide(rows) + columns) * value_bytes;
    }
    case Optimizer::kAdam8bit:
      if (term.tensor_params < kSmallest8bitTensor) return elements * 2 * kFp32Bytes;
      return elements * 2 + ceil_div(elements, k8bitBlock) * 2 * kFp32Bytes;
    case Optimizer::kMuon:
      return elements * (is_hidden_matrix(term) ? 1 : 2) * value_bytes;
    default:
      return elements * optimizer_info(optimizer).values_per_param * value_bytes;
  }
}

}  // namespace

const std::vector<OptimizerInfo>& optimizer_table() {
  static const std::vector<OptimizerInfo> kTable = {
      {Optimizer::kSgd, "sgd", 0, false, "none", "Robbins and Monro 1951"},
      {Optimizer::kMomentum, "momentum", 1, false, "momentum", "Polyak 1964"},
      {Optimizer::kAdam, "adam", 2, false, "two moments",
       "Kingma and Ba 2014, arXiv:1412.6980, algorithm 1"},
      {Optimizer::kAdamW, "adamw", 2, false, "two moments",
       "Loshchilov and Hutter 2017, arXiv:1711.05101, algorithm 2"},
      {Optimizer::kAdafactor, "adafactor", 1, true,
       "second moment, factored into a row and a column for matrices",
       "Shazeer and Stern 2018, arXiv:1804.04235, algorithm 4"},
      {Optimizer::kAdam8bit, "adam8bit", 2, true,
       "two moments of 8 bits, fp32 scales for blocks of 2048; 32 bits for tensors under 4096",
       "Dettmers et al. 2022, arXiv:2110.02861, section 2"},
      {Optimizer::kLion, "lion", 1, false, "momentum",
       "Chen et al. 2023, arXiv:2302.06675, algorithm 2"},
      {Optimizer::kMuon, "muon", 2, true,
       "momentum for matrices inside layers, Adam's two moments for the rest",
       "Jordan et al. 2024, Muon; Liu et al. 2025, arXiv:2502.16982, section 2"}};
  return kTable;
}

const OptimizerInfo& optimizer_info(Optimizer optimizer) {
  return optimizer_table()[static_cast<std::size_t>(optimizer)];
}

std::optional<Optimizer> optimizer_named(std::string_view name) {
  return named(optimizer_table(), &OptimizerInfo::optimizer, name);
}

const std::vector<PrecisionInfo>& precision_table() {
  static const std::vector<PrecisionInfo> kTable = {
      {Precision::kFp32, "fp32", 4, 4, 0, 4, 4, "PyTorch's default"},
      {Precision::kMixed, "mixed", 2, 2, 4, 4, 2,
       "Rajbhandari et al. 2020, arXiv:1910.02054, section 3.1: 2 + 2 + 12"},
      {Precision::kMixedFp32Grads, "mixed-fp32-grads", 2, 4, 4, 4, 2,
       "NVIDIA/Megatron-LM, theoretical_memory_usage.py: 18 bytes with Adam"},
      {Precision::kBf16, "bf16", 2, 2, 0, 2, 2, "weights, gradients and states in bfloat16"}};
  return kTable;
}

const PrecisionInfo& precision_info(Precision precision) {
  return precision_table()[static_cast<std::size_t>(precision)];
}

std::optional<Precision> precision_named(std::string_view name) {
  return named(precision_table(), &PrecisionInfo::precision, name);
}

StateBytes zero_share(const StateBytes& states, ZeroStage stage, std::int64_t data_parallel) {
  const auto share = [&](const Wide& bytes, ZeroStage from) {
    return stage >= from ? ceil_div(bytes, data_parallel) : bytes;
  };
  return {share(states.weights, ZeroStage::kParameters),
          share(states.gradients, ZeroStage::kGradients),
          share(states.master_weights, ZeroStage::kOptimizer),
          share(states.optimizer_states, ZeroStage::kOptimizer)};
}

Result<StateBytes> state_bytes(std::int64_t num_params, Optimizer optimizer, Precision precision) {
  if (num_params < 1) {
    return Error{ErrorCode::kUsage, "params must be positive, and is " + std::to_string(num_params),
                 ""};
  }
  const auto& info = optimizer_info(optimizer);
  if (info.needs_shapes) {
    return Error{
        ErrorCode::kUsage,
        "optimizer " + std::string(info.name) +
            " keeps states by the shapes of tensors, which a parameter count does not tell",
        "name a model with --config or --preset"};
  }
  const auto& p = precision_info(precision);
  const Wide params = num_params;
  return StateBytes{params * p.weight_bytes, params * p.gradient_bytes, params * p.master_bytes,
                    params * info.values_per_param * p.state_value_bytes};
}

StateBytes term_state_bytes(const TermCount& term, Optimizer optimizer, Precision precision) {
  const auto& p = precision_info(precision);
  const Wide params = term.unique_params;
  if (term.unique_params == 0) return {};
  return {params * p.weight_bytes, params * p.gradient_bytes, params * p.master_bytes,
          tensor_state_bytes(term, optimizer, p.state_value_bytes) * term.copies};
}

Result<std::int64_t> largest_model_params(std::int64_t device_bytes, Optimizer optimizer,
                                          Precision precision, ZeroStage stage,
                                          std::int64_t data_parallel, std::int64_t model_parallel) {
  // Bytes of `data_parallel` parameters, so that every share is whole.
  const auto states = state_bytes(data_parallel, optimizer, precision);
  if (!states) return states.error();
  const Wide bytes = zero_share(*states, stage, data_parallel).total();
  const auto params = (Wide(device_bytes) * data_parallel * model_parallel / bytes).to_int64();
  if (!params) return Error{ErrorCode::kUsage, "device memory is more than 2^63 - 1 bytes", ""};
  return *params;
}

}  // namespace tally::formulas
