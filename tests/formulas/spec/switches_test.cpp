// Mutations: every switch of every preset, changed alone, changes some term, or says why not.
#include <formulas/families/presets.h>
#include <formulas/spec/fields.h>
#include <formulas/spec/switches.h>
#include <formulas/terms/terms.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace tally::formulas {
namespace {

using Signature =
    std::vector<std::tuple<std::string, std::vector<std::int64_t>, std::int64_t, std::int64_t,
                           std::string, std::int64_t, std::string, std::int64_t, bool>>;

/// What a reader of the terms can see of them.
Signature signature_of(const std::vector<TermCount>& terms) {
  Signature signature;
  for (const auto& t : terms) {
    signature.emplace_back(t.id, t.shape, t.copies, t.unique_params, t.packing.text(),
                           t.tied_params, t.alias_of, t.idle_params, t.transposed);
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
    EXPECT_EQ(kNeedOthers.count(s.key.name), 1u) << s.path << " is refused with every value";
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
      seen.insert(s.key.name);
      if (s.inert(*spec).empty()) effective.insert(s.key.name);
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

// They are no contradiction between a file and its configuration: the same parameters, stored
// otherwise.
TEST(Switches, KnowWhichOnlySayHowTensorsAreStored) {
  const auto spec = preset_spec("gpt2");
  ASSERT_TRUE(spec);
  std::set<std::string> stored;
  for (const auto& s : switches(*spec)) {
    if (s.changes == Changes::kStorage) stored.insert(s.path);
  }
  EXPECT_EQ(stored,
            (std::set<std::string>{"decoder.attention.fused_qkv", "decoder.attention.transposed",
                                   "decoder.mlp.fused_gate_up", "decoder.mlp.stacked_experts",
                                   "decoder.mlp.transposed"}));
}

/// What the hint of a refused value lists: "it is one of a, b", "it is a whole number from 1 to 9".
std::vector<std::string> listed(const std::string& hint) {
  const std::string one = "it is one of ", from = "it is a whole number from ";
  std::vector<std::string> values;
  const bool names = hint.rfind(one, 0) == 0;
  EXPECT_TRUE(names || hint.rfind(from, 0) == 0) << hint;
  std::string rest = hint.substr(names ? one.size() : from.size());
  const std::string between = names ? ", " : " to ";
  for (auto end = rest.find(between); end != std::string::npos; end = rest.find(between)) {
    values.push_back(rest.substr(0, end));
    rest = rest.substr(end + between.size());
  }
  values.push_back(rest);
  return values;
}

// A hint is a promise: what it lists is taken, what it does not list is refused.
TEST(SetField, TakesExactlyWhatItsHintLists) {
  // Between them they have every kind of stack, attention, MLP, embedding and head.
  for (const char* name : {"gpt2", "bert-base-uncased", "deepseek-v3", "flan-t5-small",
                           "clip-vit-b32", "whisper-tiny", "modernbert-base", "deberta-v3-base"}) {
    const auto spec = preset_spec(name);
    ASSERT_TRUE(spec) << name;
    for (const auto& s : switches(*spec)) {
      auto changed = *spec;
      const auto refused = set_field(changed, s.path, "?");
      ASSERT_FALSE(refused) << s.path;
      const auto values = listed(refused.error().hint);
      for (const auto& value : values) {
        auto copy = *spec;
        const auto taken = set_field(copy, s.path, value);
        ASSERT_TRUE(taken) << name << " " << s.path << "=" << value << ": "
                           << taken.error().message;
        EXPECT_EQ(value_text(s, s.get(copy)), value) << name << " " << s.path;
      }
      std::vector<std::string> others = {"", "-1", "maybe", "1.5", "99999999999999999999"};
      if (s.kind == SwitchKind::kSize) {
        ASSERT_EQ(values.size(), 2u) << s.path;
        others.push_back(std::to_string(std::stoll(values[0]) - 1));
        others.push_back(std::to_string(std::stoll(values[1]) + 1));
      } else {
        EXPECT_EQ(values, s.value_names) << s.path;
      }
      for (const auto& other : others) {
        auto copy = *spec;
        EXPECT_FALSE(set_field(copy, s.path, other)) << name << " " << s.path << "=" << other;
      }
    }
  }
}

TEST(SetField, OffersFieldsThatThereAre) {
  const auto spec = preset_spec("gpt2");
  ASSERT_TRUE(spec);
  const std::pair<const char*, const char*> hints[] = {
      {"decoder.norms", "did you mean decoder.norm?"},
      {"decoder.attention.num_head", "did you mean decoder.attention.num_heads?"},
      {"encoder.attention.q_bias", "it may be decoder.attention.q_bias"},
      {"x", "fields are named as decoder.hidden_size"}};
  for (const auto& [path, hint] : hints) {
    auto copy = *spec;
    const auto set = set_field(copy, path, "4");
    ASSERT_FALSE(set) << path;
    EXPECT_EQ(set.error().message, std::string("there is no field ") + path);
    EXPECT_EQ(set.error().hint, hint);
  }
}

/// Anything, for counting how many members an aggregate takes.
struct Anything {
  template <class T>
  operator T() const;
};

template <class T, class... Args>
constexpr auto takes(int) -> decltype(T{std::declval<Args>()...}, true) {
  return true;
}
template <class T, class... Args>
constexpr bool takes(...) {
  return false;
}

template <class T, class... Args>
constexpr std::size_t members() {
  if constexpr (takes<T, Args..., Anything>(0))
    return members<T, Args..., Anything>();
  else
    return sizeof...(Args);
}

// A member without a row could be neither set, validated, compared nor shown.
TEST(Fields, EveryMemberOfTheSpecificationHasARow) {
  EXPECT_EQ(attention_fields().size(), members<AttentionSpec>());
  EXPECT_EQ(mlp_fields().size(), members<MlpSpec>());
  EXPECT_EQ(embedding_fields().size(), members<EmbeddingSpec>());
  EXPECT_EQ(output_fields().size(), members<OutputHead>());
  EXPECT_EQ(head_layer_fields().size(), members<HeadLayer>() - 1);  // its id
  // The layers, two attentions and the MLP; the name, the embedding and the groups.
  EXPECT_EQ(group_fields().size(), members<LayerGroup>() - 4);
  EXPECT_EQ(stack_fields().size(), members<StackSpec>() - 3);
}

}  // namespace
}  // namespace tally::formulas
