// PhaseMeter: cuts a run into phases, each with what was in use at its borders and at its peak.
#pragma once

#include <inspector/model/probe_result.h>
#include <inspector/probe/backends/memory_backend.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {

/// All bytes are above what was in use when it was made: that is the baseline.
class PhaseMeter {
 public:
  explicit PhaseMeter(MemoryBackend& backend) : backend_(backend) {
    backend_.synchronize();
    backend_.split();
    baseline_ = backend_.read().current_bytes;
  }

  void begin(std::string name) {
    backend_.synchronize();
    name_ = std::move(name);
    backend_.reset_peak();
    start_ = backend_.read().current_bytes;
  }

  /// Ends the phase that began last. What is freed between two phases belongs to neither.
  void end() {
    backend_.synchronize();
    const MemoryReading reading = backend_.read();
    PhaseReading phase;
    phase.name = std::exchange(name_, "");
    phase.split = backend_.split();
    phase.start_bytes = start_ - baseline_;
    phase.end_bytes =
        (phase.split ? phase.split->tensor_bytes() : reading.current_bytes) - baseline_;
    phase.peak_bytes = std::max(reading.peak_bytes, start_) - baseline_;
    phases_.push_back(std::move(phase));
  }

  std::int64_t baseline() const { return baseline_; }
  const std::string& current_phase() const { return name_; }  ///< empty between phases
  const std::vector<PhaseReading>& phases() const { return phases_; }

 private:
  MemoryBackend& backend_;
  std::int64_t baseline_ = 0, start_ = 0;
  std::string name_;
  std::vector<PhaseReading> phases_;
};

}  // namespace tally::inspector
