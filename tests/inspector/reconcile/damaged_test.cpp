// Models that no export made: shapes changed, tensors and modules lost. Whatever is concluded of
// them, every weight stands under one term or is unexplained, and the sums are those of the file.
#include <inspector/reconcile/hold/comparison.h>
#include <inspector/reconcile/hold/declared_modules.h>
#include <inspector/reconcile/hold/guide_comparison.h>
#include <tests/inspector/reconcile/fixtures.h>

#include <random>

namespace tally::inspector {
namespace {

void damage(ModelSnapshot& snapshot, std::mt19937& random) {
  const auto any = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  for (std::size_t times = 1 + any(6); times > 0 && !snapshot.tensors.empty(); --times) {
    const std::size_t at = any(snapshot.tensors.size());
    TensorRecord& tensor = snapshot.tensors[at];
    auto& sizes = tensor.view.sizes;
    switch (any(7)) {
      case 0:
        snapshot.tensors.erase(snapshot.tensors.begin() + static_cast<std::ptrdiff_t>(at));
        continue;
      case 1:
        sizes.clear();
        break;
      case 2:
        if (!sizes.empty()) sizes[any(sizes.size())] = 0;
        break;
      case 3:
        if (!sizes.empty()) sizes[any(sizes.size())] = 1;
        break;
      case 4:
        if (!sizes.empty()) sizes[any(sizes.size())] += 1;
        break;
      case 5:
        std::reverse(sizes.begin(), sizes.end());
        break;
      case 6:
        sizes = snapshot.tensors[any(snapshot.tensors.size())].view.sizes;
        break;
    }
    tensor.view.strides.assign(sizes.size(), 1);
    tensor.view.elements = 1;
    for (const std::int64_t size : sizes) tensor.view.elements *= size;
  }
}

class Damaged : public testing::TestWithParam<std::string> {};

TEST_P(Damaged, KeepsItsSums) {
  const Fixture fixture = read_fixture(GetParam());
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    ModelSnapshot snapshot = fixture.snapshot;
    damage(snapshot, random);
    const auto census = take_census(snapshot);
    ASSERT_TRUE(census);
    const Weights weights = find_weights(snapshot, *census);
    const auto c = compare(snapshot, weights, {});
    ASSERT_TRUE(c) << c.error().message;
    const Reconciliation& r = c->terms;
    std::vector<int> times(weights.all.size(), 0);
    std::int64_t real = 0;
    for (const TermLine& line : r.lines) {
      real += line.real_params;
      for (const WeightId weight : line.weights) ++times[weight];
    }
    for (const WeightId weight : r.unexplained) ++times[weight];
    EXPECT_EQ(real + r.unexplained_params, weights.total) << "round " << round;
    EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }))
        << "round " << round;
    EXPECT_EQ(weights.total, census->all.parameters().elements);
    check_declared(snapshot, weights);
    if (const auto guide = compare_with_guide(snapshot, weights, {})) {
      std::int64_t rows = 0;
      for (const GuideRow& row : guide->rows) rows += row.depth == 0 ? row.real_params : 0;
      EXPECT_EQ(rows, weights.total);
    }
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Damaged,
                         testing::ValuesIn(fixture_names({"first", "unseen", "families", "fresh",
                                                          "outside", "modules"})),
                         test_name);

}  // namespace
}  // namespace tally::inspector
