#include <inspector/probe/backends/gpu_device.h>
#include <unistd.h>

namespace tally::inspector {

bool has_nvidia_device() { return ::access("/dev/nvidiactl", F_OK) == 0; }

}  // namespace tally::inspector
