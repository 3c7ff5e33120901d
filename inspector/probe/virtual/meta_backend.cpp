#include <c10/core/Allocator.h>
#include <c10/util/Exception.h>
#include <inspector/probe/virtual/meta_backend.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace tally::inspector {
namespace {

/// What the tensors of one virtual device take. Virtual runs have one thread.
struct VirtualMemory {
  explicit VirtualMemory(VirtualTarget kernels_of) : target(kernels_of) {}

  const VirtualTarget target;
  std::int64_t current = 0, peak = 0, limit = 0;
  std::optional<Refusal> refusal;
  bool refuse_next = false;  ///< what was refused could not throw
  int uncounted = 0;

  bool fits(std::int64_t wanted) {
    if (limit <= 0 || wanted <= limit - current) return true;
    if (!refusal) refusal = Refusal{wanted, limit - current};
    return false;
  }
};

/// The device that exists, the only static state of virtual runs: LibTorch keeps one allocator for
/// meta and its kernels are plain functions, so that neither can be handed an object.
/// make_meta_backend() sets it. Never destroyed: storages are freed by static destructors, too.
std::shared_ptr<VirtualMemory>& the_memory() {
  static auto* const memory = new std::shared_ptr<VirtualMemory>;
  return *memory;
}

/// A storage: the bytes that it counts for, and the memory that they go back to.
struct Block {
  std::shared_ptr<VirtualMemory> memory;
  std::int64_t bytes;
};

void free_virtual(void* context) {
  const auto* block = static_cast<Block*>(context);
  block->memory->current -= block->bytes;
  delete block;
}

class MetaAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    VirtualMemory& m = *the_memory();
    const std::int64_t wanted = m.uncounted > 0 ? 0 : static_cast<std::int64_t>(bytes);
    if (!m.fits(wanted) || m.refuse_next) {
      m.refuse_next = false;
      TORCH_CHECK_WITH(OutOfMemoryError, false, "the limit of ", m.limit, " bytes leaves ",
                       m.refusal->free_bytes.value_or(0), ", wanted ", m.refusal->wanted_bytes);
    }
    m.current += wanted;
    m.peak = std::max(m.peak, m.current);
    return {nullptr, new Block{the_memory(), wanted}, &free_virtual, c10::Device(c10::kMeta)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void*, const void*, std::size_t) const override {}
};

class MetaBackend final : public MemoryBackend {
 public:
  explicit MetaBackend(std::shared_ptr<VirtualMemory> memory) : memory_(std::move(memory)) {}

  Device device() const override { return kMetaDevice; }
  MemoryReading read() override { return {memory_->current, memory_->peak}; }
  void reset_peak() override { memory_->peak = memory_->current; }
  void set_limit(std::int64_t bytes) override {
    memory_->limit = bytes > 0 ? memory_->current + bytes : 0;
  }
  std::optional<Refusal> refusal() const override { return memory_->refusal; }
  void forget_refusal() override {
    memory_->refusal.reset();
    memory_->refuse_next = false;
  }

 private:
  std::shared_ptr<VirtualMemory> memory_;
};

}  // namespace

std::unique_ptr<MemoryBackend> make_meta_backend(VirtualTarget target) {
  the_memory() = std::make_shared<VirtualMemory>(target);
  static const bool installed = [] {
    constexpr std::uint8_t kHighestPriority = 255;
    c10::SetAllocator(c10::kMeta, new MetaAllocator, kHighestPriority);
    supplied_meta_kernels();
    return true;
  }();
  static_cast<void>(installed);
  return std::make_unique<MetaBackend>(the_memory());
}

VirtualTarget virtual_target() { return the_memory()->target; }

void take_for_a_moment(std::int64_t bytes) {
  VirtualMemory& m = *the_memory();
  if (m.fits(bytes)) {
    m.peak = std::max(m.peak, m.current + bytes);
  } else {
    m.refuse_next = true;
  }
}

UncountedAllocations::UncountedAllocations() { ++the_memory()->uncounted; }
UncountedAllocations::~UncountedAllocations() { --the_memory()->uncounted; }

}  // namespace tally::inspector
