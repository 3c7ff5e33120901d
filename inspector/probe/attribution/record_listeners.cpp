#include <inspector/probe/attribution/record_listeners.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

namespace tally::inspector {
namespace {

/// The one static pointer of the probes' callbacks: LibTorch's are functions that get no context.
RecordListeners* the_listeners = nullptr;

/// What each listener left for the end of its call, in the order of the listeners.
struct Contexts : at::ObserverContext {
  std::vector<std::unique_ptr<at::ObserverContext>> of;
};

}  // namespace

RecordListeners::RecordListeners() {
  if (the_listeners != nullptr) throw std::logic_error("a process has one set of listeners");
  the_listeners = this;
}

RecordListeners::~RecordListeners() {
  if (!listeners_.empty()) at::removeCallback(handle_);
  the_listeners = nullptr;
}

void RecordListeners::add(RecordListener& listener) {
  listeners_.push_back(&listener);
  if (listeners_.size() > 1) return;
  handle_ = at::addGlobalCallback(
      at::RecordFunctionCallback(&RecordListeners::start, &RecordListeners::end)
          .needsInputs(true)
          .scopes({at::RecordScope::TORCHSCRIPT_FUNCTION, at::RecordScope::FUNCTION,
                   at::RecordScope::BACKWARD_FUNCTION}));
}

void RecordListeners::remove(const RecordListener& listener) {
  const auto found = std::find(listeners_.begin(), listeners_.end(), &listener);
  if (found == listeners_.end()) return;
  listeners_.erase(found);
  if (listeners_.empty()) at::removeCallback(handle_);
}

std::unique_ptr<at::ObserverContext> RecordListeners::start(const at::RecordFunction& call) {
  auto contexts = std::make_unique<Contexts>();
  for (RecordListener* listener : the_listeners->listeners_) {
    std::unique_ptr<at::ObserverContext> context;
    try {
      context = listener->on_start(call);
    } catch (const std::exception&) {  // a call of another shape than the listener knows
    }
    contexts->of.push_back(std::move(context));
  }
  return contexts;
}

void RecordListeners::end(const at::RecordFunction&, at::ObserverContext* context) {
  const auto* contexts = static_cast<Contexts*>(context);
  if (contexts == nullptr || the_listeners == nullptr) return;
  const auto& listeners = the_listeners->listeners_;
  for (std::size_t i = std::min(listeners.size(), contexts->of.size()); i-- > 0;)
    listeners[i]->on_end(contexts->of[i].get());
}

}  // namespace tally::inspector
