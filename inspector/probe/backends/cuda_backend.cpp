#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <inspector/load/torch_error.h>
#include <inspector/probe/backends/allocator_settings.h>
#include <inspector/probe/backends/cuda_backend.h>
#include <inspector/probe/backends/cuda_symbols.h>
#include <inspector/probe/backends/device_baseline.h>
#include <inspector/probe/backends/library_function.h>
#include <inspector/probe/backends/nvml.h>
#include <torch/csrc/profiler/orchestration/observer.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

namespace tally::inspector {
namespace {

constexpr std::size_t kAggregate = 0;  // of each statistic's kinds: all pools together

Error unavailable(std::string why, std::string hint =
                                       "--device cpu measures on the CPU, --device meta computes "
                                       "without executing") {
  return {ErrorCode::kUnavailable, std::move(why), std::move(hint)};
}

/// The folder of the LibTorch that this process runs.
std::string libtorch_folder() {
  Dl_info info{};
  ::dladdr(reinterpret_cast<void*>(&c10::GetCPUAllocator), &info);
  const std::string path = info.dli_fname != nullptr ? info.dli_fname : "";
  return path.substr(0, path.rfind('/') + 1);
}

c10::DeviceIndex device_index(int index) { return static_cast<c10::DeviceIndex>(index); }

namespace profiler = torch::profiler::impl;

/// Hears of every allocation that the caching allocator refuses, with its exact size: the text of
/// its exception rounds. Called with the allocator's lock held. To LibTorch it is a profiler that
/// is switched off: what looks into the profilers' slot takes what it finds for one.
class RefusalObserver final : public profiler::ProfilerStateBase {
 public:
  /// `cap_bytes`: what the allocator may reserve; nothing: all of the device.
  RefusalObserver(c10::DeviceAllocator* allocator, c10::DeviceIndex index,
                  std::optional<std::int64_t> cap_bytes)
      : ProfilerStateBase(profiler::ProfilerConfig(profiler::ProfilerState::Disabled)),
        allocator_(allocator),
        index_(index),
        cap_(cap_bytes) {}

  profiler::ActiveProfilerType profilerType() override {
    return profiler::ActiveProfilerType::NONE;
  }
  void reportMemoryUsage(void*, std::int64_t, std::size_t, std::size_t, c10::Device) override {}

  void reportOutOfMemory(std::int64_t wanted, std::size_t, std::size_t reserved,
                         c10::Device device) override {
    if (!device.is_cuda() || device.index() != index_) return;
    Refusal refusal;
    refusal.wanted_bytes = wanted;
    refusal.free_bytes = static_cast<std::int64_t>(allocator_->getMemoryInfo(index_).first);
    if (cap_)
      refusal.free_bytes = std::clamp<std::int64_t>(*cap_ - static_cast<std::int64_t>(reserved), 0,
                                                    *refusal.free_bytes);
    const std::lock_guard<std::mutex> lock(mutex_);
    last_ = refusal;
  }

  std::optional<Refusal> last() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return last_;
  }

  void forget() {
    const std::lock_guard<std::mutex> lock(mutex_);
    last_.reset();
  }

 private:
  c10::DeviceAllocator* allocator_;
  c10::DeviceIndex index_;
  std::optional<std::int64_t> cap_;
  mutable std::mutex mutex_;
  std::optional<Refusal> last_;
};

class CudaBackend final : public MemoryBackend {
 public:
  CudaBackend(const CudaDriver::Device& known, int index)
      : index_(device_index(index)),
        allocator_(c10::getDeviceAllocator(c10::kCUDA)),
        guard_(c10::kCUDA),
        observer_(std::make_shared<RefusalObserver>(allocator_, index_, cap(known))),
        observing_(c10::DebugInfoKind::PROFILER_STATE, observer_),
        // Also called by torch.cuda's own tests between two measurements: the next product makes
        // new workspaces.
        clear_workspaces_(library_function<void()>(RTLD_DEFAULT, kClearWorkspaces)) {
    const auto before = device_use(known.uuid, known.pci_bus_id);
    at::empty({1}, at::TensorOptions().device(c10::Device(c10::kCUDA, index_)));
    guard_.synchronizeDevice(index_);
    allocator_->emptyCache();
    const auto after = device_use(known.uuid, known.pci_bus_id);
    baseline_ = device_baseline(
        before ? std::optional(before->used_bytes) : std::nullopt,
        after ? std::optional(after->used_bytes) : std::nullopt,
        allocator_->getDeviceStats(index_).reserved_bytes[kAggregate].current, driver_bytes());
    ooms_before_ = allocator_->getDeviceStats(index_).num_ooms;
  }

  Device device() const override { return cuda_device(index_); }

  MemoryReading read() override {
    const auto stats = allocator_->getDeviceStats(index_);
    return {stats.requested_bytes[kAggregate].current, stats.requested_bytes[kAggregate].peak};
  }

  void reset_peak() override { allocator_->resetPeakStats(index_); }

  std::optional<DeviceSplit> split() override {
    const auto stats = allocator_->getDeviceStats(index_);
    DeviceSplit split;
    split.requested_bytes = stats.requested_bytes[kAggregate].current;
    split.allocated_bytes = stats.allocated_bytes[kAggregate].current;
    split.reserved_bytes = stats.reserved_bytes[kAggregate].current;
    split.peak_allocated_bytes = stats.allocated_bytes[kAggregate].peak;
    split.peak_reserved_bytes = stats.reserved_bytes[kAggregate].peak;
    split.context_bytes = baseline_.context_bytes;
    split.other_processes_bytes = baseline_.other_processes_bytes;
    split.driver_bytes = driver_bytes();
    if (clear_workspaces_ != nullptr) {
      clear_workspaces_();
      split.workspace_bytes = split.requested_bytes - read().current_bytes;
    }
    return split;
  }

  void set_limit(std::int64_t) override {
  }  // load_cuda() gave it to the allocator, which reads it once

  std::optional<Refusal> refusal() const override {
    if (auto seen = observer_->last()) return seen;
    // On a thread that does not tell: that there was one is known, no more.
    if (allocator_->getDeviceStats(index_).num_ooms > ooms_before_) return Refusal{};
    return std::nullopt;
  }

  void forget_refusal() override {
    observer_->forget();
    ooms_before_ = allocator_->getDeviceStats(index_).num_ooms;
  }

  void synchronize() override { guard_.synchronizeDevice(index_); }

 private:
  static std::optional<std::int64_t> cap(const CudaDriver::Device& known) {
    const auto fraction = memory_fraction(allocator_settings().text);
    if (!fraction) return std::nullopt;
    return static_cast<std::int64_t>(*fraction * static_cast<double>(known.total_bytes));
  }

  std::int64_t driver_bytes() const {
    const auto [free, total] = allocator_->getMemoryInfo(index_);
    return static_cast<std::int64_t>(total - free);
  }

  c10::DeviceIndex index_;
  c10::DeviceAllocator* allocator_;
  c10::impl::VirtualGuardImpl guard_;
  std::shared_ptr<RefusalObserver> observer_;
  c10::DebugInfoGuard observing_;
  void (*clear_workspaces_)();
  DeviceBaseline baseline_;
  std::int64_t ooms_before_ = 0;
};

/// Whether the allocator counts what it is asked for; some of its settings replace it by one that
/// does not.
bool counts_requests(int index) {
  auto* const allocator = c10::getDeviceAllocator(c10::kCUDA);
  at::Tensor held =
      at::empty({1}, at::TensorOptions().device(c10::Device(c10::kCUDA, device_index(index))));
  const auto stats = allocator->getDeviceStats(device_index(index));
  const auto held_bytes = static_cast<std::int64_t>(held.nbytes());
  held.reset();
  allocator->emptyCache();
  return stats.requested_bytes[kAggregate].current >= held_bytes;
}

Error cannot_load(const std::string& why) {
  return unavailable("LibTorch's CUDA library cannot be loaded: " + why,
                     "tools/setup --cuda gets the NVIDIA libraries that it needs; --device cpu "
                     "measures on the CPU");
}

std::string count_text(std::size_t devices) {
  return std::to_string(devices) + (devices == 1 ? " device" : " devices");
}

Error no_such_device(int index, std::size_t devices) {
  return unavailable("there is no device cuda:" + std::to_string(index) + ": the driver has " +
                         count_text(devices),
                     "torchtally devices lists them; CUDA_VISIBLE_DEVICES hides some");
}

}  // namespace

Result<CudaDriver> load_cuda(int index, std::int64_t limit_bytes) try {
  Result<CudaDriver> driver = query_cuda_driver();
  if (!driver) return driver.error();
  if (index < 0 || static_cast<std::size_t>(index) >= driver->devices.size())
    return no_such_device(index, driver->devices.size());
  if (limit_bytes > 0) {
    const std::string settings =
        with_memory_limit(allocator_settings().text, limit_bytes,
                          driver->devices[static_cast<std::size_t>(index)].total_bytes);
    ::setenv("PYTORCH_CUDA_ALLOC_CONF", settings.c_str(), 1);
  }
  const std::string library = libtorch_folder() + "libtorch_cuda.so";
  if (::access(library.c_str(), R_OK) != 0)
    return unavailable("this LibTorch was built without CUDA: it has no libtorch_cuda.so");
  if (::dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) return cannot_load(::dlerror());
  int built_for = 0;
  auto* const runtime_version = library_function<int(int*)>(RTLD_DEFAULT, "cudaRuntimeGetVersion");
  if (runtime_version != nullptr && runtime_version(&built_for) == 0) {
    if (auto suffices = check_driver_version(*driver, built_for); !suffices)
      return suffices.error();
  }
  if (c10::GetAllocator(c10::kCUDA) == nullptr)
    return unavailable("LibTorch's CUDA library brought no allocator");
  if (c10::impl::VirtualGuardImpl(c10::kCUDA).deviceCount() == 0) {
    return unavailable("the NVIDIA driver has " + count_text(driver->devices.size()) +
                       ", and LibTorch sees none");
  }
  if (!at::detail::getCUDAHooks().hasCUDA()) {
    return unavailable(
        "LibTorch was asked for CUDA before its CUDA library was loaded, and keeps to its answer, "
        "none",
        "a library of --load-library asks for it when it is loaded: link it with libtorch_cuda");
  }
  return driver;
} catch (const std::exception& e) {
  return unavailable("LibTorch cannot use CUDA: " + first_line(e));
}

Result<std::unique_ptr<MemoryBackend>> make_cuda_backend(const CudaDriver& driver, int index) try {
  const int devices = c10::impl::VirtualGuardImpl(c10::kCUDA).deviceCount();
  if (index < 0 || index >= devices || static_cast<std::size_t>(index) >= driver.devices.size())
    return no_such_device(index, static_cast<std::size_t>(std::max(devices, 0)));
  auto backend =
      std::make_unique<CudaBackend>(driver.devices[static_cast<std::size_t>(index)], index);
  if (!counts_requests(index)) {
    return unavailable("LibTorch's allocator counts no bytes with the settings of this environment",
                       "take backend:cudaMallocAsync out of PYTORCH_CUDA_ALLOC_CONF and unset "
                       "PYTORCH_NO_CUDA_MEMORY_CACHING");
  }
  return std::unique_ptr<MemoryBackend>(std::move(backend));
} catch (const std::exception& e) {
  return unavailable("LibTorch cannot use CUDA: " + first_line(e));
}

std::int64_t largest_cuda_block(int index) {
  constexpr std::int64_t kStep = std::int64_t{1} << 20;
  const auto options =
      at::TensorOptions().dtype(c10::kByte).device(c10::Device(c10::kCUDA, device_index(index)));
  auto* const allocator = c10::getDeviceAllocator(c10::kCUDA);
  const auto free = static_cast<std::int64_t>(allocator->getMemoryInfo(device_index(index)).first);
  std::int64_t fits = 0, fails = free / kStep + 1;
  while (fails - fits > 1) {
    const std::int64_t middle = fits + (fails - fits) / 2;
    try {
      at::empty({middle * kStep}, options);
      fits = middle;
    } catch (const c10::Error&) {
      fails = middle;
    }
    allocator->emptyCache();
  }
  return fits * kStep;
}

}  // namespace tally::inspector
