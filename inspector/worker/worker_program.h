// How torchtally-worker is started.
#pragma once

#include <inspector/process/child_process.h>

#include <cstdint>
#include <string>

namespace tally::inspector {

/// LibTorch's static initialisers take 60 MB of heap; huge pages save a tenth of its start
/// (docs/processes.md).
inline ChildProgram worker_program(const std::string& worker, std::int64_t memory_limit_bytes) {
  return {worker,
          memory_limit_bytes,
          {"GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=67108864"}};
}

constexpr const char* kWorkerStartHint =
    "check that LibTorch is where it was when this was built, and that --memory-limit leaves it "
    "128 MiB";

}  // namespace tally::inspector
