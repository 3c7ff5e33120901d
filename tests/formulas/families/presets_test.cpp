// Presets are configurations: each counts what the truth files say of the model of its name.
#include <formulas/families/presets.h>
#include <formulas/terms/parameters.h>
#include <gtest/gtest.h>
#include <tests/formulas/truth.h>

#include <set>

namespace tally::formulas {
namespace {

TEST(Presets, CountWhatTheTruthFilesSay) {
  auto rows = test::published_rows();
  const auto more = test::config_rows();
  rows.insert(rows.end(), more.begin(), more.end());
  for (const auto& preset : presets()) {
    const std::string name(preset.name);
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const test::TruthRow& r) {
      return r.name == name || r.name == name + "-cls1000";
    });
    ASSERT_NE(row, rows.end()) << name << " is in no truth file";
    const auto spec = preset_spec(name);
    ASSERT_TRUE(spec) << name;
    const auto counts = count_parameters(*spec);
    ASSERT_TRUE(counts) << name;
    EXPECT_EQ(counts->unique_params, row->unique_params) << name;
    EXPECT_EQ(counts->tied_counted_again_params, row->tied_counted_again_params) << name;
  }
}

TEST(Presets, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const auto& preset : presets()) EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
  for (const auto* name :
       {"gpt2", "llama-3-8b", "bert-base-uncased", "mixtral-8x7b", "deepseek-v3", "t5-small"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
}

TEST(Presets, RefuseAnUnknownNameWithOthers) {
  const auto spec = preset_spec("llama-9-9b");
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code, ErrorCode::kUsage);
  EXPECT_NE(spec.error().message.find("llama-9-9b"), std::string::npos);
  EXPECT_NE(spec.error().hint.find("llama-"), std::string::npos);
}

}  // namespace
}  // namespace tally::formulas
