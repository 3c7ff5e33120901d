// libnvidia-ml.so.1 with what torchtally asks of it. Its handles are the devices' numbers and one.

#include <dlfcn.h>
#include <tests/fake_gpu/fake_gpu.h>

#include <cstdio>
#include <cstring>

using namespace fake_gpu;

namespace {

constexpr int kNotFound = 6;

int device_of(void* handle) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(handle)) - 1;
}

int give(void** handle, int device) {
  *handle = reinterpret_cast<void*>(static_cast<std::intptr_t>(device) + 1);
  return 0;
}

std::int64_t held(int device) {
  void* const driver = ::dlopen("libcuda.so.1", RTLD_NOW);
  auto* const held = static_cast<Held*>(::dlsym(driver, "fake_gpu_held"));
  return (*held)[device];
}

struct Memory {
  unsigned long long total, free, used;
};
struct Process {
  unsigned pid;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};

}  // namespace

extern "C" {

int nvmlInit_v2() { return environment("TORCHTALLY_FAKE_GPU_NVML", 1) != 0 ? 0 : 9; }

int nvmlDeviceGetHandleByUUID(const char* uuid, void** handle) {
  if (std::strncmp(uuid, "GPU-", 4) != 0) return kNotFound;
  if (std::strcmp(uuid + 4, "00010203-0405-0607-0809-0a0b0c0d0e0f") == 0) return give(handle, 0);
  if (std::strcmp(uuid + 4, "10111213-1415-1617-1819-1a1b1c1d1e1f") == 0) return give(handle, 1);
  return kNotFound;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* bus, void** handle) {
  if (std::strcmp(bus, "0000:65:00.0") == 0) return give(handle, 0);
  if (std::strcmp(bus, "0000:64:00.0") == 0) return give(handle, 1);
  return kNotFound;
}

int nvmlDeviceGetMemoryInfo(void* handle, Memory* memory) {
  const int device = device_of(handle);
  memory->total = static_cast<unsigned long long>(total(device) + kDriverKeeps);
  memory->used = static_cast<unsigned long long>(kOtherProcess + kDriverKeeps + held(device));
  memory->free = memory->total - memory->used;
  return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, Process* processes) {
  processes[0] = {kOtherPid, static_cast<unsigned long long>(kOtherProcess), 0, 0};
  processes[1] = {kOtherPid + 1, ~0ull, 0, 0};  // it may not tell
  *count = 2;
  return 0;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void*, unsigned* count, Process* processes) {
  processes[0] = {kOtherPid, static_cast<unsigned long long>(kOtherProcess), 0, 0};
  *count = 1;
  return 0;
}

int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  std::snprintf(text, size, "580.0.1-fake");
  return 0;
}

}  // extern "C"
