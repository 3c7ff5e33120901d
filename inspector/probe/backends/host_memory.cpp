#include <inspector/probe/backends/control_group.h>
#include <inspector/probe/backends/host_memory.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

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

}  // namespace

std::int64_t total_host_memory() { return meminfo_bytes("MemTotal"); }

std::int64_t available_host_memory() { return meminfo_bytes("MemAvailable"); }

std::int64_t spare_host_memory() {
  const std::int64_t available = available_host_memory();
  return std::min(available, control_group_limit(total_host_memory()).value_or(available));
}

}  // namespace tally::inspector
