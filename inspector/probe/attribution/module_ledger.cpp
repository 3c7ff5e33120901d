#include <inspector/probe/attribution/module_ledger.h>

#include <algorithm>

namespace tally::inspector {

std::size_t ModuleLedger::index_of(const std::string& module) {
  const auto [found, is_new] = index_.emplace(module, modules_.size());
  if (is_new) {
    modules_.emplace_back();
    modules_.back().path = module;
  }
  return found->second;
}

void ModuleLedger::note(const char* event, const std::string& name, std::int64_t bytes) {
  if (timeline_.size() < kMostTimelineEvents) timeline_.push_back({event, name, bytes - baseline_});
}

// Between two events only the innermost frame runs: the peak since the last one is its doing.
void ModuleLedger::close_segment() {
  const std::int64_t peak = backend_.read().peak_bytes;
  if (!frames_.empty()) {
    Frame& frame = frames_.back();
    frame.peak = std::max(frame.peak, peak);
    if (peak - baseline_ > highest_) {
      highest_ = peak - baseline_;
      peak_module_ = modules_[frame.module].path;
    }
  }
  backend_.reset_peak();
}

void ModuleLedger::enter(const std::string& module, Direction direction) {
  const std::lock_guard<std::mutex> lock(mutex_);
  close_segment();
  const std::int64_t now = backend_.read().current_bytes;
  frames_.push_back({index_of(module), direction, now, now});
  last_direction_ = direction;
  note(direction == Direction::kForward ? "enter" : "backward", module, now);
}

void ModuleLedger::leave() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (frames_.empty()) return;
  close_segment();
  const std::int64_t now = backend_.read().current_bytes;
  const Frame frame = frames_.back();
  frames_.pop_back();
  ModuleMemory& module = modules_[frame.module];
  module.absolute_peak_bytes = std::max(module.absolute_peak_bytes, frame.peak - baseline_);
  if (frame.direction == Direction::kForward) {
    ++module.calls;
    module.retained_bytes += now - frame.start;
    module.forward_peak_bytes = std::max(module.forward_peak_bytes, frame.peak - frame.start);
  } else {
    module.backward_peak_bytes = std::max(module.backward_peak_bytes, frame.peak - frame.start);
  }
  if (!frames_.empty()) frames_.back().peak = std::max(frames_.back().peak, frame.peak);
  note("leave", module.path, now);
}

void ModuleLedger::add_flops(std::int64_t flops) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Direction direction = frames_.empty() ? last_direction_ : frames_.back().direction;
  ModuleMemory& module = modules_[frames_.empty() ? index_of("") : frames_.back().module];
  (direction == Direction::kForward ? module.forward_flops : module.backward_flops) += flops;
}

void ModuleLedger::note_phase(const std::string& phase) {
  const std::lock_guard<std::mutex> lock(mutex_);
  note("phase", phase, backend_.read().current_bytes);
}

std::optional<std::string> ModuleLedger::current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (frames_.empty()) return std::nullopt;
  return modules_[frames_.back().module].path;
}

std::vector<ModuleMemory> ModuleLedger::modules() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return modules_;
}

std::vector<TimelineEvent> ModuleLedger::timeline() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return timeline_;
}

std::optional<std::string> ModuleLedger::peak_module() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return peak_module_;
}

std::int64_t ModuleLedger::flops(Direction direction) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::int64_t total = 0;
  for (const ModuleMemory& m : modules_)
    total += direction == Direction::kForward ? m.forward_flops : m.backward_flops;
  return total;
}

}  // namespace tally::inspector
