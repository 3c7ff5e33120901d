// Modules against their own declarations. The expected counts are PyTorch's own: make_exports.py
// scripts one module of each class and writes `sum(p.numel() for p in
// module.parameters(recurse=False))` beside it.
#include <inspector/reconcile/declared_modules.h>
#include <inspector/reconcile/infer.h>

#include <map>

#include "fixtures.h"

namespace tally::inspector {
namespace {

class Declared : public testing::TestWithParam<std::string> {};

TEST_P(Declared, MeetsWhatPyTorchCounted) {
  const Fixture fixture = read_fixture(GetParam());
  const Weights weights = find_weights(fixture.snapshot, *take_census(fixture.snapshot));
  EXPECT_FALSE(infer(fixture.snapshot, weights).transformer);
  const DeclaredModules found = check_declared(fixture.snapshot, weights);
  const auto& expected = fixture.facts.at("modules_expected");
  std::map<std::string, std::int64_t> predicted;
  for (const DeclaredModule& m : found.modules) {
    const std::string& path = fixture.snapshot.modules[static_cast<std::size_t>(m.module)].path;
    predicted[path] = m.predicted_params;
    EXPECT_EQ(m.predicted_params, m.real_params) << path << ": " << m.formula;
  }
  for (const auto& [path, count] : expected.items()) {
    ASSERT_EQ(predicted.count(path), 1U) << path << " was not held against a formula";
    EXPECT_EQ(predicted[path], count.get<std::int64_t>()) << path;
  }
  EXPECT_EQ(predicted.size(), expected.size());
  EXPECT_EQ(found.as_declared, static_cast<std::int64_t>(expected.size()));
  EXPECT_EQ(found.silent, 0);
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  return param.param.substr(param.param.find('/') + 1);
}

INSTANTIATE_TEST_SUITE_P(Networks, Declared, testing::ValuesIn(fixture_names({"modules"})),
                         test_name);

TEST(DeclaredModules, SeesACountThatIsNotAsDeclared) {
  Fixture fixture = read_fixture("modules/zoo");
  for (TensorRecord& tensor : fixture.snapshot.tensors) {
    if (full_name(fixture.snapshot, tensor) == "linear.weight") {
      tensor.view.sizes = {1, 1};
      tensor.view.elements = 1;
    }
  }
  const Weights weights = find_weights(fixture.snapshot, *take_census(fixture.snapshot));
  const DeclaredModules found = check_declared(fixture.snapshot, weights);
  EXPECT_EQ(found.as_declared, static_cast<std::int64_t>(found.modules.size()) - 1);
}

}  // namespace
}  // namespace tally::inspector
