// ProbeResult: what one run of a memory probe found, as plain values.
//
// All bytes are of tensors on one device, above what was there before the model (the baseline).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <inspector/model/probe_request.h>

namespace tally::inspector {

/// The driver's and the caching allocator's view at the end of a phase; CUDA only.
struct DeviceSplit {
  std::int64_t allocated_bytes = 0;  ///< requested, rounded up to the allocator's blocks
  std::int64_t reserved_bytes = 0;   ///< the allocator's cache, used and free
  std::int64_t driver_bytes = 0;     ///< in use on the device: cache, context, other processes
};

/// One phase: from the end of the one before to its own end.
struct PhaseReading {
  std::string name;
  std::int64_t start_bytes = 0, end_bytes = 0;  ///< in use at its borders
  std::int64_t peak_bytes = 0;                  ///< most in use at any time within it
  std::optional<DeviceSplit> split;

  std::int64_t retained() const { return end_bytes - start_bytes; }
  std::int64_t peak_above_start() const { return peak_bytes - start_bytes; }
};

/// One part of the memory, predicted by arithmetic on the file's contents and measured.
struct MemoryPart {
  std::string name;  ///< "weights", "inputs", "gradients", "optimizer state", "[other]"
  std::optional<std::int64_t> predicted_bytes;
  std::int64_t measured_bytes = 0;
};

/// What a module's own calls did; the root has the empty path.
struct ModuleMemory {
  std::string path;
  std::int64_t calls = 0;
  std::int64_t retained_bytes = 0;      ///< in use after its training forward (evaluation, where none ran) and not before, sum of calls
  std::int64_t forward_peak_bytes = 0;  ///< above what was in use when it was called, largest of its calls
  std::int64_t backward_peak_bytes = 0;
  std::int64_t absolute_peak_bytes = 0;  ///< most in use while it ran
  std::int64_t forward_flops = 0, backward_flops = 0;  ///< of operators directly in it, 2 a multiply-add
};

constexpr std::size_t kMostTimelineEvents = 20'000;

struct TimelineEvent {
  std::string event;  ///< "phase", "enter", "leave", "backward"
  std::string name;   ///< of the phase, or the module's path
  std::int64_t bytes = 0;
};

/// Why a run did not come to its end. That is a result, too.
struct ProbeFailure {
  enum class Kind : std::uint8_t {
    kOutOfMemory,   ///< an allocation was refused
    kModel,         ///< the model threw: `message` is its own, shortened
    kUnsupported,   ///< an operator that a virtual run cannot do; `message` names it
    kUntrainable,   ///< nothing in the model, or in its outputs, takes a gradient
    kKilled,        ///< the process was ended by the system
  } kind = Kind::kModel;
  std::string phase;
  std::string message;
  std::optional<std::string> module;         ///< that was running, where it is known
  std::optional<std::int64_t> wanted_bytes;  ///< kOutOfMemory: of the allocation
  std::optional<std::int64_t> free_bytes;    ///< kOutOfMemory: that there were
};
std::string_view name(ProbeFailure::Kind kind);
std::optional<ProbeFailure::Kind> probe_failure_from_name(std::string_view name);

struct ProbeResult {
  std::string used_device;    ///< "cpu", "cuda:0", "meta"
  std::string kind;           ///< "measured on cpu", "measured on cuda:0", "virtual"
  std::string libtorch_version;
  std::vector<InputSpec> inputs;  ///< as the model was called with
  std::string input_source;       ///< in words
  std::vector<PhaseReading> phases;
  std::vector<MemoryPart> parts;  ///< add up to what was in use at the end of the last phase
  std::int64_t forward_flops = 0, backward_flops = 0;  ///< of one training step; 0 where not attributed
  std::vector<ModuleMemory> modules;                   ///< where attributed, in the order of the first call
  std::optional<std::string> peak_module;              ///< where attributed: the innermost that ran at the highest peak
  std::vector<TimelineEvent> timeline;                 ///< where attributed; its first kMostTimelineEvents events
  std::vector<std::string> notes;
  std::optional<ProbeFailure> failure;
};

/// The phase with that name, or nothing.
const PhaseReading* find_phase(const ProbeResult& result, std::string_view name);

/// The most in use in any phase after loading.
std::int64_t peak_of(const ProbeResult& result);

}  // namespace tally::inspector
