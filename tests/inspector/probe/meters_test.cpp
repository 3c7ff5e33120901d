// The meters on a backend that says what a test tells it to.

#include <gtest/gtest.h>
#include <inspector/model/probe_json.h>
#include <inspector/probe/attribution/module_ledger.h>
#include <inspector/probe/backends/resident_memory.h>
#include <inspector/probe/run/phase_meter.h>
#include <tests/inspector/probe/fake_backend.h>

#include <nlohmann/json.hpp>

namespace tally::inspector {
namespace {

using tests::FakeBackend;
using tests::FakeGpuBackend;

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

TEST(PhaseMeter, CountsWorkspacesInThePeakAndNotInWhatIsRetained) {
  FakeGpuBackend backend;
  PhaseMeter meter(backend);
  for (const char* phase : {"first", "second"}) {
    meter.begin(phase);
    backend.allocate(100);
    backend.multiply();
    meter.end();
  }
  for (int i = 0; i < 2; ++i) {
    const PhaseReading& phase = meter.phases()[i];
    EXPECT_EQ(phase.start_bytes, 100 * i);
    EXPECT_EQ(phase.retained(), 100);
    EXPECT_EQ(phase.peak_above_start(), 100 + FakeGpuBackend::kWorkspace);
    ASSERT_TRUE(phase.split);
    EXPECT_EQ(phase.split->workspace_bytes, FakeGpuBackend::kWorkspace);
    EXPECT_EQ(phase.split->tensor_bytes(), phase.end_bytes);
  }
}

TEST(PhaseMeter, LeavesAWorkspaceFromBeforeOutOfTheBaseline) {
  FakeGpuBackend backend;
  backend.allocate(5);
  backend.multiply();
  PhaseMeter meter(backend);
  EXPECT_EQ(meter.baseline(), 5);
  meter.begin("only");
  backend.multiply();
  meter.end();
  EXPECT_EQ(meter.phases()[0].retained(), 0);
}

TEST(DeviceSplit, AddsUpToWhatTheDriverSees) {
  FakeGpuBackend backend;
  backend.allocate(100);
  backend.multiply();
  const DeviceSplit split = *backend.split();
  EXPECT_EQ(split.tensor_bytes(), 100);
  EXPECT_EQ(
      split.tensor_bytes() + *split.workspace_bytes + split.rounding_bytes() + split.cached_bytes(),
      split.reserved_bytes);
  EXPECT_EQ(split.other_bytes(), FakeGpuBackend::kLoadedCode);
  EXPECT_EQ(split.reserved_bytes + *split.context_bytes + *split.other_processes_bytes +
                split.other_bytes(),
            split.driver_bytes);
}

TEST(DeviceSplit, PutsWhatIsNotKnownIntoTheRest) {
  FakeGpuBackend backend;
  DeviceSplit split = *backend.split();
  split.context_bytes.reset();
  EXPECT_EQ(split.other_bytes(), FakeGpuBackend::kLoadedCode + FakeGpuBackend::kContext);
  split.other_processes_bytes.reset();
  EXPECT_EQ(split.other_bytes(),
            FakeGpuBackend::kLoadedCode + FakeGpuBackend::kContext + FakeGpuBackend::kOthers);
  split.workspace_bytes.reset();
  EXPECT_EQ(split.tensor_bytes(), split.requested_bytes);
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

TEST(ResidentMemory, IsReadFromTheSystemsText) {
  const auto reading =
      parse_resident("Name:\tx\nVmPeak:\t 9000 kB\nVmHWM:\t  7000 kB\nVmRSS:\t  5000 kB\n");
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->now_bytes, 5000 * 1024);
  EXPECT_EQ(reading->peak_bytes, 7000 * 1024);
  EXPECT_FALSE(parse_resident("VmHWM:\t  7000 kB\n"));
  EXPECT_FALSE(parse_resident("VmHWM:\nVmRSS:"));
}

TEST(ResidentMemory, RisesByWhatIsWrittenToAndThePeakRemains) {
  constexpr std::int64_t kBlock = 64 << 20, kTolerance = 1 << 20;
  reset_resident_peak();
  const auto before = read_resident();
  if (!before) GTEST_SKIP() << "this system has no /proc/self/status";
  auto block = std::make_unique<std::vector<char>>(kBlock, 'x');
  const auto with = read_resident();
  EXPECT_NEAR(with->now_bytes - before->now_bytes, kBlock, kTolerance);
  block.reset();  // of that size it goes back to the system
  const auto after = read_resident();
  EXPECT_NEAR(after->now_bytes, before->now_bytes, kTolerance);
  EXPECT_NEAR(after->peak_bytes, with->now_bytes, kTolerance);
  if (!reset_resident_peak()) GTEST_SKIP() << "the system does not let the peak be reset";
  EXPECT_NEAR(read_resident()->peak_bytes, after->now_bytes, kTolerance);
}

TEST(ResidentMemory, OutsideTensorsIsTheGrowthLessTheHostsTensors) {
  ProbeResult result;
  result.phases = {{"weights", 0, 30, 40, {}}};
  EXPECT_EQ(resident_outside_tensors(result), std::nullopt);
  result.resident = ResidentMemory{100, 140, 150, 150, 160};
  EXPECT_EQ(resident_outside_tensors(result), 150 - 100 - 30);
  result.used_device = cuda_device(0);
  EXPECT_EQ(resident_outside_tensors(result), 150 - 100);
}

TEST(ProbeJson, KeepsARequest) {
  ProbeRequest request;
  request.path = "a\xff.pt";
  request.device = cuda_device(1);
  request.extent = ProbeExtent::kTrain;
  request.optimizer = OptimizerKind::kMomentum;
  request.inputs = {{"ids", {1, 128}, Dtype::kInt64, 0, 9},
                    {"", {3}, Dtype::kBool, std::nullopt, std::nullopt}};
  request.inputs.push_back({"masks", {3}, Dtype::kBool, {}, {}, "left", {}});
  request.inputs.push_back({"mode", {}, Dtype::kFloat32, {}, {}, "", "fast"});
  request.bundled_inputs = true;
  request.batch = 4;
  request.limit_bytes = 99;
  request.dtype = Dtype::kBFloat16;
  request.libraries = {"/x.so"};
  request.cuda_snapshot = true;
  const auto back = probe_request_from_json(to_json(request));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(request));
  EXPECT_EQ(back->path, request.path);
  EXPECT_EQ(back->device, cuda_device(1));
  EXPECT_EQ(back->inputs[0].high, 9);
  EXPECT_TRUE(back->cuda_snapshot);
  EXPECT_EQ(back->inputs[2].key, "left");
  EXPECT_EQ(back->inputs[3].value, "fast");
  EXPECT_TRUE(back->bundled_inputs);
}

TEST(ProbeJson, KeepsAResult) {
  ProbeResult result;
  result.used_device = cuda_device(2);
  result.phases = {{"weights", 0, 10, 12, DeviceSplit{11, 1, 16, 32, 20, 40, 7, std::nullopt, 64}}};
  result.parts = {{"weights", 10, 10}, {"[other]", std::nullopt, 0}};
  result.modules = {{"a.b", 1, 2, 3, 4, 5, 6, 7}};
  result.peak_module = "a.b";
  result.timeline = {{"enter", "a.b", 3}};
  result.resident = ResidentMemory{1, 2, std::nullopt, 4, 5};
  result.failure = ProbeFailure{ProbeFailure::Kind::kOutOfMemory, "loss", "no", "a", 5, 4};
  result.cuda_snapshot = std::string("\x80\x02}\0.", 5);
  const auto back = probe_result_from_json(to_json(result));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(result));
  EXPECT_EQ(back->used_device, cuda_device(2));
  EXPECT_EQ(back->resident, result.resident);
  EXPECT_EQ(back->modules[0].backward_flops, 7);
  EXPECT_EQ(back->phases[0].split->driver_bytes, 64);
  EXPECT_EQ(back->phases[0].split->context_bytes, 7);
  EXPECT_EQ(back->phases[0].split->other_processes_bytes, std::nullopt);
  EXPECT_EQ(back->cuda_snapshot, result.cuda_snapshot);
  EXPECT_EQ(back->failure->module, "a");
}

TEST(ProbeJson, RefusesASnapshotThatIsNoHexadecimal) {
  for (const char* text : {"0", "0g", "zz"}) {
    nlohmann::json value = to_json(ProbeResult{});
    value["cuda_snapshot"] = text;
    EXPECT_FALSE(probe_result_from_json(value)) << text;
  }
}

TEST(ProbeJson, RefusesAnotherShape) {
  EXPECT_FALSE(probe_request_from_json(nlohmann::json::array()));
  EXPECT_FALSE(probe_result_from_json(nlohmann::json{{"kind", 1}}));
}

}  // namespace
}  // namespace tally::inspector
