// The buffers that CPU kernels take beside their results, for virtual runs that stand for the CPU.
#pragma once

#include <memory>

namespace tally::inspector {

class RecordListeners;

/// While it lives, each convolution, attention, half-precision product and backward of a norm in a
/// virtual run raises the peak by what the CPU's kernel takes while it runs. How much is the
/// library's affair (oneDNN packs operands by the processor's instructions and threads, and tells
/// nobody), so the kernel is asked: it is called with zeros, once for each operator, sizes, strides
/// and types. Not asked are calls of more than kMostAskedFlops or kMostAskedBytes: a convolution's
/// buffers are then those of its operands reordered, other kernels' are left out, being small
/// beside their operands. `listeners` must outlive it.
class CpuBuffers {
 public:
  explicit CpuBuffers(RecordListeners& listeners);
  ~CpuBuffers();
  CpuBuffers(const CpuBuffers&) = delete;
  CpuBuffers& operator=(const CpuBuffers&) = delete;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace tally::inspector
