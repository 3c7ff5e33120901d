#include <inspector/probe/backends/cuda_driver.h>
#include <inspector/probe/backends/library_function.h>

#include <cstdio>

namespace tally::inspector {
namespace {

// Declarations of cuda.h, which is not needed to build: names, types and numbers are part of its
// ABI.
struct CuUuid {
  unsigned char bytes[16];
};
using CuInit = int(unsigned);
using CuCount = int(int*);
using CuVersion = int(int*);
using CuName = int(char*, int, int);
using CuTotalMemory = int(std::size_t*, int);
using CuAttribute = int(int*, int, int);
using CuErrorString = int(int, const char**);
using CuDeviceUuid = int(CuUuid*, int);
using CuPciBusId = int(char*, int, int);
constexpr int kComputeCapabilityMajor = 75, kComputeCapabilityMinor = 76;

constexpr char kOtherDevices[] =
    "--device cpu measures on the CPU, --device meta computes without executing";

Error unavailable(std::string why, std::string hint = kOtherDevices) {
  return {ErrorCode::kUnavailable, std::move(why), std::move(hint)};
}

/// What cuInit says that has a plain cause (cuda.h: CUresult).
struct KnownError {
  int code;
  const char* why;
  const char* hint;
};
constexpr KnownError kKnownErrors[] = {
    {34, "libcuda.so.1 is the stub that CUDA's toolkit brings for linking, not a driver",
     "take its folder out of LD_LIBRARY_PATH, or install NVIDIA's driver"},
    {100, "the NVIDIA driver sees no device", "look at nvidia-smi -L and CUDA_VISIBLE_DEVICES"},
    {802,
     "the NVIDIA driver has not finished starting (systems with NVSwitch need the fabric manager)",
     "start nvidia-fabricmanager, or wait"},
    {803, "the NVIDIA driver's library and its kernel module are of different versions",
     "reboot, or load the module of the installed driver"},
    {804, "the installed CUDA compatibility package does not support this device",
     "take its folder out of LD_LIBRARY_PATH, or install a newer driver"},
};

Error start_error(int code, CuErrorString* error_string) {
  for (const KnownError& known : kKnownErrors) {
    if (known.code == code) return unavailable(known.why, known.hint);
  }
  const char* text = nullptr;
  if (error_string != nullptr) error_string(code, &text);
  return unavailable("the NVIDIA driver does not start: " +
                     (text != nullptr ? std::string(text) + ", " : std::string()) + "error " +
                     std::to_string(code));
}

Error open_error(const std::string& library) {
  const std::string why = ::dlerror();
  // The loader's own words for a file that is nowhere; anything else is about a file that is there.
  if (why.rfind(library + ": cannot open shared object file", 0) == 0)
    return unavailable("there is no NVIDIA driver: " + library + " is not on this machine");
  return unavailable("the NVIDIA driver's library cannot be loaded: " + why);
}

std::string uuid_text(const CuUuid& uuid) {
  std::string text;
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", uuid.bytes[i]);
    text += digits;
  }
  return text;
}

}  // namespace

std::string cuda_version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Result<CudaDriver> query_cuda_driver(const char* library_name) {
  void* const library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return open_error(library_name);
  auto* const init = library_function<CuInit>(library, "cuInit");
  auto* const count = library_function<CuCount>(library, "cuDeviceGetCount");
  auto* const version = library_function<CuVersion>(library, "cuDriverGetVersion");
  auto* const name = library_function<CuName>(library, "cuDeviceGetName");
  auto* const total = library_function<CuTotalMemory>(library, "cuDeviceTotalMem_v2");
  auto* const attribute = library_function<CuAttribute>(library, "cuDeviceGetAttribute");
  if (init == nullptr || count == nullptr || version == nullptr || name == nullptr ||
      total == nullptr || attribute == nullptr) {
    return unavailable(std::string(library_name) + " is not a CUDA driver that this program knows");
  }
  // Drivers since CUDA 11.4 have the second form, which tells the instances of a MIG apart.
  auto* uuid = library_function<CuDeviceUuid>(library, "cuDeviceGetUuid_v2");
  if (uuid == nullptr) uuid = library_function<CuDeviceUuid>(library, "cuDeviceGetUuid");
  auto* const pci_bus_id = library_function<CuPciBusId>(library, "cuDeviceGetPCIBusId");
  if (const int failed = init(0); failed != 0)
    return start_error(failed, library_function<CuErrorString>(library, "cuGetErrorString"));
  CudaDriver driver;
  version(&driver.version);
  int devices = 0;
  if (count(&devices) != 0 || devices == 0) return start_error(100, nullptr);
  for (int i = 0; i < devices; ++i) {
    char text[256] = "", bus[32] = "";
    std::size_t bytes = 0;
    int major = 0, minor = 0;
    name(text, sizeof text, i);
    total(&bytes, i);
    attribute(&major, kComputeCapabilityMajor, i);
    attribute(&minor, kComputeCapabilityMinor, i);
    CuUuid id{};
    const bool has_uuid = uuid != nullptr && uuid(&id, i) == 0;
    const bool has_bus = pci_bus_id != nullptr && pci_bus_id(bus, sizeof bus, i) == 0;
    driver.devices.push_back({text, std::to_string(major) + "." + std::to_string(minor),
                              static_cast<std::int64_t>(bytes), has_uuid ? uuid_text(id) : "",
                              has_bus ? bus : ""});
  }
  return driver;
}

Result<Unit> check_driver_version(const CudaDriver& driver, int built_for) {
  if (driver.version / 1000 >= built_for / 1000) return Unit{};
  return unavailable("the NVIDIA driver is too old: it supports CUDA up to " +
                         cuda_version_text(driver.version) + ", this LibTorch is built for CUDA " +
                         cuda_version_text(built_for),
                     "install a newer driver, or build with a LibTorch for an older CUDA");
}

}  // namespace tally::inspector
