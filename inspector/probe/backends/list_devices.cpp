#include <inspector/probe/backends/allocator_settings.h>
#include <inspector/probe/backends/control_group.h>
#include <inspector/probe/backends/cuda_backend.h>
#include <inspector/probe/backends/host_memory.h>
#include <inspector/probe/backends/list_devices.h>
#include <inspector/probe/backends/nvml.h>
#include <sys/mman.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace tally::inspector {
namespace {

/// Bytes of the largest block of address space with memory promised for it, of at most `most`, to
/// 1 MiB. Nothing is written into it.
std::int64_t largest_cpu_block(std::int64_t most) {
  constexpr std::int64_t kStep = std::int64_t{1} << 20;
  std::int64_t fits = 0, fails = most / kStep + 1;
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

CudaDevice described(const CudaDriver::Device& known, int index) {
  CudaDevice device;
  device.index = index;
  device.name = known.name;
  device.compute_capability = known.compute_capability;
  device.total_bytes = known.total_bytes;
  device.uuid = known.uuid;
  device.pci_bus_id = known.pci_bus_id;
  if (const auto use = device_use(known.uuid, known.pci_bus_id)) {
    device.free_bytes = use->free_bytes;
    device.used_by_others_bytes = use->used_bytes;
    device.processes.emplace();
    for (const auto& process : use->processes)
      device.processes->push_back({process.pid, process.bytes});
  }
  return device;
}

void list_cuda(DeviceReport& report, bool largest_block) {
  const Result<CudaDriver> driver = query_cuda_driver();
  if (!driver) {
    report.no_cuda = driver.error().message;
    return;
  }
  report.driver_version = cuda_version_text(driver->version);
  report.driver_release = nvidia_driver_version();
  for (std::size_t i = 0; i < driver->devices.size(); ++i)
    report.cuda.push_back(described(driver->devices[i], static_cast<int>(i)));
  if (const auto loaded = load_cuda(0, 0); !loaded) {
    report.no_cuda = loaded.error().message;
    return;
  }
  for (CudaDevice& device : report.cuda) {
    const auto backend = make_cuda_backend(*driver, device.index);
    if (!backend) {
      report.no_cuda = backend.error().message;
      return;
    }
    device.context_bytes = (*backend)->split()->context_bytes;
    if (largest_block) device.largest_block_bytes = largest_cuda_block(device.index);
  }
}

}  // namespace

DeviceReport list_devices(bool largest_block) {
  DeviceReport report;
  report.cpu_total_bytes = total_host_memory();
  report.cpu_available_bytes = available_host_memory();
  report.cpu_threads = static_cast<int>(std::thread::hardware_concurrency());
  report.cpu_limit_bytes = control_group_limit(report.cpu_total_bytes);
  if (largest_block) {
    // The system also promises what the control group will not let it keep.
    report.cpu_largest_block_bytes =
        largest_cpu_block(report.cpu_limit_bytes.value_or(2 * report.cpu_total_bytes));
  }
  if (const AllocatorSettings settings = allocator_settings(); !settings.variable.empty())
    report.allocator_settings = settings.variable + "=" + settings.text;
  list_cuda(report, largest_block);
  return report;
}

}  // namespace tally::inspector
