#include <inspector/probe/backends/library_function.h>
#include <inspector/probe/backends/nvml.h>

#include <algorithm>
#include <limits>

namespace tally::inspector {
namespace {

// Declarations of nvml.h, which is not needed to build: names, types and numbers are part of its
// ABI.
struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlProcess {
  unsigned pid;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};
using NvmlInit = int();
using NvmlHandleByText = int(const char*, void**);
using NvmlMemoryInfo = int(void*, NvmlMemory*);
using NvmlProcesses = int(void*, unsigned*, NvmlProcess*);
using NvmlVersion = int(char*, unsigned);
constexpr unsigned long long kNotAvailable = std::numeric_limits<unsigned long long>::max();

/// The library, started once for the life of the process; null where it is not present.
void* nvml() {
  static void* const kStarted = []() -> void* {
    void* const library = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    auto* const init = library_function<NvmlInit>(library, "nvmlInit_v2");
    return init != nullptr && init() == 0 ? library : nullptr;
  }();
  return kStarted;
}

void* find_device(void* library, const std::string& uuid, const std::string& pci_bus_id) {
  auto* const by_uuid = library_function<NvmlHandleByText>(library, "nvmlDeviceGetHandleByUUID");
  auto* const by_bus =
      library_function<NvmlHandleByText>(library, "nvmlDeviceGetHandleByPciBusId_v2");
  void* device = nullptr;
  if (by_uuid != nullptr && !uuid.empty()) {
    for (const char* kind : {"GPU-", "MIG-"}) {
      if (by_uuid((kind + uuid).c_str(), &device) == 0) return device;
    }
  }
  if (by_bus != nullptr && !pci_bus_id.empty() && by_bus(pci_bus_id.c_str(), &device) == 0)
    return device;
  return nullptr;
}

void add_processes(void* library, void* device, const char* function,
                   std::vector<DeviceUse::Process>& processes) {
  auto* const list = library_function<NvmlProcesses>(library, function);
  if (list == nullptr) return;
  constexpr unsigned kMost = 1024;
  std::vector<NvmlProcess> found(kMost);
  unsigned count = kMost;
  if (list(device, &count, found.data()) != 0 || count > kMost) return;
  for (unsigned i = 0; i < count; ++i) {
    DeviceUse::Process process;
    process.pid = found[i].pid;
    const auto same = [&](const DeviceUse::Process& p) { return p.pid == process.pid; };
    if (std::any_of(processes.begin(), processes.end(), same)) continue;  // it computes and draws
    if (found[i].used != kNotAvailable) process.bytes = static_cast<std::int64_t>(found[i].used);
    processes.push_back(process);
  }
}

}  // namespace

std::optional<DeviceUse> device_use(const std::string& uuid, const std::string& pci_bus_id) {
  void* const library = nvml();
  if (library == nullptr) return std::nullopt;
  auto* const memory_info = library_function<NvmlMemoryInfo>(library, "nvmlDeviceGetMemoryInfo");
  void* const device = find_device(library, uuid, pci_bus_id);
  NvmlMemory memory{};
  if (memory_info == nullptr || device == nullptr || memory_info(device, &memory) != 0)
    return std::nullopt;
  DeviceUse use;
  use.used_bytes = static_cast<std::int64_t>(memory.used);
  use.free_bytes = static_cast<std::int64_t>(memory.free);
  add_processes(library, device, "nvmlDeviceGetComputeRunningProcesses_v3", use.processes);
  add_processes(library, device, "nvmlDeviceGetGraphicsRunningProcesses_v3", use.processes);
  return use;
}

std::string nvidia_driver_version() {
  void* const library = nvml();
  if (library == nullptr) return "";
  char text[96] = "";
  auto* const version = library_function<NvmlVersion>(library, "nvmlSystemGetDriverVersion");
  return version != nullptr && version(text, sizeof text) == 0 ? text : "";
}

}  // namespace tally::inspector
