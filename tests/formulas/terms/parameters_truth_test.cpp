// Every configuration of the truth files, exact: the total, the total with tied weights counted
// again, and five components.
#include <formulas/families/hf_config.h>
#include <formulas/terms/parameters.h>
#include <gtest/gtest.h>
#include <tests/formulas/truth.h>

namespace tally::formulas {
namespace {

using test::TruthRow;

class ParametersTruth : public testing::TestWithParam<TruthRow> {};

TEST_P(ParametersTruth, IsExactInTotalAndInEveryComponent) {
  const auto& row = GetParam();
  const auto config = spec_from_hf_config(row.config);
  ASSERT_TRUE(config) << config.error().message << "\n" << row.config;
  const auto counts = count_parameters(config->spec);
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->unique_params, row.unique_params) << row.config;
  EXPECT_EQ(counts->tied_counted_again_params, row.tied_counted_again_params) << row.config;
  for (std::size_t i = 0; i < row.component_params.size(); ++i) {
    EXPECT_EQ(counts->component_params[i], row.component_params[i])
        << component_name(static_cast<Component>(i)) << row.config;
  }
}

/// What was split adds up again: terms to components to the total, layers and the rest to the
/// total.
TEST_P(ParametersTruth, AddsUpAgain) {
  const auto config = spec_from_hf_config(GetParam().config);
  ASSERT_TRUE(config);
  const auto counts = count_parameters(config->spec);
  ASSERT_TRUE(counts);
  std::int64_t terms = 0;
  std::int64_t outside_layers = 0;
  std::int64_t again = 0;
  for (const auto& term : counts->terms) {
    std::int64_t size = 1;
    for (const auto side : term.shape) size *= side;
    EXPECT_EQ(size, term.tensor_params) << term.id;
    EXPECT_EQ(term.alias_of.empty() ? size * term.copies : 0, term.unique_params) << term.id;
    terms += term.unique_params;
    again += term.tied_params;
    if (term.group < 0) outside_layers += term.unique_params;
  }
  std::int64_t layers = 0;
  for (const auto& layer : counts->layers) layers += layer.params;
  std::int64_t components = 0;
  for (const auto part : counts->component_params) components += part;
  EXPECT_EQ(terms, counts->unique_params);
  EXPECT_EQ(components, counts->unique_params);
  EXPECT_EQ(layers + outside_layers, counts->unique_params);
  EXPECT_EQ(terms + again, counts->tied_counted_again_params);
}

std::string name_of(const testing::TestParamInfo<TruthRow>& info) {
  return test::test_name(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(Published, ParametersTruth, testing::ValuesIn(test::published_rows()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Configured, ParametersTruth, testing::ValuesIn(test::config_rows()),
                         name_of);

TEST(ParametersTruthFiles, HoldTheRowsTheyPromise) {
  EXPECT_EQ(test::published_rows().size(), 105u);
  EXPECT_GE(test::config_rows().size(), 500u);
}

}  // namespace
}  // namespace tally::formulas
