// The search for the largest batch, over memory that is a function of the batch.

#include <gtest/gtest.h>
#include <inspector/probe/run/largest_batch.h>

#include <algorithm>
#include <random>

namespace tally::inspector {
namespace {

using Bytes = std::function<std::int64_t(std::int64_t batch)>;

TryBatch within(std::int64_t budget, Bytes bytes) {
  return [=](std::int64_t batch) -> Result<BatchTrial> {
    const std::int64_t peak = bytes(batch);
    if (peak <= budget) return BatchTrial{batch, "fake", BatchOutcome::kFits, peak, ""};
    return BatchTrial{batch, "fake", BatchOutcome::kDoesNotFit, budget, "too much"};
  };
}

std::vector<std::int64_t> batches(const BatchSearch& search) {
  std::vector<std::int64_t> all;
  for (const BatchTrial& trial : search.trials) all.push_back(trial.batch);
  return all;
}

bool tried(const BatchSearch& search, std::int64_t batch, BatchOutcome outcome) {
  return std::any_of(search.trials.begin(), search.trials.end(),
                     [&](const BatchTrial& t) { return t.batch == batch && t.outcome == outcome; });
}

BatchSearch search(const BatchBounds& bounds, const TryBatch& try_batch) {
  const Result<BatchSearch> found = find_largest_batch(bounds, try_batch);
  EXPECT_TRUE(found);
  return found ? *found : BatchSearch{};
}

std::int64_t line(std::int64_t batch) { return 1000 + 7 * batch; }

TEST(LargestBatch, DoublesThenHalves) {
  const auto found = search({1, 1000, std::nullopt}, within(1077, line));  // 11 is the last
  EXPECT_EQ(found.largest, 11);
  EXPECT_TRUE(found.next_fails);
  EXPECT_EQ(batches(found), (std::vector<std::int64_t>{1, 2, 4, 8, 16, 12, 10, 11}));
}

TEST(LargestBatch, FollowsTheLineThroughThreeTrialsAndTriesBothSidesOfItsEnd) {
  const auto found = search({1, 1'000'000, 701'005}, within(701'005, line));
  EXPECT_EQ(found.largest, 100'000);
  EXPECT_EQ(batches(found), (std::vector<std::int64_t>{1, 2, 4, 100'000, 100'001}));
}

TEST(LargestBatch, DoesNotFollowThreePointsThatAreOffALineByAByte) {
  const Bytes bent = [](std::int64_t b) { return line(b) + (b == 2 ? 1 : 0); };
  const auto found = search({1, 1000, 1700}, within(1700, bent));
  EXPECT_EQ(found.largest, 100);
  EXPECT_EQ(batches(found)[3], 8);  // on by doubling; 2, 4 and 8 are on no line either
  EXPECT_EQ(batches(found)[4], 16);
}

TEST(LargestBatch, DoesNotBelieveALineThatBends) {
  // From 50 on another phase makes the peak, with a steeper line.
  const Bytes bent = [](std::int64_t b) { return std::max(line(b), 100 * b - 3650); };
  const auto found = search({1, 1'000'000, 5000}, within(5000, bent));
  EXPECT_EQ(found.largest, 86);
  EXPECT_TRUE(tried(found, 86, BatchOutcome::kFits));
  EXPECT_TRUE(tried(found, 87, BatchOutcome::kDoesNotFit));
}

TEST(LargestBatch, AGoodGuessIsConfirmedByTwoTrials) {
  const auto found = search({100, 1000, 1700}, within(1700, line));
  EXPECT_EQ(batches(found), (std::vector<std::int64_t>{100, 101}));
  EXPECT_EQ(found.largest, 100);
  EXPECT_TRUE(found.next_fails);
}

TEST(LargestBatch, AGuessThatIsTooHighIsGoneDownFrom) {
  const auto found = search({105, 1000, 1700}, within(1700, line));
  EXPECT_EQ(batches(found), (std::vector<std::int64_t>{105, 104, 102, 98, 100, 101}));
  EXPECT_EQ(found.largest, 100);
}

TEST(LargestBatch, NothingFits) {
  const auto found = search({8, 1000, 1000}, within(1000, line));
  EXPECT_EQ(found.largest, std::nullopt);
  EXPECT_FALSE(found.stopped);
  EXPECT_TRUE(tried(found, 1, BatchOutcome::kDoesNotFit));
  EXPECT_TRUE(found.next_fails);  // batch 1 is the next after none
}

TEST(LargestBatch, TheBoundIsNotPassedAndThenNothingIsSaidOfTheNext) {
  const auto found = search({1, 64, 1 << 30}, within(1 << 30, line));
  EXPECT_EQ(found.largest, 64);
  EXPECT_FALSE(found.next_fails);
  const std::vector<std::int64_t> all = batches(found);
  EXPECT_EQ(*std::max_element(all.begin(), all.end()), 64);
}

TEST(LargestBatch, AnotherFailureEndsTheSearch) {
  const auto found = search({1, 1000, std::nullopt}, [](std::int64_t b) -> Result<BatchTrial> {
    if (b < 4) return BatchTrial{b, "fake", BatchOutcome::kFits, line(b), ""};
    return BatchTrial{b, "fake", BatchOutcome::kStopped, 0, "the model threw"};
  });
  EXPECT_TRUE(found.stopped);
  EXPECT_FALSE(found.next_fails);
  EXPECT_EQ(found.largest, 2);
  EXPECT_EQ(found.trials.back().reason, "the model threw");
}

TEST(LargestBatch, AnErrorIsPassedOn) {
  const auto found =
      find_largest_batch({1, 8, std::nullopt}, [](std::int64_t) -> Result<BatchTrial> {
        return Error{ErrorCode::kUnavailable, "no worker", "install it"};
      });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "no worker");
}

TEST(LargestBatch, PeaksPast64BitsOfProductsAreFollowedExactly) {
  const Bytes huge = [](std::int64_t b) { return (std::int64_t{1} << 60) + (b << 30); };
  const std::int64_t budget = (std::int64_t{1} << 60) + (std::int64_t{123'456} << 30);
  const auto found = search({1, 1'000'000, budget}, within(budget, huge));
  EXPECT_EQ(found.largest, 123'456);
  EXPECT_EQ(found.trials.size(), 5u);
}

// Whatever memory does as long as it does not fall: the answer was tried and fits, the next was
// tried and does not, and no batch was tried twice.
TEST(LargestBatch, IsRightForAnyMemoryThatDoesNotFall) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::int64_t> bytes{0};
    for (int b = 1; b <= 300; ++b)
      bytes.push_back(bytes.back() + static_cast<std::int64_t>(random() % 3) * (round % 5));
    const std::int64_t budget = static_cast<std::int64_t>(random() % 900);
    const auto most = static_cast<std::int64_t>(1 + random() % 300);
    const auto first = static_cast<std::int64_t>(1 + random() % static_cast<unsigned>(most));
    const auto at = [&](std::int64_t b) { return bytes[static_cast<std::size_t>(b)]; };
    std::int64_t expected = 0;
    while (expected < most && at(expected + 1) <= budget) ++expected;
    const auto found = search({first, most, budget}, within(budget, at));
    ASSERT_EQ(found.largest.value_or(0), expected) << round;
    ASSERT_EQ(found.next_fails, expected < most) << round;
    if (expected > 0) {
      ASSERT_TRUE(tried(found, expected, BatchOutcome::kFits)) << round;
    }
    if (expected < most) {
      ASSERT_TRUE(tried(found, expected + 1, BatchOutcome::kDoesNotFit)) << round;
    }
    std::vector<std::int64_t> all = batches(found);
    std::sort(all.begin(), all.end());
    ASSERT_EQ(std::adjacent_find(all.begin(), all.end()), all.end()) << round;
    ASSERT_LE(all.size(), 22u) << round;
  }
}

}  // namespace
}  // namespace tally::inspector
