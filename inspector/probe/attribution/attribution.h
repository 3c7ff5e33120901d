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

class RecordListeners;

/// Listens to LibTorch's record functions: calls of modules, operators, and backward functions,
/// each of which carries the number of the operator whose gradient it is. Needs the plain executor:
/// the optimising one inlines modules. `listeners` and `ledger` must outlive it.
class Attribution {
 public:
  Attribution(RecordListeners& listeners, const torch::jit::Module& model, ModuleLedger& ledger);
  ~Attribution();
  Attribution(const Attribution&) = delete;
  Attribution& operator=(const Attribution&) = delete;

  /// The module that ran when an exception was thrown.
  std::optional<std::string> failed_module() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace tally::inspector
