#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <inspector/probe/backends/cpu_backend.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>

namespace tally::inspector {
namespace {

/// What the allocator counts. Never destroyed: blocks are freed by static destructors, too.
struct Counters {
  std::atomic<std::int64_t> current{0}, peak{0}, limit{0};
  std::atomic<bool> unbacked{false};
  std::mutex refusal_mutex;
  std::optional<Refusal> refusal;

  void add(std::int64_t bytes) {
    const std::int64_t now = current.fetch_add(bytes) + bytes;
    std::int64_t before = peak.load(std::memory_order_relaxed);
    while (now > before && !peak.compare_exchange_weak(before, now)) {
    }
  }
  void refuse(std::int64_t wanted, std::optional<std::int64_t> free) {
    const std::lock_guard<std::mutex> lock(refusal_mutex);
    if (!refusal) refusal = Refusal{wanted, free};
  }
};

Counters& counters() {
  static auto* const instance = new Counters;
  return *instance;
}

/// Sizes of the blocks that are counted. A header in front of each block would be simpler and
/// crashes: LibTorch frees some by the deleter of another allocator.
class BlockSizes {
 public:
  void insert(void* block, std::size_t bytes) {
    Shard& shard = shard_of(block);
    const std::lock_guard<std::mutex> lock(shard.mutex);
    shard.sizes[block] = bytes;
  }
  std::optional<std::size_t> remove(void* block) {
    Shard& shard = shard_of(block);
    const std::lock_guard<std::mutex> lock(shard.mutex);
    const auto found = shard.sizes.find(block);
    if (found == shard.sizes.end()) return std::nullopt;
    const std::size_t bytes = found->second;
    shard.sizes.erase(found);
    return bytes;
  }

 private:
  struct Shard {
    std::mutex mutex;
    std::unordered_map<void*, std::size_t> sizes;
  };
  // Blocks are aligned to 64 bytes; the multiplier (Knuth's) spreads what is left over the top
  // bits.
  Shard& shard_of(void* block) {
    return shards_[((reinterpret_cast<std::uintptr_t>(block) >> 6) * 0x9E3779B97F4A7C15ull) >> 60];
  }
  std::array<Shard, 16> shards_;
};

BlockSizes& block_sizes() {
  static auto* const instance = new BlockSizes;
  return *instance;
}

/// Lengths of the blocks that are address space without memory behind it.
BlockSizes& mappings() {
  static auto* const instance = new BlockSizes;
  return *instance;
}

c10::DeleterFnPtr& base_deleter() {
  static c10::DeleterFnPtr deleter = nullptr;
  return deleter;
}

void free_counted(void* block) {
  if (block == nullptr) return;
  if (const auto mapped = mappings().remove(block)) {
    ::munmap(block, *mapped);
    return;
  }
  if (const auto bytes = block_sizes().remove(block))
    counters().current -= static_cast<std::int64_t>(*bytes);
  base_deleter()(block);
}

/// The context is the block itself, as that of all others: LibTorch takes storages apart whose
/// allocator says so, quantized weights among them.
c10::DataPtr map_unbacked(std::size_t bytes) {
  void* const address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  TORCH_CHECK_WITH(OutOfMemoryError, address != MAP_FAILED, "no address space for ", bytes,
                   " bytes");
  mappings().insert(address, bytes);
  return {address, address, &free_counted, c10::Device(c10::kCPU)};
}

/// Physical memory that nothing uses.
std::int64_t free_memory() {
  return static_cast<std::int64_t>(::sysconf(_SC_AVPHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
}

class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* base) : base_(base) {
    base_deleter() = base->raw_deleter();
  }

  c10::DataPtr allocate(std::size_t bytes) override {
    constexpr std::size_t kPage = 4096;
    Counters& c = counters();
    if (c.unbacked && bytes >= kPage) return map_unbacked(bytes);
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (const std::int64_t limit = c.limit; limit > 0) {
      const std::int64_t free = limit - c.current;
      if (wanted > free) {
        c.refuse(wanted, free);
        TORCH_CHECK_WITH(OutOfMemoryError, false, "the limit of ", limit, " bytes leaves ", free,
                         ", wanted ", wanted);
      }
    }
    c10::DataPtr data;
    try {
      data = base_->allocate(bytes);
    } catch (const std::exception&) {
      c.refuse(wanted, free_memory());
      throw;
    }
    void* const block = data.get();
    if (block == nullptr || !data.compare_exchange_deleter(base_deleter(), &free_counted))
      return data;
    block_sizes().insert(block, bytes);
    c.add(wanted);
    return data;
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_counted; }
  bool is_simple_data_ptr(const c10::DataPtr& data) const override {
    return data.get() == data.get_context();
  }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    base_->copy_data(to, from, bytes);
  }

 private:
  c10::Allocator* base_;
};

class CpuBackend final : public MemoryBackend {
 public:
  Device device() const override { return kCpuDevice; }
  MemoryReading read() override { return {counters().current, counters().peak}; }
  void reset_peak() override { counters().peak = counters().current.load(); }
  void set_limit(std::int64_t bytes) override {
    counters().limit = bytes > 0 ? counters().current + bytes : 0;
  }
  std::optional<Refusal> refusal() const override {
    const std::lock_guard<std::mutex> lock(counters().refusal_mutex);
    return counters().refusal;
  }
  void forget_refusal() override {
    const std::lock_guard<std::mutex> lock(counters().refusal_mutex);
    counters().refusal.reset();
  }
};

void install() {
  static const bool installed = [] {
    constexpr std::uint8_t kHighestPriority = 255;
    c10::SetCPUAllocator(new CountingAllocator(c10::GetCPUAllocator()), kHighestPriority);
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace

std::unique_ptr<MemoryBackend> make_cpu_backend() {
  install();
  return std::make_unique<CpuBackend>();
}

UnbackedAllocations::UnbackedAllocations() {
  install();
  counters().unbacked = true;
}

UnbackedAllocations::~UnbackedAllocations() { counters().unbacked = false; }

}  // namespace tally::inspector
