// The CUDA memory backend: LibTorch's caching allocator, reached without linking or building
// against CUDA.
#pragma once

#include <base/result.h>
#include <inspector/probe/memory_backend.h>

#include <memory>

namespace tally::inspector {

/// Loads libtorch_cuda, which must happen before anything in this process asks LibTorch for CUDA:
/// an earlier question is answered "none" for good. Errors are kUnavailable and say what is
/// missing: the driver, the library, or what LibTorch says. `limit_bytes` caps what the allocator
/// may reserve on each device, 0: nothing.
Result<Unit> load_cuda(std::int64_t limit_bytes = 0);

/// The backend of one device, touched so that its context is there. load_cuda() has succeeded.
Result<std::unique_ptr<MemoryBackend>> make_cuda_backend(int index);

/// Free memory on a device as this process's driver sees it. load_cuda() has succeeded.
std::int64_t cuda_free_bytes(int index);

/// Bytes of the largest single block that can be had, to 1 MiB: found by bisection, allocated and
/// given back.
std::int64_t largest_cuda_block(int index);

}  // namespace tally::inspector
