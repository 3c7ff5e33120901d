// Modules against their own declarations. The expected counts are PyTorch's own: make_exports.py
// scripts one module of each class and writes `sum(p.numel() for p in
// module.parameters(recurse=False))` beside it.
#include <inspector/reconcile/hold/declared_modules.h>
#include <inspector/reconcile/infer/infer.h>
#include <tests/inspector/reconcile/fixtures.h>

#include <map>

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
    const std::string& path = fixture.snapshot.modules[m.module].path;
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

/// What is damaged declares nothing: no formula is made of it, and its weights stay counted.
TEST(DeclaredModules, RefuseSizesThatAreDamaged) {
  const struct {
    const char* path;
    const char* name;
    const char* value;
  } damages[] = {{"linear", "in_features", "\"3\""},
                 {"linear", "out_features", "-5"},
                 {"linear", "in_features", "3.5"},
                 {"linear", "in_features", "[3,4]"},
                 {"linear", "in_features", "999999999999999999"},
                 {"conv2", "groups", "0"},
                 {"conv2", "groups", "3"},
                 {"conv2", "kernel_size", "[]"},
                 {"conv3", "kernel_size", "[2,null,4]"},
                 {"table", "num_embeddings", "null"},
                 {"lstm", "num_layers", "0"},
                 {"lstm", "hidden_size", "[7,7]"},
                 {"batch1", "num_features", "true"},
                 {"layer_norm", "normalized_shape", "[]"},
                 {"bilinear", "in2_features", "NaN"}};
  const Fixture whole = read_fixture("modules/zoo");
  const Weights of_whole = find_weights(whole.snapshot, *take_census(whole.snapshot));
  const std::size_t all = check_declared(whole.snapshot, of_whole).modules.size();
  for (const auto& damage : damages) {
    Fixture fixture = read_fixture("modules/zoo");
    const bool is_huge = std::string_view(damage.value).size() > 15;
    bool done = false;
    for (ModuleNode& node : fixture.snapshot.modules) {
      if (node.path != damage.path) continue;
      for (auto& [name, value] : node.constants) {
        // A huge size is given to both: their product does not fit 64 bits.
        if (name != damage.name && !(is_huge && name == "out_features")) continue;
        value = damage.value;
        done = true;
      }
    }
    ASSERT_TRUE(done) << damage.path << " " << damage.name;
    const Weights weights = find_weights(fixture.snapshot, *take_census(fixture.snapshot));
    const DeclaredModules found = check_declared(fixture.snapshot, weights);
    const std::string what = std::string(damage.path) + "." + damage.name + " = " + damage.value;
    EXPECT_EQ(found.modules.size(), all - 1) << what;
    EXPECT_EQ(found.silent, 1) << what;
    Int128 real = found.other_params;
    for (const DeclaredModule& m : found.modules) real += m.real_params;
    EXPECT_TRUE(real == weights.total) << what;
  }
}

TEST(DeclaredModules, LeaveClassesOfOthersAlone) {
  Fixture fixture = read_fixture("modules/zoo");
  for (ModuleNode& node : fixture.snapshot.modules) {
    if (node.path == "linear") node.type = "mine.Linear";  // may hold what it likes
  }
  const Weights weights = find_weights(fixture.snapshot, *take_census(fixture.snapshot));
  const DeclaredModules found = check_declared(fixture.snapshot, weights);
  EXPECT_EQ(found.silent, 0);
  EXPECT_TRUE(found.other_params == 3 * 5 + 5);
}

}  // namespace
}  // namespace tally::inspector
