// A memory backend that says what a test tells it to.
#pragma once

#include <inspector/probe/backends/memory_backend.h>

#include <algorithm>

namespace tally::tests {

class FakeBackend : public inspector::MemoryBackend {
 public:
  void allocate(std::int64_t bytes) {
    current_ += bytes;
    peak_ = std::max(peak_, current_);
  }
  void free(std::int64_t bytes) { current_ -= bytes; }

  inspector::Device device() const override { return inspector::kCpuDevice; }
  inspector::MemoryReading read() override { return {current_, peak_}; }
  void reset_peak() override { peak_ = current_; }
  void set_limit(std::int64_t) override {}
  std::optional<inspector::Refusal> refusal() const override { return std::nullopt; }
  void forget_refusal() override {}
  void synchronize() override { ++synchronized; }

  int synchronized = 0;

 private:
  std::int64_t current_ = 0, peak_ = 0;
};

/// One of a GPU, with a library that keeps a workspace for itself until it must let it go.
class FakeGpuBackend final : public FakeBackend {
 public:
  /// A matrix product: makes the workspace where there is none.
  void multiply() {
    if (workspace_ == 0) allocate(workspace_ = kWorkspace);
  }

  std::optional<inspector::DeviceSplit> split() override {
    inspector::DeviceSplit split;
    split.requested_bytes = read().current_bytes;
    split.workspace_bytes = workspace_;
    free(std::exchange(workspace_, 0));
    split.allocated_bytes = split.requested_bytes + kRounding;
    split.reserved_bytes = split.allocated_bytes + kCached;
    split.context_bytes = kContext;
    split.other_processes_bytes = kOthers;
    split.driver_bytes = split.reserved_bytes + kContext + kOthers + kLoadedCode;
    return split;
  }

  static constexpr std::int64_t kWorkspace = 1000, kRounding = 12, kCached = 500, kContext = 7000,
                                kOthers = 9000, kLoadedCode = 30;

 private:
  std::int64_t workspace_ = 0;
};

}  // namespace tally::tests
