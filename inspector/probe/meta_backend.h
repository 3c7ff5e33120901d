// The virtual device's memory backend: counts what tensors on "meta" would take. Nothing is
// allocated.
#pragma once

#include <inspector/probe/memory_backend.h>

#include <memory>

namespace tally::inspector {

/// Installs an allocator for meta storages, at the first call, and the meta kernels that LibTorch's
/// C++ side lacks.
std::unique_ptr<MemoryBackend> make_meta_backend();

/// Registers kernels for the meta device; make_meta_backend() calls it.
void register_meta_kernels();

}  // namespace tally::inspector
