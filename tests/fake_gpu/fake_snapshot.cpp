// The snapshot functions of libtorch_cuda.so, under the names and in the format of PyTorch's
// (torch/csrc/cuda/memory_snapshot.cpp).

#include <tests/fake_gpu/fake_allocator.h>
#include <torch/csrc/jit/serialization/pickler.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace {

using c10::IValue;
using AnyDict = c10::Dict<IValue, IValue>;

AnyDict new_dict() { return AnyDict(c10::StringType::get(), c10::AnyType::get()); }
c10::List<IValue> new_list() { return c10::List<IValue>(c10::AnyType::get()); }

/// One segment with all blocks of a device in it.
AnyDict segment(int device) {
  auto blocks = new_list();
  std::int64_t allocated = 0, requested = 0, first = 0;
  for (const auto& [address, block] : fake_gpu::allocator().blocks(device)) {
    AnyDict entry = new_dict();
    entry.insert("address", address);
    entry.insert("size", block.bytes);
    entry.insert("requested_size", block.requested);
    entry.insert("state", "active_allocated");
    blocks.push_back(entry);
    allocated += block.bytes;
    requested += block.requested;
    first = address;
  }
  const auto stats = fake_gpu::allocator().getDeviceStats(static_cast<c10::DeviceIndex>(device));
  AnyDict entry = new_dict();
  entry.insert("device", static_cast<std::int64_t>(device));
  entry.insert("address", first);
  entry.insert("total_size", stats.reserved_bytes[0].current);
  entry.insert("allocated_size", allocated);
  entry.insert("active_size", allocated);
  entry.insert("requested_size", requested);
  entry.insert("stream", std::int64_t{0});
  entry.insert("segment_type", "large");
  entry.insert("blocks", blocks);
  return entry;
}

c10::List<IValue> trace(int device) {
  auto events = new_list();
  for (const auto& event : fake_gpu::allocator().history(device)) {
    AnyDict entry = new_dict();
    entry.insert("action", event.action);
    entry.insert("addr", event.address);
    entry.insert("size", event.bytes);
    entry.insert("stream", std::int64_t{0});
    events.push_back(entry);
  }
  return events;
}

}  // namespace

namespace torch::cuda {

void _record_memory_history(std::optional<std::string> enabled, std::optional<std::string> context,
                            const std::string& stacks, std::size_t, bool, bool, bool,
                            const std::vector<std::string>&) {
  // As the true one: it refuses what it does not know.
  TORCH_CHECK(enabled == "state" || enabled == "all",
              "expected state to be 'state', 'all', or None");
  TORCH_CHECK(!context || context == "state" || context == "alloc" || context == "all",
              "expected context to be 'state', 'alloc', 'all', or None");
  TORCH_CHECK(stacks == "python" || stacks == "all", "expected stacks to be 'python', or 'all'");
  fake_gpu::allocator().record_history();
}

std::string _memory_snapshot_pickled() {
  auto segments = new_list(), traces = new_list();
  for (int device = 0; device < fake_gpu::kDevices; ++device) {
    segments.push_back(segment(device));
    traces.push_back(trace(device));
  }
  AnyDict snapshot = new_dict();
  snapshot.insert("segments", segments);
  snapshot.insert("device_traces", traces);
  std::string bytes;
  const std::function<void(const char*, std::size_t)> append =
      [&bytes](const char* data, std::size_t n) { bytes.append(data, n); };
  torch::jit::Pickler pickler(append, nullptr, nullptr, nullptr, nullptr, /*tag_aggregates=*/false);
  pickler.protocol();
  pickler.pushIValue(snapshot);
  pickler.stop();
  return bytes;
}

}  // namespace torch::cuda
