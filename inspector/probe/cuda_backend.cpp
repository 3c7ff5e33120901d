#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <inspector/load/torch_error.h>
#include <inspector/probe/cuda_backend.h>
#include <inspector/probe/cuda_driver.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace tally::inspector {
namespace {

constexpr std::size_t kAggregate = 0;  // of each statistic's kinds: all pools together

Error unavailable(std::string why) {
  return {ErrorCode::kUnavailable, std::move(why),
          "--device cpu measures on the CPU, --device meta computes without executing"};
}

/// The folder of the LibTorch that this process runs.
std::string libtorch_folder() {
  Dl_info info{};
  ::dladdr(reinterpret_cast<void*>(&c10::GetCPUAllocator), &info);
  const std::string path = info.dli_fname != nullptr ? info.dli_fname : "";
  return path.substr(0, path.rfind('/') + 1);
}

class CudaBackend final : public MemoryBackend {
 public:
  explicit CudaBackend(int index)
      : index_(static_cast<c10::DeviceIndex>(index)),
        allocator_(c10::getDeviceAllocator(c10::kCUDA)),
        guard_(c10::kCUDA) {}

  std::string device() const override { return "cuda:" + std::to_string(index_); }

  MemoryReading read() override {
    const auto stats = allocator_->getDeviceStats(index_);
    const auto [free, total] = allocator_->getMemoryInfo(index_);
    MemoryReading reading;
    reading.current_bytes = stats.requested_bytes[kAggregate].current;
    reading.peak_bytes = stats.requested_bytes[kAggregate].peak;
    reading.split = DeviceSplit{stats.allocated_bytes[kAggregate].current,
                                stats.reserved_bytes[kAggregate].current,
                                static_cast<std::int64_t>(total - free)};
    return reading;
  }

  void reset_peak() override { allocator_->resetPeakStats(index_); }
  void set_limit(std::int64_t) override {
  }  // load_cuda() gave it to the allocator, which reads it once

  std::optional<Refusal> refusal() const override {
    if (allocator_->getDeviceStats(index_).num_ooms == 0) return std::nullopt;
    const auto [free, total] = allocator_->getMemoryInfo(index_);
    static_cast<void>(total);
    return Refusal{0, static_cast<std::int64_t>(free)};
  }

  void synchronize() override { guard_.synchronizeDevice(index_); }

 private:
  c10::DeviceIndex index_;
  c10::DeviceAllocator* allocator_;
  c10::impl::VirtualGuardImpl guard_;
};

}  // namespace

Result<Unit> load_cuda(std::int64_t limit_bytes) try {
  const Result<CudaDriver> driver = query_cuda_driver();
  if (!driver) return driver.error();
  if (limit_bytes > 0) {
    char settings[96];
    const double fraction =
        static_cast<double>(limit_bytes) / static_cast<double>(driver->devices.front().total_bytes);
    std::snprintf(settings, sizeof settings, "per_process_memory_fraction:%.17g",
                  fraction < 1 ? fraction : 1.0);
    ::setenv("PYTORCH_CUDA_ALLOC_CONF", settings, 1);
  }
  const std::string library = libtorch_folder() + "libtorch_cuda.so";
  if (::access(library.c_str(), R_OK) != 0)
    return unavailable("this LibTorch was built without CUDA: it has no libtorch_cuda.so");
  if (::dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return unavailable("LibTorch's CUDA library cannot be loaded: " + std::string(::dlerror()));
  }
  if (c10::GetAllocator(c10::kCUDA) == nullptr)
    return unavailable("LibTorch's CUDA library brought no allocator");
  return Unit{};
} catch (const std::exception& e) {
  return unavailable("LibTorch cannot use CUDA: " + first_line(e));
}

Result<std::unique_ptr<MemoryBackend>> make_cuda_backend(int index) try {
  const c10::impl::VirtualGuardImpl guard(c10::kCUDA);
  const int devices = guard.deviceCount();
  if (index < 0 || index >= devices) {
    return unavailable("there is no device cuda:" + std::to_string(index) + ", LibTorch sees " +
                       std::to_string(devices));
  }
  // The first use makes the context: it is no part of what a model takes.
  at::empty({1}, at::TensorOptions().device(c10::kCUDA, static_cast<c10::DeviceIndex>(index)));
  return std::unique_ptr<MemoryBackend>(std::make_unique<CudaBackend>(index));
} catch (const std::exception& e) {
  return unavailable("LibTorch cannot use CUDA: " + first_line(e));
}

std::int64_t cuda_free_bytes(int index) {
  return static_cast<std::int64_t>(c10::getDeviceAllocator(c10::kCUDA)
                                       ->getMemoryInfo(static_cast<c10::DeviceIndex>(index))
                                       .first);
}

std::int64_t largest_cuda_block(int index) {
  constexpr std::int64_t kStep = std::int64_t{1} << 20;
  const auto options = at::TensorOptions()
                           .dtype(c10::kByte)
                           .device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
  auto* const allocator = c10::getDeviceAllocator(c10::kCUDA);
  std::int64_t fits = 0, fails = cuda_free_bytes(index) / kStep + 1;
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
