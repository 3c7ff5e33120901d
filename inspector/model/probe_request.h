// ProbeRequest: what one run of a memory probe is to do, as plain values. The command line makes
// it, a worker does it.
#pragma once

#include <inspector/model/device.h>
#include <inspector/model/dtype.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

/// How far a probe goes; each includes the ones before.
enum class ProbeExtent : std::uint8_t { kLoad, kForward, kTrain };

/// What steps the parameters. Names: "sgd", "momentum", "adam", "adamw".
enum class OptimizerKind : std::uint8_t { kSgd, kMomentum, kAdam, kAdamW };

/// The device whose kernels a virtual run stands for: they differ in what attention keeps and in
/// buffers of their own.
enum class VirtualTarget : std::uint8_t { kCpu, kCuda };

std::string_view name(ProbeExtent extent);
std::optional<ProbeExtent> probe_extent_from_name(std::string_view name);
std::string_view name(OptimizerKind kind);
std::optional<OptimizerKind> optimizer_from_name(std::string_view name);

/// Bytes of state that an optimizer keeps for each byte of trainable parameters, once it has made a
/// step: 0 for SGD, 1 with momentum, 2 for Adam and AdamW (two moments, in the parameter's own
/// type).
int state_per_parameter_byte(OptimizerKind kind);

/// One tensor that a model is called with, or one value of an argument that is no tensor.
struct InputSpec {
  std::string name;  ///< of the argument; empty: by position
  std::vector<std::int64_t> sizes;
  Dtype dtype = Dtype::kFloat32;
  std::optional<std::int64_t> low, high;  ///< integers are drawn from low to high, both included
  std::string key = {};  ///< of the entry, where the argument is a list, tuple or dict of tensors
  std::optional<std::string> value =
      {};  ///< as text, where it is no tensor: sizes and dtype mean nothing
};

constexpr std::int64_t kMostElements = std::int64_t{1} << 40;  ///< of one input

struct ProbeRequest {
  std::string path;  ///< any bytes
  Device device;
  ProbeExtent extent = ProbeExtent::kForward;
  OptimizerKind optimizer = OptimizerKind::kAdam;
  std::vector<InputSpec> inputs;  ///< none: those that the archive keeps, else inferred
  bool bundled_inputs = false;    ///< those that torch.utils.bundled_inputs put into the archive
  std::optional<std::int64_t> batch;     ///< the first size of every input
  std::optional<std::int64_t> sequence;  ///< the second size of every input that has two or more
  std::int64_t limit_bytes = 0;          ///< of tensors on the device, above the baseline; 0: none
  int warm_ups = 0;                      ///< evaluation forwards before anything is measured
  bool attribute =
      false;  ///< per module, with callbacks: peaks are then those of modules, not of phases
  VirtualTarget virtual_target = VirtualTarget::kCpu;  ///< where `device` is virtual
  bool profiling_executor =
      false;  ///< LibTorch's optimising executor: peaks change from run to run
  std::optional<Dtype>
      dtype;  ///< floating-point parameters, buffers and inputs are converted to it
  std::vector<std::string> libraries;  ///< with custom operators, loaded first
  bool cuda_snapshot =
      false;  ///< also record what CUDA's allocator does; refused on another device
};

}  // namespace tally::inspector
