// Explanations over all exports that have a configuration: one to three of its fields are changed,
// and the smallest set of switches that makes the formula exact must be found. What the file has in
// all is PyTorch's count (make_exports.py); which fields were changed is known here.
#include <formulas/families/hf_config.h>
#include <formulas/spec/switches.h>
#include <inspector/reconcile/hold/comparison.h>
#include <tests/inspector/reconcile/fixtures.h>
#include <tests/inspector/reconcile/heads_text.h>

#include <random>
#include <set>

namespace tally::inspector {
namespace {

using formulas::Switch;
using formulas::SwitchKind;
using formulas::TransformerSpec;

// Fields that a configuration may well have wrong, each with parameters of its own.
constexpr std::string_view kChanged[] = {
    "intermediate_size", "q_bias", "k_bias",    "v_bias",  "o_bias",     "up_bias",
    "down_bias",         "norm",   "type_rows", "qk_norm", "final_norm", "position_rows"};

std::vector<Switch> changeable(const TransformerSpec& spec) {
  std::vector<Switch> found;
  for (const Switch& s : formulas::switches(spec)) {
    const bool listed =
        std::find(std::begin(kChanged), std::end(kChanged), s.key.name) != std::end(kChanged);
    if (listed && s.inert(spec).empty() && (s.kind != SwitchKind::kSize || s.get(spec) > 0))
      found.push_back(s);
  }
  return found;
}

std::int64_t params(const TransformerSpec& spec) {
  std::int64_t sum = 0;
  const auto terms = formulas::terms(spec);
  if (!terms || !formulas::validate(spec)) return -1;
  for (const auto& term : *terms) sum += term.unique_params;
  return sum;
}

/// Changes up to `count` switches, each so that it alone changes the number of parameters.
std::set<std::string> change(TransformerSpec& spec, int count, std::mt19937& random) {
  std::set<std::string> changed;
  for (int tries = 0; tries < 40 && static_cast<int>(changed.size()) < count; ++tries) {
    const auto all = changeable(spec);
    if (all.empty()) break;
    const Switch& s = all[random() % all.size()];
    if (changed.count(s.path) > 0) continue;
    TransformerSpec other = spec;
    const std::int64_t is = s.get(spec);
    if (s.kind == SwitchKind::kSize)
      s.set(other, is + 2);
    else
      s.set(other, is == 0 ? 1 : 0);
    if (params(other) < 0 || params(other) == params(spec)) continue;
    spec = std::move(other);
    changed.insert(s.path);
  }
  return changed;
}

class Explanations : public testing::TestWithParam<std::string> {};

TEST_P(Explanations, AreTheChangedSwitches) {
  const Fixture fixture = read_fixture(GetParam());
  const Weights weights = find_weights(fixture.snapshot, *take_census(fixture.snapshot));
  const auto config = formulas::spec_from_hf_config(fixture.facts.at("config").dump());
  ASSERT_TRUE(config) << config.error().message;
  std::mt19937 random(5);
  for (int count = 1; count <= 3; ++count) {
    GivenSpec given;
    given.config = config->spec;
    given.config_name = "config.json";
    const std::set<std::string> changed = change(*given.config, count, random);
    if (changed.empty()) continue;
    std::string text = "changed:";
    for (const std::string& path : changed) text += " " + path;
    const auto c = compare(fixture.snapshot, weights, given);
    ASSERT_TRUE(c) << c.error().message;
    EXPECT_FALSE(c->terms.exact()) << text;
    std::int64_t sum = 0;
    std::set<std::string> explained;
    for (const SwitchChange& step : c->explanation) {
      sum += step.params;
      explained.insert(step.path);
    }
    EXPECT_EQ(explained, changed) << text;
    EXPECT_EQ(sum, fixture.facts.at("expected").at("parameters").get<std::int64_t>() -
                       params(*given.config))
        << text;
  }
}

std::vector<std::string> configured() {
  std::vector<std::string> names;
  for (const std::string& name : fixture_names({"first", "unseen", "families", "fresh"})) {
    if (read_fixture(name).facts.contains("config")) names.push_back(name);
  }
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Explanations, testing::ValuesIn(configured()), test_name);

// The code's heads stand against a configuration that says others, though no count differs.
TEST(ExplanationsOfHeads, AreContradictionsWithoutAResidual) {
  const Fixture fixture = read_fixture("first/gpt2");
  const Weights weights = find_weights(fixture.snapshot, *take_census(fixture.snapshot));
  nlohmann::json config = fixture.facts.at("config");
  config["n_head"] = 10;  // the export has 4 of width 5
  GivenSpec given;
  given.config = formulas::spec_from_hf_config(config.dump())->spec;
  given.config_name = "config.json";
  const auto c = compare(fixture.snapshot, weights, given);
  ASSERT_TRUE(c);
  EXPECT_TRUE(c->terms.exact());
  std::set<std::string> found;
  for (const Contradiction& contradiction : c->contradictions)
    found.insert(contradiction.path + " " + contradiction.file_value + " not " +
                 contradiction.given_value);
  EXPECT_EQ(found, (std::set<std::string>{"decoder.attention.num_heads 4 not 10",
                                          "decoder.attention.num_key_value_heads 4 not 10",
                                          "decoder.attention.head_dim 5 not 2"}));
  EXPECT_EQ(open_heads(c->inference), "");
}

}  // namespace
}  // namespace tally::inspector
