#include <c10/core/Allocator.h>
#include <c10/util/Exception.h>
#include <inspector/probe/virtual/meta_backend.h>

#include <algorithm>
#include <atomic>

namespace tally::inspector {
namespace {

struct Counters {
  std::int64_t current = 0, peak = 0, limit = 0;
  std::optional<Refusal> refusal;
  bool refuse_next = false;  ///< what was refused could not throw
  int uncounted = 0;
  VirtualTarget target = VirtualTarget::kCpu;

  bool fits(std::int64_t wanted) {
    if (limit <= 0 || wanted <= limit - current) return true;
    if (!refusal) refusal = Refusal{wanted, limit - current};
    return false;
  }
};

// Never destroyed: storages are freed by static destructors, too. Virtual runs have one thread.
Counters& counters() {
  static auto* const instance = new Counters;
  return *instance;
}

void free_virtual(void* context) {
  const auto* bytes = static_cast<std::int64_t*>(context);
  counters().current -= *bytes;
  delete bytes;
}

class MetaAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    Counters& c = counters();
    const std::int64_t wanted = c.uncounted > 0 ? 0 : static_cast<std::int64_t>(bytes);
    if (!c.fits(wanted) || c.refuse_next) {
      c.refuse_next = false;
      TORCH_CHECK_WITH(OutOfMemoryError, false, "the limit of ", c.limit, " bytes leaves ",
                       c.refusal->free_bytes.value_or(0), ", wanted ", c.refusal->wanted_bytes);
    }
    c.current += wanted;
    c.peak = std::max(c.peak, c.current);
    return {nullptr, new std::int64_t(wanted), &free_virtual, c10::Device(c10::kMeta)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void*, const void*, std::size_t) const override {}
};

class MetaBackend final : public MemoryBackend {
 public:
  std::string device() const override { return "meta"; }
  MemoryReading read() override { return {counters().current, counters().peak}; }
  void reset_peak() override { counters().peak = counters().current; }
  void set_limit(std::int64_t bytes) override {
    counters().limit = bytes > 0 ? counters().current + bytes : 0;
  }
  std::optional<Refusal> refusal() const override { return counters().refusal; }
};

}  // namespace

std::unique_ptr<MemoryBackend> make_meta_backend(VirtualTarget target) {
  counters().target = target;
  static const bool installed = [] {
    constexpr std::uint8_t kHighestPriority = 255;
    c10::SetAllocator(c10::kMeta, new MetaAllocator, kHighestPriority);
    supplied_meta_kernels();
    return true;
  }();
  static_cast<void>(installed);
  return std::make_unique<MetaBackend>();
}

VirtualTarget virtual_target() { return counters().target; }

void take_for_a_moment(std::int64_t bytes) {
  Counters& c = counters();
  if (c.fits(bytes)) {
    c.peak = std::max(c.peak, c.current + bytes);
  } else {
    c.refuse_next = true;
  }
}

UncountedAllocations::UncountedAllocations() { ++counters().uncounted; }
UncountedAllocations::~UncountedAllocations() { --counters().uncounted; }

}  // namespace tally::inspector
