// LibTorch's optimizers behind two functions: their headers are slow to compile.
#pragma once

#include <inspector/model/probe_request.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace at {
class Tensor;
}

namespace tally::inspector {

struct Optimizer {
  std::function<void()> step;
  std::function<void()> zero_grad;            ///< sets gradients to none
  std::function<std::int64_t()> state_bytes;  ///< of its state's tensors on the parameters' device
};

/// An optimizer with LibTorch's defaults (learning rate 0.001, momentum 0.9) on `parameters`, each
/// of them once.
Optimizer make_optimizer(OptimizerKind kind, const std::vector<at::Tensor>& parameters);

}  // namespace tally::inspector
