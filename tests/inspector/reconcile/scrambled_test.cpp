// The same exports with names and classes that mean nothing: what is left is the tree, shapes, and
// torch.nn's own leaf classes.
#include <formulas/families/hf_config.h>
#include <inspector/reconcile/hold/reconciliation.h>
#include <tests/inspector/reconcile/fixtures.h>
#include <tests/inspector/reconcile/heads_text.h>

#include <map>

namespace tally::inspector {
namespace {

/// Renames every part of a path that is not a number, consistently; keeps "weight" and "bias" at
/// the end of tensors' names.
class Scrambler {
 public:
  ModelSnapshot run(ModelSnapshot snapshot) {
    for (ModuleNode& module : snapshot.modules) {
      module.path = path(module.path);
      if (module.type.rfind("torch.nn.", 0) == 0) continue;
      module.type = "M";
      for (auto* declared : {&module.constants, &module.attributes}) {
        for (auto& [name, value] : *declared) name = part(name);
      }
    }
    for (TensorRecord& tensor : snapshot.tensors) tensor.name = tensor_name(tensor.name);
    return snapshot;
  }

 private:
  std::string path(const std::string& text) {
    std::string out;
    std::size_t start = 0;
    while (!text.empty() && start <= text.size()) {
      const std::size_t dot = std::min(text.find('.', start), text.size());
      out += (out.empty() ? "" : ".") + part(text.substr(start, dot - start));
      start = dot + 1;
    }
    return out;
  }

  std::string part(const std::string& name) {
    // The number at a name's end counts siblings: it stays.
    const std::size_t word = name.find_last_not_of("0123456789") + 1;
    if (word == 0) return name;
    if (word < name.size()) return part(name.substr(0, word)) + name.substr(word);
    const auto [found, fresh] = names_.emplace(name, "");
    if (fresh)
      found->second = std::string("z") + static_cast<char>('a' + names_.size() / 26) +
                      static_cast<char>('a' + names_.size() % 26) + "z";
    return found->second;
  }

  std::string tensor_name(const std::string& name) {
    for (const std::string end : {"weight", "bias"}) {
      if (name.size() < end.size() || name.substr(name.size() - end.size()) != end) continue;
      return name == end ? name : part(name.substr(0, name.size() - end.size()) + "_") + end;
    }
    return part(name);
  }

  std::map<std::string, std::string> names_;
};

class Scrambled : public testing::TestWithParam<std::string> {};

TEST_P(Scrambled, IsExactWithoutNames) {
  const Fixture fixture = read_fixture(GetParam());
  const ModelSnapshot snapshot = Scrambler().run(fixture.snapshot);
  const Weights weights = find_weights(snapshot, *take_census(snapshot));
  const Inference inference = infer(snapshot, weights);
  ASSERT_TRUE(inference.transformer) << inference.reason;
  EXPECT_TRUE(inference.family.empty()) << inference.family;
  const auto r = reconcile(weights, inference, inference.spec);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->real_params, fixture.facts.at("expected").at("parameters").get<std::int64_t>());
  if (fixture.facts.contains("unexplained")) return;  // with names, too: families_test.cpp
  std::string text;
  for (const WeightId i : r->unexplained)
    text += "\n  " + shown(fixture.snapshot, weights[i].tensor);
  for (const TermLine& line : r->lines) {
    if (line.difference() != 0)
      text += "\n  " + line.id() + " predicted " + std::to_string(line.predicted_params) +
              " real " + std::to_string(line.real_params);
  }
  EXPECT_TRUE(r->exact()) << text;
  // The code of a traced model still says how many heads it has.
  if (fixture.facts.contains("config")) {
    const auto config = formulas::spec_from_hf_config(fixture.facts.at("config").dump());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(heads(inference.spec), heads(config->spec));
    EXPECT_EQ(open_heads(inference), "");
  }
  // What shapes prove must be the same with names and without.
  const Weights named_weights = find_weights(fixture.snapshot, *take_census(fixture.snapshot));
  const Inference named = infer(fixture.snapshot, named_weights);
  ASSERT_EQ(named.spec.stacks.size(), inference.spec.stacks.size());
  for (std::size_t i = 0; i < named.spec.stacks.size(); ++i) {
    const auto& a = named.spec.stacks[i];
    const auto& b = inference.spec.stacks[i];
    EXPECT_EQ(a.hidden_size, b.hidden_size);
    EXPECT_EQ(a.num_layers(), b.num_layers());
    EXPECT_EQ(a.embedding.vocab_size, b.embedding.vocab_size);
    // Without a name a table of relative positions is one of positions.
    EXPECT_EQ(a.embedding.position_rows + a.embedding.relative_rows,
              b.embedding.position_rows + b.embedding.relative_rows);
    const auto &g = a.groups.front(), &h = b.groups.front();
    EXPECT_EQ(g.mlp.intermediate_size, h.mlp.intermediate_size);
    EXPECT_EQ(g.mlp.num_experts, h.mlp.num_experts);
    EXPECT_EQ(g.attention.num_heads * g.attention.head_dim,
              h.attention.num_heads * h.attention.head_dim);
    EXPECT_EQ(g.attention.num_key_value_heads * g.attention.head_dim,
              h.attention.num_key_value_heads * h.attention.head_dim);
    EXPECT_EQ(g.has_cross_attention, h.has_cross_attention);
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Scrambled,
                         testing::ValuesIn(fixture_names({"first", "unseen", "families", "fresh",
                                                          "outside"})),
                         test_name);

}  // namespace
}  // namespace tally::inspector
