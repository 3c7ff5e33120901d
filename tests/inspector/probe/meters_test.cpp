// The meters on a backend that says what a test tells it to.

#include <gtest/gtest.h>
#include <inspector/model/probe_json.h>
#include <inspector/probe/cuda_driver.h>
#include <inspector/probe/module_ledger.h>
#include <inspector/probe/phase_meter.h>

#include <nlohmann/json.hpp>

namespace tally::inspector {
namespace {

class FakeBackend final : public MemoryBackend {
 public:
  void allocate(std::int64_t bytes) {
    current_ += bytes;
    peak_ = std::max(peak_, current_);
  }
  void free(std::int64_t bytes) { current_ -= bytes; }

  std::string device() const override { return "fake"; }
  MemoryReading read() override { return {current_, peak_, std::nullopt}; }
  void reset_peak() override { peak_ = current_; }
  void set_limit(std::int64_t) override {}
  std::optional<Refusal> refusal() const override { return std::nullopt; }
  void synchronize() override { ++synchronized; }

  int synchronized = 0;

 private:
  std::int64_t current_ = 0, peak_ = 0;
};

TEST(PhaseMeter, TakesOffTheBaseline) {
  FakeBackend backend;
  backend.allocate(1000);
  PhaseMeter meter(backend);
  meter.begin("weights");
  backend.allocate(50);
  backend.allocate(20);
  backend.free(20);
  meter.end();
  ASSERT_EQ(meter.phases().size(), 1u);
  EXPECT_EQ(meter.phases()[0].start_bytes, 0);
  EXPECT_EQ(meter.phases()[0].end_bytes, 50);
  EXPECT_EQ(meter.phases()[0].peak_bytes, 70);
}

TEST(PhaseMeter, GivesWhatIsFreedBetweenPhasesToNeither) {
  FakeBackend backend;
  PhaseMeter meter(backend);
  meter.begin("first");
  backend.allocate(100);
  meter.end();
  backend.free(30);
  meter.begin("second");
  backend.allocate(10);
  meter.end();
  EXPECT_EQ(meter.phases()[0].retained(), 100);
  EXPECT_EQ(meter.phases()[1].start_bytes, 70);
  EXPECT_EQ(meter.phases()[1].retained(), 10);
  EXPECT_EQ(meter.phases()[1].peak_above_start(), 10);
}

TEST(PhaseMeter, WaitsForTheDeviceAtEveryBorder) {
  FakeBackend backend;
  PhaseMeter meter(backend);
  meter.begin("only");
  meter.end();
  EXPECT_EQ(backend.synchronized, 3);
}

TEST(ModuleLedger, GivesEachFrameItsOwnPeakAndTheParentTheHighest) {
  FakeBackend backend;
  ModuleLedger ledger(backend, 0);
  ledger.enter("", ModuleLedger::Direction::kForward);
  ledger.enter("a", ModuleLedger::Direction::kForward);
  backend.allocate(100);
  backend.free(60);
  ledger.leave();
  ledger.enter("b", ModuleLedger::Direction::kForward);
  backend.allocate(30);
  ledger.leave();
  ledger.leave();
  const auto modules = ledger.modules();
  ASSERT_EQ(modules.size(), 3u);
  EXPECT_EQ(modules[0].path, "");
  EXPECT_EQ(modules[0].retained_bytes, 70);
  EXPECT_EQ(modules[0].forward_peak_bytes, 100);
  EXPECT_EQ(modules[1].retained_bytes, 40);
  EXPECT_EQ(modules[1].forward_peak_bytes, 100);
  EXPECT_EQ(modules[2].forward_peak_bytes, 30);
  EXPECT_EQ(modules[2].absolute_peak_bytes, 70);
  EXPECT_EQ(ledger.peak_module(), "a");
}

TEST(ModuleLedger, KeepsForwardAndBackwardApart) {
  FakeBackend backend;
  ModuleLedger ledger(backend, 0);
  ledger.enter("a", ModuleLedger::Direction::kForward);
  ledger.add_flops(7);
  ledger.leave();
  ledger.enter("a", ModuleLedger::Direction::kBackward);
  ledger.add_flops(14);
  backend.allocate(5);
  ledger.leave();
  EXPECT_EQ(ledger.flops(ModuleLedger::Direction::kForward), 7);
  EXPECT_EQ(ledger.flops(ModuleLedger::Direction::kBackward), 14);
  EXPECT_EQ(ledger.modules()[0].calls, 1);
  EXPECT_EQ(ledger.modules()[0].backward_peak_bytes, 5);
  EXPECT_EQ(ledger.modules()[0].forward_peak_bytes, 0);
}

TEST(CudaDriver, SaysThatThereIsNoDriver) {
  const auto driver = query_cuda_driver("libcuda-that-is-not-there.so.1");
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(driver.error().message, "there is no NVIDIA driver: libcuda-that-is-not-there.so.1 is not on this machine");
}

TEST(CudaDriver, RefusesALibraryThatIsNone) {
  const auto driver = query_cuda_driver("libm.so.6");
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().message, "libm.so.6 is not a CUDA driver that this program knows");
}

TEST(ProbeJson, KeepsARequest) {
  ProbeRequest request;
  request.path = "a\xff.pt";
  request.device = "cuda:1";
  request.extent = ProbeExtent::kTrain;
  request.optimizer = OptimizerKind::kMomentum;
  request.inputs = {{"ids", {1, 128}, Dtype::kInt64, 0, 9}, {"", {3}, Dtype::kBool, std::nullopt, std::nullopt}};
  request.batch = 4;
  request.limit_bytes = 99;
  request.dtype = Dtype::kBFloat16;
  request.libraries = {"/x.so"};
  const auto back = probe_request_from_json(to_json(request));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(request));
  EXPECT_EQ(back->path, request.path);
  EXPECT_EQ(back->inputs[0].high, 9);
}

TEST(ProbeJson, KeepsAResult) {
  ProbeResult result;
  result.used_device = "cuda:0";
  result.phases = {{"weights", 0, 10, 12, DeviceSplit{16, 32, 64}}};
  result.parts = {{"weights", 10, 10}, {"[other]", std::nullopt, 0}};
  result.modules = {{"a.b", 1, 2, 3, 4, 5, 6, 7}};
  result.peak_module = "a.b";
  result.timeline = {{"enter", "a.b", 3}};
  result.failure = ProbeFailure{ProbeFailure::Kind::kOutOfMemory, "loss", "no", "a", 5, 4};
  const auto back = probe_result_from_json(to_json(result));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(result));
  EXPECT_EQ(back->modules[0].backward_flops, 7);
  EXPECT_EQ(back->phases[0].split->driver_bytes, 64);
  EXPECT_EQ(back->failure->module, "a");
}

TEST(ProbeJson, RefusesAnotherShape) {
  EXPECT_FALSE(probe_request_from_json(nlohmann::json::array()));
  EXPECT_FALSE(probe_result_from_json(nlohmann::json{{"kind", 1}}));
}

}  // namespace
}  // namespace tally::inspector
