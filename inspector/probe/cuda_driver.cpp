#include <dlfcn.h>
#include <inspector/probe/cuda_driver.h>

namespace tally::inspector {
namespace {

/// A function of a library that was opened at run time, or null.
template <class Function>
Function* function(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

// Declarations of cuda.h and nvml.h, which are not needed to build: names, types and numbers are
// part of their ABI.
using CuInit = int(unsigned);
using CuCount = int(int*);
using CuVersion = int(int*);
using CuName = int(char*, int, int);
using CuTotalMemory = int(std::size_t*, int);
using CuAttribute = int(int*, int, int);
using CuErrorString = int(int, const char**);
constexpr int kComputeCapabilityMajor = 75, kComputeCapabilityMinor = 76;
constexpr int kNoDevice = 100;

struct NvmlMemory {
  unsigned long long total, free, used;
};
using NvmlInit = int();
using NvmlHandle = int(unsigned, void**);
using NvmlMemoryInfo = int(void*, NvmlMemory*);

Error unavailable(std::string why) {
  return {ErrorCode::kUnavailable, std::move(why),
          "--device cpu measures on the CPU, --device meta computes without executing"};
}

}  // namespace

Result<CudaDriver> query_cuda_driver(const char* library_name) {
  void* const library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return unavailable(std::string("there is no NVIDIA driver: ") + library_name +
                       " is not on this machine");
  auto* const init = function<CuInit>(library, "cuInit");
  auto* const count = function<CuCount>(library, "cuDeviceGetCount");
  auto* const version = function<CuVersion>(library, "cuDriverGetVersion");
  auto* const name = function<CuName>(library, "cuDeviceGetName");
  auto* const total = function<CuTotalMemory>(library, "cuDeviceTotalMem_v2");
  auto* const attribute = function<CuAttribute>(library, "cuDeviceGetAttribute");
  auto* const error_string = function<CuErrorString>(library, "cuGetErrorString");
  if (init == nullptr || count == nullptr || version == nullptr || name == nullptr ||
      total == nullptr || attribute == nullptr) {
    return unavailable(std::string(library_name) + " is not a CUDA driver that this program knows");
  }
  if (const int failed = init(0); failed != 0) {
    if (failed == kNoDevice) return unavailable("the NVIDIA driver sees no device");
    const char* text = nullptr;
    if (error_string != nullptr) error_string(failed, &text);
    return unavailable("the NVIDIA driver does not start: " +
                       std::string(text != nullptr ? text : "error " + std::to_string(failed)));
  }
  CudaDriver driver;
  int number = 0;
  version(&number);
  driver.version = std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
  int devices = 0;
  if (count(&devices) != 0 || devices == 0) return unavailable("the NVIDIA driver sees no device");
  for (int i = 0; i < devices; ++i) {
    char text[256] = "";
    std::size_t bytes = 0;
    int major = 0, minor = 0;
    name(text, sizeof text, i);
    total(&bytes, i);
    attribute(&major, kComputeCapabilityMajor, i);
    attribute(&minor, kComputeCapabilityMinor, i);
    driver.devices.push_back({text, std::to_string(major) + "." + std::to_string(minor),
                              static_cast<std::int64_t>(bytes)});
  }
  return driver;
}

std::optional<DeviceUse> device_use(int index) {
  static void* const library = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  auto* const init = function<NvmlInit>(library, "nvmlInit_v2");
  auto* const handle = function<NvmlHandle>(library, "nvmlDeviceGetHandleByIndex_v2");
  auto* const memory_info = function<NvmlMemoryInfo>(library, "nvmlDeviceGetMemoryInfo");
  if (init == nullptr || handle == nullptr || memory_info == nullptr || init() != 0)
    return std::nullopt;
  void* device = nullptr;
  NvmlMemory memory{};
  if (handle(static_cast<unsigned>(index), &device) != 0 || memory_info(device, &memory) != 0)
    return std::nullopt;
  return DeviceUse{static_cast<std::int64_t>(memory.used), static_cast<std::int64_t>(memory.free)};
}

}  // namespace tally::inspector
