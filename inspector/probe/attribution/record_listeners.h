// RecordListeners: what LibTorch calls while a model runs, told to objects.
//
// LibTorch's callbacks are plain functions without a context. Here is the one place that knows the
// process's listeners by a static pointer (record_listeners.cpp); everything that listens is an
// object with state of its own. Only sources of inspector/probe include it.
#pragma once

#include <ATen/record_function.h>

#include <memory>
#include <vector>

namespace tally::inspector {

/// Hears of calls of modules (TORCHSCRIPT_FUNCTION), operators (FUNCTION) and backward functions
/// (BACKWARD_FUNCTION), with their inputs. Exceptions end here: none may pass into LibTorch.
class RecordListener {
 public:
  virtual ~RecordListener() = default;
  /// Returns what on_end() of the same call is given; may be null.
  virtual std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& call) = 0;
  virtual void on_end(at::ObserverContext*) {}
};

/// Registered with LibTorch while it has a listener; one object a process. Listeners come and go
/// between calls of the model, in the order of a stack, and on one thread.
class RecordListeners {
 public:
  RecordListeners();
  ~RecordListeners();
  RecordListeners(const RecordListeners&) = delete;
  RecordListeners& operator=(const RecordListeners&) = delete;

  void add(RecordListener& listener);
  void remove(const RecordListener& listener);

 private:
  static std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& call);
  static void end(const at::RecordFunction& call, at::ObserverContext* context);

  std::vector<RecordListener*> listeners_;
  at::CallbackHandle handle_ = 0;
};

}  // namespace tally::inspector
