// The memory of this machine, as far as this process may have it.
#pragma once

#include <cstdint>

namespace tally::inspector {

/// Bytes of the machine's memory (MemTotal of proc_meminfo(5)); 0 where the system does not say.
std::int64_t total_host_memory();

/// Bytes that can be had now without anything else losing its own (MemAvailable); 0 where the
/// system does not say.
std::int64_t available_host_memory();

/// What a process may be given: what is available, or the limit of this process's control group
/// where that is less; bytes. 0 where the system does not say.
std::int64_t spare_host_memory();

}  // namespace tally::inspector
