// --max-batch on runs that say what a test tells them to.

#include <app/probe/max_batch.h>
#include <gtest/gtest.h>

#include <csignal>

namespace tally::app {
namespace {

using namespace inspector;

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

/// A model that takes `fixed` + `each` bytes for every element of the batch.
struct FakeModel {
  std::int64_t fixed = 1000, each = 10;
  std::int64_t virtual_each = 10;
  ProbeFailure::Kind refusal = ProbeFailure::Kind::kOutOfMemory;
  std::optional<int> signal;
  std::int64_t room = 0;                    ///< of the device, where a request has no limit
  std::optional<std::int64_t> throws_from;  ///< batches from here on: the model's own error
  std::optional<std::string> no_virtual;    ///< an operator without a meta kernel
  std::vector<ProbeRequest> requests;

  Result<ProbeResult> run(const ProbeRequest& request) {
    requests.push_back(request);
    const bool is_virtual = request.device.is_meta();
    ProbeResult result;
    result.used_device = request.device;
    result.kind = is_virtual ? "virtual" : "measured on " + name(request.device);
    const std::int64_t peak = fixed + *request.batch * (is_virtual ? virtual_each : each);
    const std::int64_t most = request.limit_bytes > 0 ? request.limit_bytes : room;
    result.phases = {{"evaluation forward", fixed, fixed, peak, {}}};
    if (throws_from && *request.batch >= *throws_from) {
      result.failure =
          ProbeFailure{ProbeFailure::Kind::kModel, "evaluation forward", "no", {}, {}, {}};
    } else if (is_virtual && no_virtual) {
      result.failure = ProbeFailure{
          ProbeFailure::Kind::kUnsupported, "evaluation forward", *no_virtual, {}, {}, {}};
    } else if (!is_virtual && most > 0 && peak > most) {
      result.failure = ProbeFailure{refusal, "evaluation forward", "", {}, peak, most - fixed};
      result.failure->signal = signal;
    }
    return result;
  }
  MaxBatch search(const Device& device, const BatchBudget& budget) {
    ProbeRequest request;
    request.device = device;
    request.limit_bytes = budget.cap_bytes;  // that of --limit, which no virtual run is to meet
    const auto found =
        find_max_batch(request, budget, [this](const ProbeRequest& r) { return run(r); });
    EXPECT_TRUE(found);
    return found ? *found : MaxBatch{};
  }
};

std::vector<std::pair<std::int64_t, std::string>> tried(const MaxBatch& found) {
  std::vector<std::pair<std::int64_t, std::string>> all;
  for (const BatchTrial& t : found.trials) all.emplace_back(t.batch, t.kind);
  return all;
}

DeviceReport machine() {
  DeviceReport report;
  report.cpu_total_bytes = 16 * kGiB;
  report.cpu_available_bytes = 8 * kGiB;
  report.no_cuda = "no driver";
  return report;
}

ProbeRequest on(const Device& device) {
  ProbeRequest request;
  request.device = device;
  return request;
}

TEST(BatchBudget, IsTheLimitThatIsGiven) {
  ProbeRequest request = on(kCpuDevice);
  request.limit_bytes = 5000;
  const BatchBudget budget = batch_budget(request, std::nullopt);
  EXPECT_EQ(budget.bytes, 5000);
  EXPECT_EQ(budget.cap_bytes, 5000);
  EXPECT_EQ(budget.source, "--limit");
}

TEST(BatchBudget, OfTheCpuKeepsAReserveAndIsAHardCap) {
  const BatchBudget budget = batch_budget(on(kAnyDevice), machine());
  EXPECT_EQ(budget.bytes, 7 * kGiB);
  EXPECT_EQ(budget.cap_bytes, 7 * kGiB);
  EXPECT_NE(budget.source.find("less 1,073,741,824 B"), std::string::npos) << budget.source;
}

TEST(BatchBudget, OfTheCpuMindsTheControlGroup) {
  DeviceReport report = machine();
  report.cpu_limit_bytes = 3 * kGiB;
  EXPECT_EQ(batch_budget(on(kCpuDevice), report).bytes, 2 * kGiB);
  report.cpu_limit_bytes = kGiB / 2;  // less than the reserve: nothing fits, rather than no limit
  EXPECT_EQ(batch_budget(on(kCpuDevice), report).cap_bytes, 1);
}

// 1,000 bytes and 10 for each element: 1,500 hold exactly 50, virtually and measured.
TEST(MaxBatch, MayFillTheBudgetToTheByte) {
  for (const Device& device : {kMetaDevice, kCpuDevice}) {
    FakeModel model;
    EXPECT_EQ(model.search(device, {1500, "--limit", 1500}).largest, 50);
    EXPECT_EQ(model.search(device, {1499, "--limit", 1499}).largest, 49);
  }
}

TEST(BatchBudget, OfACudaDeviceIsWhatIsFreeLessAContextAndNoCap) {
  DeviceReport report = machine();
  report.no_cuda.clear();
  report.cuda.resize(2);
  report.cuda[1].index = 1;
  report.cuda[1].free_bytes = 70 * kGiB;
  report.cuda[1].context_bytes = kGiB;
  const BatchBudget budget = batch_budget(on(cuda_device(1)), report);
  EXPECT_EQ(budget.bytes, 69 * kGiB);
  EXPECT_TRUE(budget.of_cuda);
  EXPECT_EQ(budget.cap_bytes, 0);
  EXPECT_EQ(batch_budget(on(cuda_device(0)), report).bytes,
            std::nullopt);  // NVML says nothing of it
  EXPECT_EQ(batch_budget(on(kCpuDevice), report).bytes, 7 * kGiB);
}

TEST(MaxBatch, TheVirtualAnswerIsConfirmedByRunningItAndTheNext) {
  FakeModel model;
  const MaxBatch found = model.search(kCpuDevice, {2234, "--limit", 2234});
  EXPECT_EQ(found.largest, 123);
  EXPECT_TRUE(found.next_fails);
  EXPECT_TRUE(found.answered());
  EXPECT_EQ(tried(found),
            (std::vector<std::pair<std::int64_t, std::string>>{{1, "virtual"},
                                                               {2, "virtual"},
                                                               {4, "virtual"},
                                                               {123, "virtual"},
                                                               {124, "virtual"},
                                                               {123, "measured on cpu"},
                                                               {124, "measured on cpu"}}));
  EXPECT_EQ(found.run.kind, "measured on cpu");
  EXPECT_EQ(found.run.phases[0].peak_bytes, 2230);
  EXPECT_EQ(found.trials.back().outcome, BatchOutcome::kDoesNotFit);
  for (const ProbeRequest& r : model.requests)
    EXPECT_EQ(r.limit_bytes, r.device.is_meta() ? 0 : 2234);
}

TEST(MaxBatch, MeasurementDecidesWhereTheVirtualAnswerIsOff) {
  for (const std::int64_t virtual_each : {7, 9, 11, 30}) {
    FakeModel model;
    model.virtual_each = virtual_each;
    const MaxBatch found = model.search(kCpuDevice, {2234, "--limit", 2234});
    EXPECT_EQ(found.largest, 123) << virtual_each;
    EXPECT_TRUE(found.next_fails) << virtual_each;
    EXPECT_EQ(found.run.phases[0].peak_bytes, 2230) << virtual_each;
  }
}

TEST(MaxBatch, OnMetaVirtualRunsAloneDecide) {
  FakeModel model;
  const MaxBatch found = model.search(kMetaDevice, {2234, "--limit", 2234});
  EXPECT_EQ(found.largest, 123);
  EXPECT_EQ(found.run.kind, "virtual");
  for (const auto& [batch, kind] : tried(found)) EXPECT_EQ(kind, "virtual");
  EXPECT_EQ(found.trials.back().reason, "evaluation forward: 2,240 B at its peak");
}

TEST(MaxBatch, WithoutAVirtualRunItIsMeasuredFromOneOnAndSaysWhy) {
  FakeModel model;
  model.no_virtual = "aten::nonzero depends on data";
  const MaxBatch found = model.search(kCpuDevice, {2234, "--limit", 2234});
  EXPECT_EQ(found.largest, 123);
  EXPECT_NE(found.no_virtual.find("aten::nonzero"), std::string::npos);
  EXPECT_EQ(tried(found)[1].second, "measured on cpu");
}

TEST(MaxBatch, WhereItIsNotKnownWhatFitsOnlyTheDeviceDecides) {
  FakeModel model;
  model.room = 2234;
  const MaxBatch found = model.search(cuda_device(0), {std::nullopt, "not known", 0});
  EXPECT_EQ(found.largest, 123);
  EXPECT_EQ(found.no_virtual, "what fits is not known");
  for (const auto& [batch, kind] : tried(found)) EXPECT_EQ(kind, "measured on cuda:0");
}

TEST(MaxBatch, AProcessThatTheSystemEndsDidNotFit) {
  FakeModel model;
  model.refusal = ProbeFailure::Kind::kKilled;
  model.signal = SIGKILL;
  const MaxBatch found = model.search(kCpuDevice, {2234, "--limit", 2234});
  EXPECT_EQ(found.largest, 123);
  EXPECT_TRUE(found.next_fails);
}

TEST(MaxBatch, AProcessThatCrashedOrTookTooLongSaysNothingOfMemory) {
  for (const std::optional<int> signal : {std::optional<int>(SIGSEGV), std::optional<int>()}) {
    FakeModel model;
    model.refusal = ProbeFailure::Kind::kKilled;
    model.signal = signal;
    const MaxBatch found = model.search(kCpuDevice, {2234, "--limit", 2234});
    EXPECT_TRUE(found.stopped);
    EXPECT_FALSE(found.answered());
  }
}

TEST(MaxBatch, AnErrorOfTheModelIsNoAnswer) {
  FakeModel model;
  model.throws_from = 5;
  const MaxBatch found = model.search(kCpuDevice, {2234, "--limit", 2234});
  EXPECT_TRUE(found.stopped);
  EXPECT_FALSE(found.answered());
  ASSERT_TRUE(found.run.failure);
  EXPECT_EQ(found.run.failure->kind, ProbeFailure::Kind::kModel);
}

TEST(MaxBatch, WhereBatchOneDoesNotFitThatRunIsShown) {
  FakeModel model;
  const MaxBatch found = model.search(kCpuDevice, {1005, "--limit", 1005});
  EXPECT_EQ(found.largest, std::nullopt);
  EXPECT_FALSE(found.answered());
  ASSERT_TRUE(found.run.failure);
  EXPECT_EQ(found.run.failure->kind, ProbeFailure::Kind::kOutOfMemory);
  EXPECT_EQ(found.trials.back().batch, 1);
}

TEST(MaxBatch, AVirtualRunThatCannotBeMadeLeavesTheMeasuredSearch) {
  FakeModel model;
  ProbeRequest request = on(kCpuDevice);
  const auto found = find_max_batch(request, {2234, "--limit", 2234},
                                    [&](const ProbeRequest& r) -> Result<ProbeResult> {
                                      if (r.device.is_meta())
                                        return Error{ErrorCode::kUnavailable, "not virtually", ""};
                                      return model.run(r);
                                    });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->largest, 123);
  EXPECT_EQ(found->no_virtual, "not virtually");
}

TEST(MaxBatch, AnErrorOfTheRunIsPassedOn) {
  const auto found = find_max_batch(on(kCpuDevice), {10, "--limit", 10},
                                    [](const ProbeRequest&) -> Result<ProbeResult> {
                                      return Error{ErrorCode::kUsage, "no input", "give one"};
                                    });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "no input");
}

}  // namespace
}  // namespace tally::app
