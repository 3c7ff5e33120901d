#include <ATen/record_function.h>
#include <inspector/probe/attribution/attribution.h>
#include <inspector/probe/attribution/operator_flops.h>
#include <torch/csrc/jit/api/module.h>

#include <exception>
#include <unordered_map>

namespace tally::inspector {

struct Attribution::State {
  explicit State(ModuleLedger& l) : ledger(l) {}
  ModuleLedger& ledger;
  std::unordered_map<const void*, std::string> path_of;  ///< by the module's object
  std::unordered_map<std::int64_t, std::string> module_of_sequence;
  std::mutex mutex;
  std::optional<std::string> failed;
  at::CallbackHandle handle = 0;
};

namespace {

// Callbacks are plain functions: there is one attribution at a time, known here while it lives.
void* the_state = nullptr;

thread_local int counted_depth = 0;

/// What a start leaves for its end.
struct Mark : at::ObserverContext {
  bool entered = false;
  bool counted = false;
};

template <class State>
void on_module(State& s, const at::RecordFunction& call, Mark& mark) {
  const auto inputs = call.inputs();
  if (inputs.empty() || !inputs[0].isObject()) return;
  const auto found = s.path_of.find(inputs[0].toObject().get());
  if (found == s.path_of.end()) return;
  // The root's frame comes twice; functions and other methods of a module belong to it.
  if (s.ledger.current() == found->second) return;
  s.ledger.enter(found->second, ModuleLedger::Direction::kForward);
  mark.entered = true;
}

template <class State>
void on_operator(State& s, const at::RecordFunction& call, Mark& mark) {
  if (call.seqNr() >= 0) {
    if (const auto module = s.ledger.current()) {
      const std::lock_guard<std::mutex> lock(s.mutex);
      s.module_of_sequence[call.seqNr()] = *module;
    }
  }
  if (counted_depth > 0) return;
  if (const auto flops = operator_flops(call)) {
    s.ledger.add_flops(*flops);
    ++counted_depth;
    mark.counted = true;
  }
}

template <class State>
void on_backward(State& s, const at::RecordFunction& call, Mark& mark) {
  std::string module;
  {
    const std::lock_guard<std::mutex> lock(s.mutex);
    const auto found = s.module_of_sequence.find(call.seqNr());
    if (found == s.module_of_sequence.end()) return;  // the loss, and the accumulation of gradients
    module = found->second;
  }
  s.ledger.enter(module, ModuleLedger::Direction::kBackward);
  mark.entered = true;
}

template <class State>
std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& call) {
  auto mark = std::make_unique<Mark>();
  auto* const s = static_cast<State*>(the_state);
  if (s == nullptr) return mark;
  try {  // nothing may pass into LibTorch from here
    switch (call.scope()) {
      case at::RecordScope::TORCHSCRIPT_FUNCTION:
        on_module(*s, call, *mark);
        break;
      case at::RecordScope::FUNCTION:
        on_operator(*s, call, *mark);
        break;
      case at::RecordScope::BACKWARD_FUNCTION:
        on_backward(*s, call, *mark);
        break;
      default:
        break;
    }
  } catch (const std::exception&) {  // an operator of another shape than the table's: not counted
    return mark;
  }
  return mark;
}

template <class State>
void on_end(const at::RecordFunction&, at::ObserverContext* context) {
  const auto* mark = static_cast<Mark*>(context);
  auto* const s = static_cast<State*>(the_state);
  if (mark == nullptr || s == nullptr) return;
  // Frames end from the outermost when an exception ends them: the first end of all still sees the
  // one that threw.
  if (std::uncaught_exceptions() > 0 && !s->failed) s->failed = s->ledger.current().value_or("");
  if (mark->counted) --counted_depth;
  if (mark->entered) s->ledger.leave();
}

}  // namespace

Attribution::Attribution(const torch::jit::Module& model, ModuleLedger& ledger)
    : state_(std::make_unique<State>(ledger)) {
  for (const auto& module : model.named_modules())
    state_->path_of.emplace(module.value._ivalue().get(), module.name);
  the_state = state_.get();
  state_->handle = at::addGlobalCallback(
      at::RecordFunctionCallback(on_start<State>, on_end<State>)
          .needsInputs(true)
          .scopes({at::RecordScope::TORCHSCRIPT_FUNCTION, at::RecordScope::FUNCTION,
                   at::RecordScope::BACKWARD_FUNCTION}));
}

Attribution::~Attribution() {
  at::removeCallback(state_->handle);
  the_state = nullptr;
}

std::optional<std::string> Attribution::failed_module() const { return state_->failed; }

}  // namespace tally::inspector
