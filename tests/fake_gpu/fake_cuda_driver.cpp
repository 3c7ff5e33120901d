// libcuda.so.1 with what torchtally asks of it.

#include <tests/fake_gpu/fake_gpu.h>

#include <cstdio>
#include <cstring>

using namespace fake_gpu;

extern "C" {

Held fake_gpu_held;

int cuInit(unsigned) { return static_cast<int>(environment("TORCHTALLY_FAKE_GPU_START", 0)); }

int cuDriverGetVersion(int* version) {
  *version = static_cast<int>(environment("TORCHTALLY_FAKE_GPU_CUDA", 13000));
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count = kDevices;
  return 0;
}

int cuDeviceGetName(char* name, int size, int device) {
  std::snprintf(name, static_cast<std::size_t>(size), "Fake GPU %d", device);
  return 0;
}

int cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
  *bytes = static_cast<std::size_t>(total(device));
  return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 75 ? 9 : 0;  // compute capability 9.0
  return 0;
}

int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
  for (int i = 0; i < 16; ++i) uuid[i] = static_cast<unsigned char>(16 * device + i);
  return 0;
}

// CUDA's device 0 is NVML's device 1, as CUDA_VISIBLE_DEVICES=1,0 makes it.
int cuDeviceGetPCIBusId(char* text, int size, int device) {
  std::snprintf(text, static_cast<std::size_t>(size), "0000:%02d:00.0", 65 - device);
  return 0;
}

int cuGetErrorString(int, const char** text) {
  *text = "the fake driver's own words";
  return 0;
}

}  // extern "C"
