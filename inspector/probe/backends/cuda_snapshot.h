// A record of what CUDA's caching allocator does, as PyTorch's memory viewer (memory_viz) reads it.
#pragma once

#include <base/result.h>

#include <string>

namespace tally::inspector {

/// Begins to record. load_cuda() has succeeded. The error is kUnavailable: this LibTorch does not
/// offer it.
Result<Unit> record_cuda_history();

/// The record so far and the segments as they are now: a pickle, as
/// torch.cuda.memory._dump_snapshot() writes it.
Result<std::string> take_cuda_snapshot();

}  // namespace tally::inspector
