// GPT-2 small, virtual against measured on the CPU. Slow: it trains 124 million parameters for two
// steps.

#include <gtest/gtest.h>
#include <tests/run_torchtally.h>

namespace tally::tests {
namespace {

using nlohmann::json;

TEST(VirtualProbe, PeaksWhereGpt2SmallDoes) {
  const Ran ran =
      run_torchtally({"probe", "tests/inspector/probe/gpt2_small.pt", "-f", "json", "--device",
                      "cpu", "--no-modules", "-p", "train", "-i", "4x256:int64:0..50256"});
  ASSERT_EQ(ran.exit_code, 0) << ran.out;
  const json configuration = json::parse(ran.out).at("configurations").at(0);
  const json &measured = configuration.at("runs").at(0).at("phases"),
             &predicted = configuration.at("virtual").at("phases");
  ASSERT_EQ(measured.size(), 9u);
  ASSERT_EQ(predicted.size(), measured.size());
  EXPECT_EQ(measured.at(0).at("end_bytes"), 124'439'808 * 4);  // GPT-2 small's parameters, float32
  constexpr double kMost = 0.001;
  for (std::size_t i = 1; i < measured.size(); ++i) {  // behind the loading
    const double bytes = measured[i].at("peak_bytes");
    EXPECT_EQ(predicted[i].at("name"), measured[i].at("name"));
    EXPECT_NEAR(predicted[i].at("peak_bytes").get<double>(), bytes, kMost * bytes)
        << measured[i].at("name");
  }
}

}  // namespace
}  // namespace tally::tests
