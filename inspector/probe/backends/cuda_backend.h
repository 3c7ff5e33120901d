// The CUDA memory backend: LibTorch's caching allocator, reached without linking or building
// against CUDA.
#pragma once

#include <base/result.h>
#include <inspector/probe/backends/cuda_driver.h>
#include <inspector/probe/backends/memory_backend.h>

#include <memory>

namespace tally::inspector {

/// Asks the driver, then loads libtorch_cuda, which must happen before anything in this process
/// asks LibTorch for CUDA: an earlier question is answered "none" for good. Errors are kUnavailable
/// and say what is missing: the driver, the library, or what LibTorch says.
///
/// `limit_bytes` caps what the allocator may reserve on device `index`, 0: nothing. It joins the
/// allocator's settings in the environment, which LibTorch reads when the library comes.
Result<CudaDriver> load_cuda(int index, std::int64_t limit_bytes);

/// The backend of one of the driver's devices, touched so that its context is there: what that took
/// is told by split(). load_cuda() has succeeded. Refusals are seen on the thread that makes it,
/// and on those that LibTorch's autograd works on for it. The error is kUnavailable.
Result<std::unique_ptr<MemoryBackend>> make_cuda_backend(const CudaDriver& driver, int index);

/// Bytes of the largest single block that can be had, to 1 MiB: found by bisection, allocated and
/// given back. make_cuda_backend() has succeeded for that device.
std::int64_t largest_cuda_block(int index);

}  // namespace tally::inspector
