// --max-batch with real runs. The model is an MLP without biases, 256 to 1024 to 256, in fp32: its
// evaluation forward holds the weights, and a batch's input, middle and output, 6144 bytes an
// element of the batch.

#include <gtest/gtest.h>
#include <tests/run_torchtally.h>

namespace tally::tests {
namespace {

using nlohmann::json;

constexpr std::int64_t kWeights = 2 * 256 * 1024 * 4, kElement = (256 + 1024 + 256) * 4;

json max_batch(std::vector<std::string> arguments, int expected_exit = 0) {
  arguments.insert(arguments.begin(), {"probe", "-f", "json", "tests/inspector/probe/mlp.pt", "-i",
                                       "1x256", "--max-batch", "--no-modules"});
  const Ran ran = run_torchtally(arguments);
  EXPECT_EQ(ran.exit_code, expected_exit) << ran.out;
  return json::parse(ran.out);
}

const json& only(const json& report) { return report.at("configurations").at(0); }

std::vector<std::int64_t> measured(const json& search) {
  std::vector<std::int64_t> batches;
  for (const json& trial : search.at("trials")) {
    if (trial.at("kind") == "measured on cpu") batches.push_back(trial.at("batch"));
  }
  return batches;
}

TEST(MaxBatch, IsWhatArithmeticGivesAndWasRunWithTheNext) {
  const std::int64_t limit = kWeights + 1000 * kElement + kElement / 2;
  const json report = max_batch({"--device", "cpu", "--limit", std::to_string(limit)});
  const json& search = only(report).at("max_batch");
  EXPECT_EQ(search.at("largest"), 1000);
  EXPECT_EQ(search.at("next_fails"), true);
  EXPECT_EQ(search.at("budget_bytes"), limit);
  EXPECT_EQ(measured(search), (std::vector<std::int64_t>{1000, 1001}));
  EXPECT_EQ(search.at("trials").back().at("outcome"), "does not fit");
  // The report goes on with that batch, as with any other.
  EXPECT_EQ(only(report).at("batch"), 1000);
  const json& run = only(report).at("runs").at(0);
  EXPECT_TRUE(run.at("failure").is_null());
  EXPECT_EQ(run.at("inputs").at(0).at("sizes"), json({1000, 256}));
  EXPECT_EQ(run.at("phases").back().at("peak_bytes"), kWeights + 1000 * kElement);
}

TEST(MaxBatch, ALimitOfOneByteLessTakesOneLess) {
  const std::int64_t limit = kWeights + 1000 * kElement - 1;
  const json report = max_batch({"--device", "cpu", "--limit", std::to_string(limit)});
  EXPECT_EQ(only(report).at("max_batch").at("largest"), 999);
}

TEST(MaxBatch, OnMetaNothingIsMeasured) {
  const std::int64_t limit = kWeights + 1'000'000 * kElement;
  const json report = max_batch({"--device", "meta", "--limit", std::to_string(limit)});
  const json& search = only(report).at("max_batch");
  EXPECT_EQ(search.at("largest"), 1'000'000);
  for (const json& trial : search.at("trials")) EXPECT_EQ(trial.at("kind"), "virtual");
}

TEST(MaxBatch, WhereNotEvenOneFitsTheExitCodeSaysSo) {
  const json report =
      max_batch({"--device", "cpu", "--limit", std::to_string(kWeights + kElement / 2)}, 1);
  EXPECT_TRUE(only(report).at("max_batch").at("largest").is_null());
  EXPECT_EQ(only(report).at("runs").at(0).at("failure").at("kind"), "out_of_memory");
}

TEST(MaxBatch, OfTrainingIsLess) {
  const std::int64_t limit = 8 * kWeights + 100 * kElement;
  const std::string text = std::to_string(limit);
  const json train = max_batch({"--device", "cpu", "--limit", text, "--phase", "train"});
  const json forward = max_batch({"--device", "cpu", "--limit", text});
  EXPECT_LT(only(train).at("max_batch").at("largest"), only(forward).at("max_batch").at("largest"));
  EXPECT_EQ(only(train).at("max_batch").at("next_fails"), true);
}

TEST(MaxBatch, IsNotForAGivenBatchNorForLoading) {
  max_batch({"--batch", "4"}, 2);
  max_batch({"--phase", "load"}, 2);
}

}  // namespace
}  // namespace tally::tests
