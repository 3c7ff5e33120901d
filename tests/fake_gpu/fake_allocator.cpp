#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <tests/fake_gpu/fake_allocator.h>

#include <cstring>

namespace fake_gpu {
namespace {

constexpr std::int64_t kBlock = 512, kSegment = 2 * kMiB;

std::int64_t round_up(std::int64_t bytes, std::int64_t to) { return (bytes + to - 1) / to * to; }

Held& held() {
  static auto* const found =
      static_cast<Held*>(::dlsym(::dlopen("libcuda.so.1", RTLD_NOW), "fake_gpu_held"));
  return *found;
}

/// What may be reserved on a device: as LibTorch reads it, once, and CUDA's own variable first.
std::int64_t cap(int device) {
  static const double fraction = [] {
    const char* text = std::getenv("PYTORCH_CUDA_ALLOC_CONF");
    if (text == nullptr) text = std::getenv("PYTORCH_ALLOC_CONF");
    constexpr char kKey[] = "per_process_memory_fraction:";
    const char* const key = text != nullptr ? std::strstr(text, kKey) : nullptr;
    return key != nullptr ? std::atof(key + std::strlen(kKey)) : 1.0;
  }();
  return static_cast<std::int64_t>(fraction * static_cast<double>(total(device)));
}

void free_block(void* block) { allocator().free(block); }

}  // namespace

FakeAllocator& allocator() {
  static auto* const instance = new FakeAllocator;
  return *instance;
}

c10::DeleterFnPtr FakeAllocator::raw_deleter() const { return &free_block; }

void FakeAllocator::copy_data(void* to, const void* from, std::size_t bytes) const {
  std::memcpy(to, from, bytes);
}

void FakeAllocator::touch(int device) {
  if (std::exchange(devices_[device].touched, true)) return;
  held()[device] += kContext;
}

void FakeAllocator::note(int device, const char* action, const void* address, std::int64_t bytes) {
  if (recording_)
    devices_[device].history.push_back(
        {action, static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(address)), bytes});
}

/// Gives back segments that are free as a whole.
void FakeAllocator::trim(int device) {
  auto& stats = devices_[device].stats;
  const std::int64_t needed = round_up(stats.allocated_bytes[0].current, kSegment);
  const std::int64_t spare = stats.reserved_bytes[0].current - needed;
  stats.reserved_bytes[0].decrease(static_cast<std::size_t>(spare));
  held()[device] -= spare;
}

void FakeAllocator::reserve(int device, std::int64_t bytes) {
  auto& stats = devices_[device].stats;
  const auto wanted = [&] {
    return round_up(stats.allocated_bytes[0].current + bytes, kSegment) -
           stats.reserved_bytes[0].current;
  };
  const auto fits = [&] {
    return stats.reserved_bytes[0].current + wanted() <= cap(device) &&
           wanted() <= total(device) - kOtherProcess - held()[device];
  };
  if (wanted() <= 0) return;
  if (!fits()) trim(device);
  if (!fits()) {
    ++stats.num_ooms;
    c10::reportOutOfMemoryToProfiler(
        bytes, static_cast<std::size_t>(stats.allocated_bytes[0].current),
        static_cast<std::size_t>(stats.reserved_bytes[0].current),
        c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device)));
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried to allocate ",
                     bytes / kMiB, " MiB. GPU ", device, " is a fake.");
  }
  const std::int64_t grown = wanted();
  stats.reserved_bytes[0].increase(static_cast<std::size_t>(grown));
  held()[device] += grown;
}

c10::DataPtr FakeAllocator::allocate(std::size_t size) {
  const int device = current_device();
  const c10::Device on(c10::kCUDA, static_cast<c10::DeviceIndex>(device));
  if (size == 0) return {nullptr, nullptr, &free_block, on};
  const std::lock_guard<std::mutex> lock(mutex_);
  touch(device);
  const auto requested = static_cast<std::int64_t>(size);
  const std::int64_t bytes = round_up(requested, kBlock);
  reserve(device, bytes);
  auto& stats = devices_[device].stats;
  stats.requested_bytes[0].increase(size);
  stats.allocated_bytes[0].increase(static_cast<std::size_t>(bytes));
  void* const block = std::malloc(static_cast<std::size_t>(bytes));
  blocks_[block] = {requested, bytes, device};
  note(device, "alloc", block, requested);
  return {block, block, &free_block, on};
}

void FakeAllocator::free(void* block) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blocks_.find(block);
  if (found == blocks_.end()) return;
  const Block freed = found->second;
  blocks_.erase(found);
  auto& stats = devices_[freed.device].stats;
  stats.requested_bytes[0].decrease(static_cast<std::size_t>(freed.requested));
  stats.allocated_bytes[0].decrease(static_cast<std::size_t>(freed.bytes));
  note(freed.device, "free_requested", block, freed.requested);
  note(freed.device, "free_completed", block, freed.requested);
  std::free(block);
}

void FakeAllocator::emptyCache(c10::MempoolId_t) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (int device = 0; device < kDevices; ++device) trim(device);
}

c10::CachingDeviceAllocator::DeviceStats FakeAllocator::getDeviceStats(c10::DeviceIndex device) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return devices_[device].stats;
}

void FakeAllocator::resetPeakStats(c10::DeviceIndex device) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& stats = devices_[device].stats;
  for (auto* stat :
       {&stats.requested_bytes[0], &stats.allocated_bytes[0], &stats.reserved_bytes[0]})
    stat->reset_peak();
}

// Without the lock: an observer of a refusal asks for it while it is held.
std::pair<std::size_t, std::size_t> FakeAllocator::getMemoryInfo(c10::DeviceIndex device) {
  touch(device);
  const std::int64_t free = total(device) - kOtherProcess - held()[device];
  return {static_cast<std::size_t>(free), static_cast<std::size_t>(total(device))};
}

void FakeAllocator::record_history() {
  const std::lock_guard<std::mutex> lock(mutex_);
  recording_ = true;
}

std::vector<FakeAllocator::Event> FakeAllocator::history(int device) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return devices_[device].history;
}

std::vector<std::pair<std::int64_t, FakeAllocator::Block>> FakeAllocator::blocks(int device) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::pair<std::int64_t, Block>> found;
  for (const auto& [address, block] : blocks_) {
    if (block.device == device)
      found.emplace_back(static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(address)),
                         block);
  }
  return found;
}

}  // namespace fake_gpu
