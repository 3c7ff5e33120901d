#include <inspector/probe/cuda_backend.h>
#include <inspector/probe/cuda_driver.h>
#include <inspector/probe/list_devices.h>
#include <sys/mman.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace tally::inspector {
namespace {

/// A line "NAME:   1234 kB" of /proc/meminfo, in bytes.
std::int64_t meminfo_bytes(const std::string& name) {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string key;
    std::int64_t kibibytes = 0;
    if (fields >> key >> kibibytes && key == name + ":") return kibibytes * 1024;
  }
  return 0;
}

/// The limit of the control group (version 2, then 1) that this process is in, as containers see
/// it.
std::optional<std::int64_t> control_group_limit(std::int64_t total) {
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::int64_t bytes = 0;
    if (std::ifstream(path) >> bytes && bytes > 0 && bytes < total)
      return bytes;  // "max" and huge numbers mean none
  }
  return std::nullopt;
}

/// Bytes of the largest block of address space with memory promised for it, to 1 MiB. Nothing is
/// written into it.
std::int64_t largest_cpu_block(std::int64_t total) {
  constexpr std::int64_t kStep = std::int64_t{1} << 20;
  std::int64_t fits = 0, fails = 2 * total / kStep + 1;
  while (fails - fits > 1) {
    const std::int64_t middle = fits + (fails - fits) / 2;
    const auto bytes = static_cast<std::size_t>(middle * kStep);
    void* const block =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
      fails = middle;
    } else {
      ::munmap(block, bytes);
      fits = middle;
    }
  }
  return fits * kStep;
}

std::string settings() {
  std::string text;
  for (const char* name : {"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"}) {
    if (const char* value = std::getenv(name))
      text += (text.empty() ? "" : " ") + std::string(name) + "=" + value;
  }
  return text;
}

void list_cuda(DeviceReport& report, bool largest_block) {
  const Result<CudaDriver> driver = query_cuda_driver();
  if (!driver) {
    report.no_cuda = driver.error().message;
    return;
  }
  report.driver_version = driver->version;
  for (std::size_t i = 0; i < driver->devices.size(); ++i) {
    const CudaDriver::Device& known = driver->devices[i];
    CudaDevice device;
    device.index = static_cast<int>(i);
    device.name = known.name;
    device.compute_capability = known.compute_capability;
    device.total_bytes = known.total_bytes;
    if (const auto use = device_use(device.index)) {
      device.free_bytes = use->free_bytes;
      device.used_by_others_bytes = use->used_bytes;
    }
    report.cuda.push_back(std::move(device));
  }
  if (const auto loaded = load_cuda(); !loaded) {
    report.no_cuda = loaded.error().message;
    return;
  }
  for (CudaDevice& device : report.cuda) {
    const auto backend = make_cuda_backend(device.index);
    if (!backend) {
      report.no_cuda = backend.error().message;
      return;
    }
    if (const auto use = device_use(device.index); use && device.used_by_others_bytes) {
      device.context_bytes =
          use->used_bytes - *device.used_by_others_bytes - (*backend)->read().split->reserved_bytes;
    }
    if (largest_block) device.largest_block_bytes = largest_cuda_block(device.index);
  }
}

}  // namespace

DeviceReport list_devices(bool largest_block) {
  DeviceReport report;
  report.cpu_total_bytes = meminfo_bytes("MemTotal");
  report.cpu_available_bytes = meminfo_bytes("MemAvailable");
  report.cpu_threads = static_cast<int>(std::thread::hardware_concurrency());
  report.cpu_limit_bytes = control_group_limit(report.cpu_total_bytes);
  if (largest_block) report.cpu_largest_block_bytes = largest_cpu_block(report.cpu_total_bytes);
  report.allocator_settings = settings();
  list_cuda(report, largest_block);
  return report;
}

}  // namespace tally::inspector
