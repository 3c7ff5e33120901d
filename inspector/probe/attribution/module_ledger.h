// ModuleLedger: memory and FLOPs booked to the modules that run, from the moments at which they
// start and end.
#pragma once

#include <inspector/model/probe_result.h>
#include <inspector/probe/backends/memory_backend.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tally::inspector {

/// Uses the backend's peak for itself: a run with a ledger tells the peaks of modules, one without
/// those of phases. Frames nest; calls may come from any thread, one frame at a time.
class ModuleLedger {
 public:
  /// `baseline_bytes` is taken off what is booked.
  ModuleLedger(MemoryBackend& backend, std::int64_t baseline_bytes)
      : backend_(backend), baseline_(baseline_bytes) {}

  enum class Direction : std::uint8_t { kForward, kBackward };

  void enter(const std::string& module, Direction direction);
  void leave();
  /// Books FLOPs to the innermost frame, or to the root where none is open.
  void add_flops(std::int64_t flops);
  void note_phase(const std::string& phase);

  /// The module that runs now.
  std::optional<std::string> current() const;
  std::vector<ModuleMemory> modules() const;
  std::vector<TimelineEvent> timeline() const;
  std::optional<std::string> peak_module() const;
  std::int64_t flops(Direction direction) const;

 private:
  struct Frame {
    std::size_t module;
    Direction direction;
    std::int64_t start, peak;
  };
  std::size_t index_of(const std::string& module);
  void close_segment();
  void note(const char* event, const std::string& name, std::int64_t bytes);

  MemoryBackend& backend_;
  const std::int64_t baseline_;
  mutable std::mutex mutex_;
  std::vector<Frame> frames_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<ModuleMemory> modules_;
  std::vector<TimelineEvent> timeline_;
  std::int64_t highest_ = 0;
  std::optional<std::string> peak_module_;
  Direction last_direction_ = Direction::kForward;
};

}  // namespace tally::inspector
