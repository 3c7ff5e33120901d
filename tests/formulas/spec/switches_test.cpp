// Mutations: every switch of every preset, changed alone, changes some term, or says why not.
#include <formulas/families/presets.h>
#include <formulas/spec/switches.h>
#include <formulas/terms/terms.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace tally::formulas {
namespace {

using Signature =
    std::vector<std::tuple<std::string, std::vector<std::int64_t>, std::int64_t, std::int64_t,
                           std::string, std::int64_t, std::string, std::int64_t, bool>>;

/// What a reader of the terms can see of them.
Signature signature_of(const std::vector<TermCount>& terms) {
  Signature signature;
  for (const auto& t : terms) {
    signature.emplace_back(t.id, t.shape, t.copies, t.unique_params, t.packing, t.tied_params,
                           t.alias_of, t.idle_params, t.transposed);
  }
  return signature;
}

/// Values that differ from the present one: every other choice, or numbers near it.
std::vector<std::int64_t> candidates(const Switch& s, std::int64_t now) {
  std::vector<std::int64_t> values;
  if (s.kind == SwitchKind::kSize) {
    values = {now + 1, now * 2, now > 1 ? now / 2 : 3, 1};
  } else {
    for (std::size_t i = 0; i < s.value_names.size(); ++i)
      values.push_back(static_cast<std::int64_t>(i));
  }
  values.erase(std::remove(values.begin(), values.end(), now), values.end());
  return values;
}

/// Fields that make sense only together with others, so that changing one alone is refused, by
/// name: a stem without its kernel, latent attention without ranks, a tied head over a table of
/// another shape. Heads of a prime number have no divisor that the candidates try.
const std::set<std::string> kNeedOthers = {
    "conv_layer",   "embedding_size", "head_dim",   "kind",  "num_channels",
    "num_mel_bins", "present",        "vocab_size", "width", "num_key_value_heads"};

class EverySwitch : public testing::TestWithParam<Preset> {};

TEST_P(EverySwitch, ChangesATermOrSaysWhyNot) {
  const auto spec = preset_spec(GetParam().name);
  ASSERT_TRUE(spec);
  const auto before = terms(*spec);
  ASSERT_TRUE(before);
  const auto unchanged = signature_of(*before);
  for (const auto& s : switches(*spec)) {
    bool changed = false;
    bool refused = false;
    for (const auto value : candidates(s, s.get(*spec))) {
      auto mutated = *spec;
      s.set(mutated, value);
      const auto after = terms(mutated);
      refused = refused || !after;
      changed = changed || (after && signature_of(*after) != unchanged);
      if (after && !s.inert(*spec).empty()) {
        EXPECT_EQ(signature_of(*after), unchanged)
            << s.path << " = " << value << " changes terms, though: " << s.inert(*spec);
      }
    }
    if (changed || !s.inert(*spec).empty()) continue;
    EXPECT_TRUE(refused) << s.path << " changes nothing";
    EXPECT_EQ(kNeedOthers.count(s.field), 1u) << s.path << " is refused with every value";
  }
}

std::string name_of(const testing::TestParamInfo<Preset>& preset) {
  std::string name(preset.param.name);
  for (char& c : name) {
    if (c == '-' || c == '.') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Presets, EverySwitch, testing::ValuesIn(presets()), name_of);

TEST(Switches, SetWhatTheyGet) {
  for (const auto& preset : presets()) {
    const auto spec = preset_spec(preset.name);
    ASSERT_TRUE(spec);
    for (const auto& s : switches(*spec)) {
      for (const auto value : candidates(s, s.get(*spec))) {
        auto mutated = *spec;
        s.set(mutated, value);
        EXPECT_EQ(s.get(mutated), value) << preset.name << " " << s.path;
      }
    }
  }
}

TEST(Switches, HavePathsOfTheirOwn) {
  for (const auto& preset : presets()) {
    const auto spec = preset_spec(preset.name);
    ASSERT_TRUE(spec);
    std::set<std::string> paths;
    for (const auto& s : switches(*spec))
      EXPECT_TRUE(paths.insert(s.path).second) << preset.name << " " << s.path;
  }
}

/// Every flag and kind must matter in some family, else it is dead weight.
TEST(Switches, AllMatterSomewhere) {
  std::set<std::string> seen;
  std::set<std::string> effective;
  for (const auto& preset : presets()) {
    const auto spec = preset_spec(preset.name);
    ASSERT_TRUE(spec);
    for (const auto& s : switches(*spec)) {
      seen.insert(s.field);
      if (s.inert(*spec).empty()) effective.insert(s.field);
    }
  }
  const std::set<std::string> descriptive = {"sliding_window", "num_windowed_layers",
                                             "num_applied",    "parallel_block",
                                             "causal",         "max_positions"};
  for (const auto& field : seen)
    EXPECT_NE(effective.count(field), descriptive.count(field)) << field;
}

TEST(Switches, KeepLayersNumberedWhenAGroupGrows) {
  auto spec = preset_spec("deepseek-v3");
  ASSERT_TRUE(spec);
  for (const auto& s : switches(*spec)) {
    if (s.path == "decoder.group0.num_layers") s.set(*spec, 5);
  }
  EXPECT_EQ(spec->stacks[0].groups[0].layers, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(spec->stacks[0].groups[1].layers.front(), 5);
  EXPECT_EQ(spec->stacks[0].num_layers(), 63);
  EXPECT_TRUE(validate(*spec));
}

}  // namespace
}  // namespace tally::formulas
