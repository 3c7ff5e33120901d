// A caching allocator in ordinary memory that counts as CUDA's does: blocks of 512 bytes, segments
// of 2 MiB that are kept, a cap on what is reserved.
#pragma once

#include <c10/core/CachingDeviceAllocator.h>
#include <tests/fake_gpu/fake_gpu.h>

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace fake_gpu {

class FakeAllocator final : public c10::DeviceAllocator {
 public:
  struct Event {
    std::string action;  ///< as PyTorch's memory viewer names it
    std::int64_t address, bytes;
  };
  struct Block {
    std::int64_t requested, bytes;
    int device;
  };

  c10::DataPtr allocate(std::size_t bytes) override;
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override;

  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t = {0, 0}) override;
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex device) override;
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex device) override;
  /// Free and total. Makes the context, as asking CUDA does.
  std::pair<std::size_t, std::size_t> getMemoryInfo(c10::DeviceIndex device) override;

  void free(void* block);
  void record_history();
  std::vector<Event> history(int device) const;
  std::vector<std::pair<std::int64_t, Block>> blocks(int device) const;

 private:
  struct Device {
    c10::CachingDeviceAllocator::DeviceStats stats;
    bool touched = false;
    std::vector<Event> history;
  };
  void touch(int device);
  void reserve(int device, std::int64_t bytes);
  void trim(int device);
  void note(int device, const char* action, const void* address, std::int64_t bytes);

  mutable std::mutex mutex_;
  std::unordered_map<void*, Block> blocks_;
  Device devices_[kDevices];
  bool recording_ = false;
};

/// The one there is, never destroyed.
FakeAllocator& allocator();

/// The device that the calling thread uses.
int current_device();
void set_current_device(int device);

}  // namespace fake_gpu
