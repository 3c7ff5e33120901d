#include <inspector/model/probe_result.h>

#include <algorithm>
#include <iterator>

namespace tally::inspector {
namespace {

constexpr std::string_view kExtents[] = {"load", "forward", "train"};
constexpr std::string_view kFailures[] = {"out_of_memory", "model",  "unsupported",
                                          "untrainable",   "killed", "unavailable"};

struct OptimizerRow {
  std::string_view name;
  int state_per_byte;
};
constexpr OptimizerRow kOptimizers[] = {{"sgd", 0}, {"momentum", 1}, {"adam", 2}, {"adamw", 2}};

template <class Enum, std::size_t N>
std::optional<Enum> find_name(const std::string_view (&names)[N], std::string_view name) {
  const auto* found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Enum>(found - std::begin(names));
}

}  // namespace

std::string_view name(ProbeExtent extent) { return kExtents[static_cast<std::size_t>(extent)]; }

std::optional<ProbeExtent> probe_extent_from_name(std::string_view name) {
  return find_name<ProbeExtent>(kExtents, name);
}

std::string_view name(OptimizerKind kind) {
  return kOptimizers[static_cast<std::size_t>(kind)].name;
}

std::optional<OptimizerKind> optimizer_from_name(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kOptimizers); ++i) {
    if (kOptimizers[i].name == name) return static_cast<OptimizerKind>(i);
  }
  return std::nullopt;
}

int state_per_parameter_byte(OptimizerKind kind) {
  return kOptimizers[static_cast<std::size_t>(kind)].state_per_byte;
}

std::string_view name(ProbeFailure::Kind kind) { return kFailures[static_cast<std::size_t>(kind)]; }

std::optional<ProbeFailure::Kind> probe_failure_from_name(std::string_view name) {
  return find_name<ProbeFailure::Kind>(kFailures, name);
}

const PhaseReading* find_phase(const ProbeResult& result, std::string_view name) {
  for (const PhaseReading& phase : result.phases) {
    if (phase.name == name) return &phase;
  }
  return nullptr;
}

std::optional<std::int64_t> resident_outside_tensors(const ProbeResult& result) {
  const auto& resident = result.resident;
  if (!resident || !resident->baseline_bytes || !resident->end_bytes) return std::nullopt;
  const bool on_host = !result.used_device.is_cuda() && !result.phases.empty();
  const std::int64_t tensors = on_host ? result.phases.back().end_bytes : 0;
  return *resident->end_bytes - *resident->baseline_bytes - tensors;
}

std::int64_t peak_of(const ProbeResult& result) {
  std::int64_t peak = 0;
  for (const PhaseReading& phase : result.phases) peak = std::max(peak, phase.peak_bytes);
  return peak;
}

}  // namespace tally::inspector
