// The virtual device's memory backend: counts what tensors on "meta" would take. Nothing is
// allocated.
#pragma once

#include <inspector/model/probe_request.h>
#include <inspector/probe/backends/memory_backend.h>

#include <memory>
#include <string>
#include <vector>

namespace tally::inspector {

/// A virtual device with nothing on it, which becomes the process's: what is allocated on meta from
/// now on counts there. The first call installs the allocator for meta storages, and the meta
/// kernels that LibTorch's C++ side lacks.
std::unique_ptr<MemoryBackend> make_meta_backend(VirtualTarget target);

/// The device whose kernels the process's virtual device stands for. make_meta_backend() comes
/// first, here and for all below.
VirtualTarget virtual_target();

/// Buffers that a kernel of the target takes while it runs: they raise the peak and are gone. Where
/// a limit refuses them, the next allocation throws.
void take_for_a_moment(std::int64_t bytes);

/// While it lives, storages on meta count as empty: for tensors that only carry sizes.
class UncountedAllocations {
 public:
  UncountedAllocations();
  ~UncountedAllocations();
  UncountedAllocations(const UncountedAllocations&) = delete;
  UncountedAllocations& operator=(const UncountedAllocations&) = delete;
};

/// The operators of aten that have a meta kernel of ours; out variants are not named. The first
/// call registers them; make_meta_backend() calls it.
const std::vector<std::string>& supplied_meta_kernels();

}  // namespace tally::inspector
