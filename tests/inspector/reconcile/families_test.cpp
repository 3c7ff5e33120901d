// Exports of known families, held against what PyTorch counted (make_exports.py) and against the
// specification that their configuration gives: the file alone must lead to the same terms as the
// configuration, which inference never sees.
#include <formulas/families/hf_config.h>
#include <inspector/reconcile/hold/reconciliation.h>
#include <tests/inspector/reconcile/fixtures.h>
#include <tests/inspector/reconcile/heads_text.h>

#include <set>

namespace tally::inspector {
namespace {

struct Model {
  Fixture fixture;
  Weights weights;
  Inference inference;

  explicit Model(const std::string& name)
      : fixture(read_fixture(name)),
        weights(find_weights(fixture.snapshot, *take_census(fixture.snapshot))),
        inference(infer(fixture.snapshot, weights)) {}

  const nlohmann::json& facts() const { return fixture.facts; }
  std::int64_t expected_params() const {
    return facts().at("expected").at("parameters").get<std::int64_t>();
  }
  std::string names(const std::vector<WeightId>& indices) const {
    std::string text;
    for (const WeightId i : indices) text += "\n  " + shown(fixture.snapshot, weights[i].tensor);
    return text;
  }
};

std::string differences(const Model& model, const Reconciliation& r) {
  std::string text;
  for (const TermLine& line : r.lines) {
    if (line.difference() != 0)
      text += "\n  " + line.id() + " predicted " + std::to_string(line.predicted_params) +
              " real " + std::to_string(line.real_params) + model.names(line.weights);
  }
  return text + "\nunexplained:" + model.names(r.unexplained);
}

void expect_conservation(const Model& model, const Reconciliation& r) {
  std::int64_t lines = 0, components = 0;
  std::vector<int> times(model.weights.all.size(), 0);
  for (const TermLine& line : r.lines) {
    std::int64_t of_line = 0;
    for (const WeightId weight : line.weights) {
      ++times[weight];
      of_line += model.weights[weight].elements;
    }
    EXPECT_EQ(of_line, line.real_params) << line.id();
    lines += line.real_params;
  }
  for (const ComponentSum& sum : r.components) components += sum.real_params;
  for (const WeightId weight : r.unexplained) ++times[weight];
  EXPECT_EQ(lines, components);
  EXPECT_EQ(lines + r.unexplained_params, model.expected_params());
  EXPECT_EQ(r.real_params, model.expected_params());
  EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }))
      << "a weight under no term or under two";
}

/// What a specification says of parameters: each term's tensors, without the stacks' names and how
/// tensors are packed.
std::vector<std::string> essence(const formulas::TransformerSpec& spec) {
  std::vector<std::string> all;
  const auto terms = formulas::terms(spec);
  if (!terms) return {"no terms: " + terms.error().message};
  for (const auto& term : *terms) {
    std::string text = term.term_id;
    if (term.term_id.rfind("head.layer", 0) == 0 || term.term_id == "head.vector") text = term.id;
    text += " stack " + std::to_string(term.stack) + " group " + std::to_string(term.group) +
            " = " + std::to_string(term.copies) + " x";
    auto shape = term.shape;
    std::sort(shape.begin(), shape.end());
    for (const auto size : shape) text += " " + std::to_string(size);
    all.push_back(text + (term.alias_of.empty() ? "" : " tied"));
  }
  std::sort(all.begin(), all.end());
  return all;
}

class Families : public testing::TestWithParam<std::string> {};
class Configured : public testing::TestWithParam<std::string> {};
class OwnCode : public testing::TestWithParam<std::string> {};

/// The exports of both sets whose facts hold `key`.
std::vector<std::string> names_with(const char* key) {
  std::vector<std::string> names;
  for (const std::string& name :
       fixture_names({"first", "unseen", "families", "fresh", "outside"})) {
    if (read_fixture(name).facts.contains(key)) names.push_back(name);
  }
  return names;
}

TEST_P(Families, AreExactFromTheFileAlone) {
  const Model model(GetParam());
  ASSERT_TRUE(model.inference.transformer) << model.inference.reason;
  const auto r = reconcile(model.weights, model.inference, model.inference.spec);
  ASSERT_TRUE(r) << r.error().message;
  if (model.facts().contains("unexplained")) {  // said so by hand: no formula has them
    std::set<std::string> names;
    for (const WeightId i : r->unexplained) {
      const auto tensor = static_cast<std::size_t>(model.weights[i].tensor);
      names.insert(full_name(model.fixture.snapshot, model.fixture.snapshot.tensors[tensor]));
    }
    EXPECT_EQ(names, model.facts().at("unexplained").get<std::set<std::string>>());
    expect_conservation(model, *r);
    return;
  }
  EXPECT_TRUE(r->exact()) << differences(model, *r);
  EXPECT_EQ(r->residual(), 0);
  EXPECT_EQ(r->predicted_params, model.expected_params());
  expect_conservation(model, *r);
}

TEST_P(Configured, GiveTheTermsOfTheirConfiguration) {
  const Model model(GetParam());
  const auto config = formulas::spec_from_hf_config(model.facts().at("config").dump());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(essence(model.inference.spec), essence(config->spec));
  const auto r = reconcile(model.weights, model.inference, config->spec);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_TRUE(r->exact()) << differences(model, *r);
  expect_conservation(model, *r);
  // CLIP's towers alone are made of CLIP's classes.
  const std::string& family = config->spec.family;
  EXPECT_EQ(model.inference.family, family.rfind("clip", 0) == 0 ? "clip" : family);
}

TEST_P(Configured, GiveTheHeadsOfTheirConfiguration) {
  const Model model(GetParam());
  const auto config = formulas::spec_from_hf_config(model.facts().at("config").dump());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(heads(model.inference.spec), heads(config->spec));
  EXPECT_EQ(open_heads(model.inference), "");
}

TEST_P(OwnCode, GivesTheFieldsWrittenByHand) {
  const Model model(GetParam());
  ASSERT_TRUE(model.inference.transformer) << model.inference.reason;
  const auto& fields = model.facts().at("fields");
  const auto& stack = model.inference.spec.stacks.at(0);
  const auto& group = stack.groups.at(0);
  const auto expect = [&](const char* name, std::int64_t is) {
    EXPECT_EQ(is, fields.value(name, std::int64_t{0})) << name;
  };
  EXPECT_EQ(model.inference.spec.stacks.size(), fields.value("num_stacks", std::size_t{1}));
  EXPECT_EQ(stack.groups.size(), 1U);
  expect("vocab_size", stack.embedding.vocab_size);
  expect("hidden_size", stack.hidden_size);
  expect("num_layers", stack.num_layers());
  expect("intermediate_size", group.mlp.intermediate_size);
  expect("position_rows", stack.embedding.position_rows);
  expect("q_width", group.attention.num_heads * group.attention.head_dim);
  expect("kv_width", group.attention.num_key_value_heads * group.attention.head_dim);
  expect("num_experts", group.mlp.num_experts);
  if (fields.contains("open_head_dim")) {  // the code fits several widths, the right one among them
    const auto& all = model.inference.fields;
    const auto head_dim = std::find_if(all.begin(), all.end(), [&](const SpecField& f) {
      return formulas::path(f.key, model.inference.spec) == stack.name + ".attention.head_dim";
    });
    ASSERT_NE(head_dim, all.end());
    EXPECT_TRUE(head_dim->ambiguous);
    EXPECT_EQ(std::count(head_dim->candidates.begin(), head_dim->candidates.end(),
                         std::to_string(fields.at("open_head_dim").get<int>())),
              1);
    return;
  }
  expect("num_heads", group.attention.num_heads);
  expect("num_key_value_heads", group.attention.num_key_value_heads);
  EXPECT_EQ(open_heads(model.inference), "");
}

TEST_P(Families, ProveEveryFieldOrSayThatItIsOpen) {
  const Model model(GetParam());
  ASSERT_TRUE(model.inference.transformer) << model.inference.reason;
  ASSERT_FALSE(model.inference.fields.empty());
  for (const SpecField& field : model.inference.fields) {
    const bool proved = !field.tensors.empty() || !field.reason.empty();
    EXPECT_TRUE(proved || field.ambiguous || field.value == "no")
        << formulas::path(field.key, model.inference.spec) << " = " << field.value;
  }
}

// No family of the formulas without an export that inference has met.
TEST(FamiliesOfTheFormulas, HaveAnExportEach) {
  std::set<std::string> exported;
  for (const std::string& name : names_with("config"))
    exported.insert(read_fixture(name).facts.at("config").at("model_type").get<std::string>());
  for (const formulas::FamilyInfo& family : formulas::family_table())
    EXPECT_EQ(exported.count(std::string(family.model_type)), 1U) << family.model_type;
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(First, Families, testing::ValuesIn(fixture_names({"first"})), test_name);
INSTANTIATE_TEST_SUITE_P(All, Configured, testing::ValuesIn(names_with("config")), test_name);
INSTANTIATE_TEST_SUITE_P(All, OwnCode, testing::ValuesIn(names_with("fields")), test_name);
INSTANTIATE_TEST_SUITE_P(Further, Families, testing::ValuesIn(fixture_names({"families"})),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Fresh, Families, testing::ValuesIn(fixture_names({"fresh"})), test_name);
INSTANTIATE_TEST_SUITE_P(Outside, Families, testing::ValuesIn(fixture_names({"outside"})),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Unseen, Families, testing::ValuesIn(fixture_names({"unseen"})), test_name);

}  // namespace
}  // namespace tally::inspector
