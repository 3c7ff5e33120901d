// Attribution: while it lives, what runs is booked to the modules of a model.
#pragma once

#include <inspector/probe/attribution/module_ledger.h>

#include <memory>
#include <optional>
#include <string>

namespace torch::jit {
struct Module;
}

namespace tally::inspector {

/// Listens to LibTorch's record functions: calls of modules, operators, and backward functions,
/// each of which carries the number of the operator whose gradient it is. One at a time. Needs the
/// plain executor: the optimising one inlines modules.
class Attribution {
 public:
  Attribution(const torch::jit::Module& model, ModuleLedger& ledger);
  ~Attribution();
  Attribution(const Attribution&) = delete;
  Attribution& operator=(const Attribution&) = delete;

  /// The module that ran when an exception was thrown.
  std::optional<std::string> failed_module() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tally::inspector
