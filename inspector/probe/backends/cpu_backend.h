// The CPU's memory backend: an allocator around LibTorch's own that counts, and refuses what passes
// a limit.
//
// Counts every thread of the process. Once installed it stays: blocks live on past any object of
// ours.
#pragma once

#include <inspector/probe/backends/memory_backend.h>

#include <memory>

namespace tally::inspector {

/// Installs the counting allocator, at the first call, and returns the one backend on it. Blocks
/// that were allocated before are not counted, nor is it when they go.
std::unique_ptr<MemoryBackend> make_cpu_backend();

/// While it lives, CPU blocks of a page or more are address space without memory behind it and are
/// not counted, until something writes into them: for loading models whose weights are not to be
/// read.
class UnbackedAllocations {
 public:
  UnbackedAllocations();
  ~UnbackedAllocations();
  UnbackedAllocations(const UnbackedAllocations&) = delete;
  UnbackedAllocations& operator=(const UnbackedAllocations&) = delete;
};

}  // namespace tally::inspector
