#include <inspector/probe/attribution/attribution.h>
#include <inspector/probe/attribution/operator_flops.h>
#include <inspector/probe/attribution/record_listeners.h>
#include <torch/csrc/jit/api/module.h>

#include <exception>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace tally::inspector {
namespace {

/// What a start leaves for its end.
struct Mark : at::ObserverContext {
  bool entered = false;
  bool counted = false;
};

}  // namespace

class Attribution::Listener final : public RecordListener {
 public:
  Listener(RecordListeners& listeners, const torch::jit::Module& model, ModuleLedger& ledger)
      : listeners_(listeners), ledger_(ledger) {
    for (const auto& module : model.named_modules())
      path_of_.emplace(module.value._ivalue().get(), module.name);
    listeners_.add(*this);
  }
  ~Listener() override { listeners_.remove(*this); }

  std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& call) override {
    auto mark = std::make_unique<Mark>();
    switch (call.scope()) {
      case at::RecordScope::TORCHSCRIPT_FUNCTION:
        on_module(call, *mark);
        break;
      case at::RecordScope::FUNCTION:
        on_operator(call, *mark);
        break;
      case at::RecordScope::BACKWARD_FUNCTION:
        on_backward(call, *mark);
        break;
      default:
        break;
    }
    return mark;
  }

  void on_end(at::ObserverContext* context) override {
    const auto* mark = static_cast<Mark*>(context);
    if (mark == nullptr) return;
    // Frames end from the outermost when an exception ends them: the first end of all still sees
    // the one that threw.
    if (std::uncaught_exceptions() > 0 && !failed_) failed_ = ledger_.current().value_or("");
    if (mark->counted) add_depth(-1);
    if (mark->entered) ledger_.leave();
  }

  const std::optional<std::string>& failed() const { return failed_; }

 private:
  void on_module(const at::RecordFunction& call, Mark& mark) {
    const auto inputs = call.inputs();
    if (inputs.empty() || !inputs[0].isObject()) return;
    const auto found = path_of_.find(inputs[0].toObject().get());
    if (found == path_of_.end()) return;
    // The root's frame comes twice; functions and other methods of a module belong to it.
    if (ledger_.current() == found->second) return;
    ledger_.enter(found->second, ModuleLedger::Direction::kForward);
    mark.entered = true;
  }

  void on_operator(const at::RecordFunction& call, Mark& mark) {
    if (call.seqNr() >= 0) {
      if (const auto module = ledger_.current()) {
        const std::lock_guard<std::mutex> lock(mutex_);
        module_of_sequence_[call.seqNr()] = *module;
      }
    }
    if (add_depth(0) > 0) return;  // within one that counts
    if (const auto flops = operator_flops(call)) {
      ledger_.add_flops(*flops);
      add_depth(1);
      mark.counted = true;
    }
  }

  void on_backward(const at::RecordFunction& call, Mark& mark) {
    std::string module;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = module_of_sequence_.find(call.seqNr());
      if (found == module_of_sequence_.end())
        return;  // the loss, and the accumulation of gradients
      module = found->second;
    }
    ledger_.enter(module, ModuleLedger::Direction::kBackward);
    mark.entered = true;
  }

  /// How many operators that count this thread is in, after adding `change`.
  int add_depth(int change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return counted_depth_[std::this_thread::get_id()] += change;
  }

  RecordListeners& listeners_;
  ModuleLedger& ledger_;
  std::unordered_map<const void*, std::string> path_of_;  ///< by the module's object
  std::unordered_map<std::int64_t, std::string> module_of_sequence_;
  std::unordered_map<std::thread::id, int> counted_depth_;
  std::mutex mutex_;
  std::optional<std::string> failed_;
};

Attribution::Attribution(RecordListeners& listeners, const torch::jit::Module& model,
                         ModuleLedger& ledger)
    : listener_(std::make_unique<Listener>(listeners, model, ledger)) {}

Attribution::~Attribution() = default;

std::optional<std::string> Attribution::failed_module() const { return listener_->failed(); }

}  // namespace tally::inspector
