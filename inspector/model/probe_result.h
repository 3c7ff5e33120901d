// ProbeResult: what one run of a memory probe found, as plain values.
//
// All bytes are of tensors on one device, above what was there before the model (the baseline).
#pragma once

#include <inspector/model/probe_request.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

/// What the memory of a GPU is made of at the end of a phase. All of it, not above the baseline:
///
///   driver = other processes + context + reserved + other
///   reserved = allocated + cached
///   allocated = requested + rounding
///   requested = tensors + workspace
struct DeviceSplit {
  std::int64_t requested_bytes = 0;  ///< what tensors and workspaces asked the allocator for
  std::optional<std::int64_t> workspace_bytes;  ///< of it, what cuBLAS keeps for itself; nothing:
                                                ///< not known, it is among the tensors
  std::int64_t allocated_bytes = 0;             ///< blocks that hold what was requested: rounded up
  std::int64_t reserved_bytes = 0;        ///< segments that the allocator took from the driver
  std::int64_t peak_allocated_bytes = 0;  ///< most within the phase
  std::int64_t peak_reserved_bytes =
      0;  ///< most within the phase: what the device must have beside the context
  std::optional<std::int64_t> context_bytes;  ///< what this process took by touching the device;
                                              ///< nothing: not known, it is in other()
  std::optional<std::int64_t>
      other_processes_bytes;  ///< in use before that; nothing: not known, it is in other()
  std::int64_t driver_bytes =
      0;  ///< in use on the device by everyone, as the driver says: its total less what is free

  std::int64_t tensor_bytes() const { return requested_bytes - workspace_bytes.value_or(0); }
  std::int64_t rounding_bytes() const { return allocated_bytes - requested_bytes; }
  std::int64_t cached_bytes() const { return reserved_bytes - allocated_bytes; }
  /// What nothing above explains: code of kernels and libraries loaded since, and what other
  /// processes took or gave back meanwhile; may be negative.
  std::int64_t other_bytes() const {
    return driver_bytes - reserved_bytes - context_bytes.value_or(0) -
           other_processes_bytes.value_or(0);
  }
};

/// One phase: from the end of the one before to its own end.
struct PhaseReading {
  std::string name;
  std::int64_t start_bytes = 0, end_bytes = 0;  ///< in use at its borders
  std::int64_t peak_bytes = 0;  ///< most in use at any time within it; on CUDA workspaces count
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
  std::int64_t retained_bytes = 0;  ///< in use after its training forward (evaluation, where none
                                    ///< ran) and not before, sum of calls
  std::int64_t forward_peak_bytes =
      0;  ///< above what was in use when it was called, largest of its calls
  std::int64_t backward_peak_bytes = 0;
  std::int64_t absolute_peak_bytes = 0;  ///< most in use while it ran
  std::int64_t forward_flops = 0,
               backward_flops = 0;  ///< of operators directly in it, 2 a multiply-add
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
    kOutOfMemory,  ///< an allocation was refused
    kModel,        ///< the model threw: `message` is its own, shortened
    kUnsupported,  ///< an operator that a virtual run cannot do; `message` names it
    kUntrainable,  ///< nothing in the model, or in its outputs, takes a gradient
    kKilled,       ///< the process was ended by the system
    kUnavailable,  ///< the run could not be made at all; `message` is the error's
  } kind = Kind::kModel;
  std::string phase;
  std::string message;
  std::optional<std::string> module;         ///< that was running, where it is known
  std::optional<std::int64_t> wanted_bytes;  ///< kOutOfMemory: of the allocation
  std::optional<std::int64_t> free_bytes;    ///< kOutOfMemory: that there were
  std::optional<int> signal = {};  ///< kKilled: the signal; nothing: it exited, or took too long
};
std::string_view name(ProbeFailure::Kind kind);
std::optional<ProbeFailure::Kind> probe_failure_from_name(std::string_view name);

/// What the probe's process took of the host's memory, as Linux counts it: resident pages, those of
/// LibTorch's code and of buffers that are no tensors included. Nothing where the run did not come
/// so far.
struct ResidentMemory {
  std::optional<std::int64_t> baseline_bytes;   ///< before the model, with LibTorch loaded
  std::optional<std::int64_t> loaded_bytes;     ///< after loading the model
  std::optional<std::int64_t> load_peak_bytes;  ///< most while it was loaded
  std::optional<std::int64_t> end_bytes;        ///< after the last phase
  std::optional<std::int64_t> peak_bytes;       ///< most from the baseline to the end

  friend bool operator==(const ResidentMemory& a, const ResidentMemory& b) {
    return a.baseline_bytes == b.baseline_bytes && a.loaded_bytes == b.loaded_bytes &&
           a.load_peak_bytes == b.load_peak_bytes && a.end_bytes == b.end_bytes &&
           a.peak_bytes == b.peak_bytes;
  }
};

struct ProbeResult {
  Device used_device;  ///< where nothing ran: the request's
  std::string reason;  ///< why it is another than the request's; empty where it is not
  std::string kind;    ///< "measured on cpu", "measured on cuda:0", "virtual"
  std::string libtorch_version;
  std::vector<InputSpec> inputs;  ///< as the model was called with
  std::string input_source;       ///< in words
  std::vector<PhaseReading> phases;
  std::vector<MemoryPart> parts;  ///< add up to what was in use at the end of the last phase
  std::int64_t forward_flops = 0,
               backward_flops = 0;    ///< of one training step; 0 where not attributed
  std::vector<ModuleMemory> modules;  ///< where attributed, in the order of the first call
  std::optional<std::string>
      peak_module;  ///< where attributed: the innermost that ran at the highest peak
  std::vector<TimelineEvent> timeline;  ///< where attributed; its first kMostTimelineEvents events
  std::optional<ResidentMemory> resident;  ///< nothing for virtual runs: they take none
  std::vector<std::string> notes;
  std::optional<ProbeFailure> failure;
  std::string cuda_snapshot;  ///< of CUDA's allocator, where it was asked for: any bytes, a pickle
};

/// The phase with that name, or nothing.
const PhaseReading* find_phase(const ProbeResult& result, std::string_view name);

/// What was resident at the end beyond the baseline and was no tensor: buffers of libraries, the
/// model's code, memory that was freed and not given back. Tensors of a GPU are none of the host's.
/// May be negative: pages that nothing has written to are not resident. Nothing where not known.
std::optional<std::int64_t> resident_outside_tensors(const ProbeResult& result);

/// The most in use in any phase, as far as the run came.
std::int64_t peak_of(const ProbeResult& result);

}  // namespace tally::inspector
