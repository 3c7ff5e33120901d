// GraphFlow: where the arguments of a model's forward() go, through calls and blocks, and which of
// the model's tensors stand beside them. Nothing is executed. For this folder's sources: brings
// LibTorch's headers along.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace tally::inspector {

/// A value of the model itself: a module, a parameter, a constant of its code.
struct ModelValue {
  c10::IValue value;
  std::string path;  ///< "transformer.wte.weight"; empty: the model, or a constant
};

class GraphFlow {
 public:
  /// A call that was entered; the outermost is that of forward() itself.
  struct Frame {
    const torch::jit::Node* call = nullptr;
    const Frame* caller = nullptr;
    std::size_t skipped = 0;  ///< inputs of `call` before the callee's own: the function's name
    std::size_t depth = 0;
  };
  struct Place {
    const torch::jit::Value* value = nullptr;
    const Frame* frame = nullptr;
  };
  /// An operator that takes a value.
  struct Use {
    const torch::jit::Node* node = nullptr;
    std::size_t offset = 0;  ///< of its inputs
    const Frame* frame = nullptr;
  };

  /// `forward` is a method of `model`; both must outlive this.
  GraphFlow(const torch::jit::Module& model, const torch::jit::Method& forward);

  /// Argument `index` of forward(), `self` being 0.
  Place argument(std::size_t index) const;

  /// The operators that take the value at `place` itself, those of called methods and functions
  /// included. Every use costs a step, and after kMostSteps of them no more come.
  void for_each_use(const Place& place, const std::function<void(const Use&)>& visit);

  /// What of the model `value` is; nothing where it is computed.
  std::optional<ModelValue> resolve(const torch::jit::Value* value, const Frame* frame) const;

 private:
  static constexpr std::size_t kMostSteps = 200'000;
  static constexpr std::size_t kMostDepth = 200;

  const torch::jit::Graph* callee(const torch::jit::Node* node, const Frame* frame) const;

  std::optional<ModelValue> resolve(const torch::jit::Value* value, const Frame* frame,
                                    std::size_t branches) const;
  std::optional<ModelValue> resolve_branches(const torch::jit::Value* value, const Frame* frame,
                                             std::size_t branches) const;
  const Frame* enter(const torch::jit::Node* call, const Frame* caller, std::size_t skipped);

  const torch::jit::Module& model_;
  std::shared_ptr<torch::jit::Graph> graph_;
  std::deque<Frame> frames_;  ///< addresses stay
  std::map<std::pair<const torch::jit::Node*, const Frame*>, const Frame*> entered_;
  std::size_t steps_ = 0;
};

}  // namespace tally::inspector
