// The guide's printed reports, to the character (AI Model Parameters Guide, parts 1 and 4).
#include <app/parse_number.h>
#include <app/plan/guide_report.h>
#include <gtest/gtest.h>
#include <report/numbers.h>
#include <report/quantities.h>
#include <report/views.h>

#include <nlohmann/json.hpp>

namespace tally::app {
namespace {

using report::digits;
using report::grouped;

TEST(GuideReport, ComparisonIsTheGuidesToTheCharacter) {
  EXPECT_EQ(guide_comparison_text(),
            "Model Resource Requirements Comparison:\n"
            "================================================================================\n"
            "Model           Size (GB)    Training RAM    GPU-Days     Cost Est.\n"
            "--------------------------------------------------------------------------------\n"
            "Small Model     0.4          1.5             0.1          $100 - $500\n"
            "Medium Model    3.7          14.9            1.0          $1000 - $5000\n"
            "Large Model     37.3         149.0           10.0         $10000 - $50000\n"
            "Very Large Model 372.5        1490.1          100.0        $100000 - $500000\n"
            "Massive Model   2551.8       10207.3         685.0        $685000 - $3425000\n");
}

TEST(GuideReport, BreakdownIsTheGuidesToTheCharacter) {
  const auto breakdown = formulas::guide_parameters({50257, 768, 12, 12});
  ASSERT_TRUE(breakdown);
  EXPECT_EQ(guide_breakdown_text(*breakdown),
            "Transformer Model Parameter Breakdown:\n"
            "Architecture: 12 layers, 768 hidden size\n"
            "==================================================\n"
            "token_embeddings    :   38,597,376 ( 23.6%)\n"
            "position_embeddings :    1,572,864 (  1.0%)\n"
            "transformer_layers  :   85,017,600 ( 51.9%)\n"
            "output_layer        :   38,597,376 ( 23.6%)\n"
            "==================================================\n"
            "Total Parameters    :  163,785,216\n");
}

TEST(GuideReport, JsonHoldsTheSameValues) {
  const auto breakdown = formulas::guide_parameters({32000, 4096, 32, 32});
  ASSERT_TRUE(breakdown);
  const auto json = nlohmann::json::parse(to_json(guide_breakdown_report(*breakdown)));
  EXPECT_EQ(json["schema_version"], 2);
  EXPECT_EQ(json["command"], "estimate");
  EXPECT_EQ(json["profile"], "guide");
  EXPECT_EQ(json["components"]["token_embeddings"], 131'072'000);
  EXPECT_EQ(json["components"]["position_embeddings"], 8'388'608);
  EXPECT_EQ(json["components"]["transformer_layers"], 6'443'630'592);
  EXPECT_EQ(json["components"]["output_layer"], 131'072'000);
  EXPECT_EQ(json["total_parameters"], 6'714'163'200);
  EXPECT_EQ(json["single_layer"]["total"], 201'363'456);

  const auto table = nlohmann::json::parse(to_json(guide_comparison_report()));
  ASSERT_EQ(table["models"].size(), 5u);
  EXPECT_EQ(table["models"][4]["model_size_bytes"], 2'740'000'000'000);
  EXPECT_EQ(table["models"][4]["cost_range"], "$685000 - $3425000");
}

TEST(Numbers, CountsAreReadExactlyOrRefused) {
  const struct {
    const char* text;
    std::int64_t value;
  } good[] = {{"1", 1},
              {"4096", 4096},
              {"7B", 7'000'000'000},
              {"1.5M", 1500000},
              {"0.125k", 125},
              {"2.50", 0},
              {"3.0", 3},
              {"1T", 1'000'000'000'000},
              {"9223372036854775807", INT64_MAX}};
  for (const auto& [text, value] : good) {
    const auto count = parse_count("params", text);
    if (value == 0) {
      EXPECT_FALSE(count) << text;  // 2.5 is no count
    } else {
      ASSERT_TRUE(count) << text;
      EXPECT_EQ(*count, value);
    }
  }
  for (const char* text : {"", "-", "x", "1x", "0", "-5", "1e9", "1.2345k", "9223372036854775808",
                           "99999999999999999999999", "10000000000B", ".", "1 2", "0x10", "B"}) {
    const auto count = parse_count("params", text);
    ASSERT_FALSE(count) << text;
    EXPECT_EQ(count.error().message.rfind("params must be ", 0), 0u) << count.error().message;
  }
}

TEST(Numbers, PassTwoToTheSixtyThree) {
  const Int128 flops = static_cast<Int128>(11'283'364'246'097'756'160ULL);
  EXPECT_EQ(digits(flops), "11283364246097756160");
  EXPECT_EQ(grouped(flops), "11,283,364,246,097,756,160");
  EXPECT_EQ(grouped(flops * 1'000'000 * -1), "-11,283,364,246,097,756,160,000,000");
  EXPECT_EQ(grouped(std::int64_t{0}), "0");
  EXPECT_EQ(grouped(std::int64_t{999}), "999");
  EXPECT_EQ(grouped(std::int64_t{1000}), "1,000");
}

}  // namespace
}  // namespace tally::app
