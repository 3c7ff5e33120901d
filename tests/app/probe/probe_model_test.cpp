// What `torchtally probe` makes of its runs: a part that fails leaves the others as they are. The
// runs say what a test tells them to.

#include <app/probe/probe_model.h>
#include <gtest/gtest.h>

namespace tally::app {
namespace {

using namespace inspector;

const Error kNoWorker{ErrorCode::kUnavailable, "it cannot be had", "try another"};

enum class Part { kPlain, kVirtual, kModules };

Part part_of(const ProbeRequest& request) {
  if (request.device.is_meta()) return Part::kVirtual;
  return request.attribute ? Part::kModules : Part::kPlain;
}

struct FakeWorker {
  std::vector<Part> errors;                ///< these runs cannot be made
  std::vector<Part> failures;              ///< these do not come to their end
  std::optional<std::int64_t> error_from;  ///< batches from here on cannot be run
  Device used = kCpuDevice;                ///< what "auto" becomes
  std::vector<ProbeRequest> requests = {};

  static bool has(const std::vector<Part>& parts, Part part) {
    return std::find(parts.begin(), parts.end(), part) != parts.end();
  }

  Result<ProbeResult> run(const ProbeRequest& request) {
    requests.push_back(request);
    const Part part = part_of(request);
    if (has(errors, part)) return kNoWorker;
    if (error_from && request.batch.value_or(0) >= *error_from) return kNoWorker;
    ProbeResult result;
    result.used_device = request.device.is_auto() ? used : request.device;
    result.phases = {{"evaluation forward", 0, 10, 20, {}}};
    if (request.cuda_snapshot) result.cuda_snapshot = "snapshot";
    if (has(failures, part)) {
      result.failure = ProbeFailure{
          ProbeFailure::Kind::kUnsupported, "evaluation forward", "aten::odd", {}, {}, {}};
    }
    return result;
  }

  Result<ProbeOutcome> probe(const ProbePlan& plan) {
    return probe_model(plan, {[this](const ProbeRequest& r) { return run(r); },
                              [] { return Result<DeviceReport>(DeviceReport{}); }});
  }
};

ProbePlan plan_on(const Device& device) {
  ProbePlan plan;
  plan.request.device = device;
  plan.request.path = "model.pt";
  return plan;
}

const ProbedConfiguration& only(const ProbeOutcome& outcome) {
  return outcome.report.configurations.front();
}

TEST(ProbeModel, KeepsTheMeasurementWhereTheVirtualRunCannotBeMade) {
  FakeWorker worker{{Part::kVirtual}, {}, {}};
  const auto outcome = worker.probe(plan_on(kCpuDevice));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(only(*outcome).runs.front().phases.size(), 1u);
  EXPECT_TRUE(only(*outcome).modules);
  ASSERT_TRUE(only(*outcome).virtual_run && only(*outcome).virtual_run->failure);
  EXPECT_EQ(only(*outcome).virtual_run->failure->kind, ProbeFailure::Kind::kUnavailable);
  EXPECT_EQ(failure_text(*only(*outcome).virtual_run->failure), "Not run: it cannot be had");
  EXPECT_FALSE(has_failure(outcome->report));
}

TEST(ProbeModel, KeepsTheMeasurementWhereTheRunOfModulesCannotBeMade) {
  for (const bool made : {false, true}) {
    FakeWorker worker;
    (made ? worker.failures : worker.errors) = {Part::kModules};
    const auto outcome = worker.probe(plan_on(kCpuDevice));
    ASSERT_TRUE(outcome);
    const ProbeResult& plain = only(*outcome).runs.front();
    EXPECT_EQ(plain.phases.size(), 1u);
    ASSERT_EQ(plain.notes.size(), 1u);
    EXPECT_NE(plain.notes[0].find(made ? "aten::odd" : "it cannot be had"), std::string::npos)
        << plain.notes[0];
    EXPECT_FALSE(has_failure(outcome->report));
  }
}

TEST(ProbeModel, KeepsWhatASweepAndRepeatsMeasuredBefore) {
  FakeWorker worker;
  worker.error_from = 4;
  ProbePlan plan = plan_on(kCpuDevice);
  plan.batches = {2, 4, 1};
  const auto outcome = worker.probe(plan);
  ASSERT_TRUE(outcome);
  const auto& configurations = outcome->report.configurations;
  ASSERT_EQ(configurations.size(), 3u);
  EXPECT_FALSE(configurations[0].runs[0].failure);
  ASSERT_TRUE(configurations[1].runs[0].failure);
  EXPECT_EQ(configurations[1].runs[0].failure->message, "it cannot be had");
  EXPECT_FALSE(configurations[2].runs[0].failure);
  EXPECT_TRUE(has_failure(outcome->report));
}

TEST(ProbeModel, IsAnErrorWhereNothingCanBeMeasured) {
  FakeWorker worker{{Part::kPlain}, {}, {}};
  const auto outcome = worker.probe(plan_on(kCpuDevice));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, kNoWorker.message);
}

TEST(ProbeModel, MissesAVirtualRunOnlyWhereAFlagAskedForIt) {
  FakeWorker worker;
  worker.failures = {Part::kVirtual};
  ProbePlan plan = plan_on(kCpuDevice);
  const auto unasked = worker.probe(plan);
  ASSERT_TRUE(unasked);
  EXPECT_FALSE(missing_part(plan, unasked->report));
  plan.virtual_for = VirtualTarget::kCpu;
  const auto asked = worker.probe(plan);
  ASSERT_TRUE(asked);
  const auto missing = missing_part(plan, asked->report);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->code, ErrorCode::kUnavailable);
  EXPECT_NE(missing->message.find("aten::odd"), std::string::npos) << missing->message;
  worker.failures.clear();
  EXPECT_FALSE(missing_part(plan, worker.probe(plan)->report));
}

TEST(ProbeModel, StandsForTheDeviceThatWasMeasured) {
  for (const auto& [used, target] : {std::pair{kCpuDevice, VirtualTarget::kCpu},
                                     std::pair{cuda_device(1), VirtualTarget::kCuda}}) {
    FakeWorker worker;
    worker.used = used;
    ASSERT_TRUE(worker.probe(plan_on(kAnyDevice)));
    ASSERT_EQ(worker.requests.size(), 3u);
    EXPECT_EQ(worker.requests[1].device, kMetaDevice);
    EXPECT_EQ(worker.requests[1].virtual_target, target);
  }
}

TEST(ProbeModel, TakesASnapshotInTheFirstPlainRunAlone) {
  FakeWorker worker;
  ProbePlan plan = plan_on(cuda_device(0));
  plan.request.cuda_snapshot = true;
  plan.repeats = 2;
  const auto outcome = worker.probe(plan);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cuda_snapshot, "snapshot");
  ASSERT_EQ(worker.requests.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(worker.requests[i].cuda_snapshot, i == 0) << i;
}

}  // namespace
}  // namespace tally::app
