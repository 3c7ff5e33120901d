#include <inspector/probe/run/optimizer.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <memory>

namespace tally::inspector {
namespace {

constexpr double kLearningRate = 1e-3;
constexpr double kMomentum = 0.9;

std::int64_t bytes_of(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<std::int64_t>(tensor.nbytes()) : 0;
}

std::int64_t bytes_of(const torch::optim::OptimizerParamState& state) {
  if (const auto* adam = dynamic_cast<const torch::optim::AdamParamState*>(&state)) {
    return bytes_of(adam->exp_avg()) + bytes_of(adam->exp_avg_sq());
  }
  if (const auto* adamw = dynamic_cast<const torch::optim::AdamWParamState*>(&state)) {
    return bytes_of(adamw->exp_avg()) + bytes_of(adamw->exp_avg_sq());
  }
  if (const auto* sgd = dynamic_cast<const torch::optim::SGDParamState*>(&state))
    return bytes_of(sgd->momentum_buffer());
  return 0;
}

std::shared_ptr<torch::optim::Optimizer> make(OptimizerKind kind,
                                              const std::vector<at::Tensor>& parameters) {
  switch (kind) {
    case OptimizerKind::kSgd:
      return std::make_shared<torch::optim::SGD>(parameters,
                                                 torch::optim::SGDOptions(kLearningRate));
    case OptimizerKind::kMomentum:
      return std::make_shared<torch::optim::SGD>(
          parameters, torch::optim::SGDOptions(kLearningRate).momentum(kMomentum));
    case OptimizerKind::kAdam:
      return std::make_shared<torch::optim::Adam>(parameters,
                                                  torch::optim::AdamOptions(kLearningRate));
    case OptimizerKind::kAdamW:
      break;
  }
  return std::make_shared<torch::optim::AdamW>(parameters,
                                               torch::optim::AdamWOptions(kLearningRate));
}

}  // namespace

Optimizer make_optimizer(OptimizerKind kind, const std::vector<at::Tensor>& parameters) {
  const std::shared_ptr<torch::optim::Optimizer> optimizer = make(kind, parameters);
  Optimizer functions;
  functions.step = [optimizer] { optimizer->step(); };
  functions.zero_grad = [optimizer] { optimizer->zero_grad(/*set_to_none=*/true); };
  functions.state_bytes = [optimizer] {
    std::int64_t bytes = 0;
    for (const auto& [parameter, state] : optimizer->state()) bytes += bytes_of(*state);
    return bytes;
  };
  return functions;
}

}  // namespace tally::inspector
