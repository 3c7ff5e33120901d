// Contradictions, explanations and open fields. GPT-2 small's numbers are published (Radford et al.
// 2019: 124,439,808); the differences expected here follow from its sizes by hand: L 12, H 768, so
// a bias of queries, keys and values is 12·3·768.
#include <formulas/families/hf_config.h>
#include <gtest/gtest.h>
#include <inspector/reconcile/hold/comparison.h>
#include <tests/inspector/reconcile/published_models.h>

#include <algorithm>

namespace tally::inspector {
namespace {

constexpr const char* kGpt2Config =
    R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257,
  "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12})";

struct Compared {
  ModelSnapshot snapshot;
  Weights weights;
  Result<Comparison> result;

  explicit Compared(ModelSnapshot model, const GivenSpec& given = {})
      : snapshot(std::move(model)),
        weights(find_weights(snapshot, *take_census(snapshot))),
        result(compare(snapshot, weights, given)) {}
};

GivenSpec config(const char* text) {
  GivenSpec given;
  const auto read = formulas::spec_from_hf_config(text);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  if (read) given.config = read->spec;
  given.config_name = "config.json";
  return given;
}

const SpecField* field(const Comparison& c, const std::string& path) {
  const auto& all = c.inference.fields;
  const auto found = std::find_if(all.begin(), all.end(), [&](const SpecField& f) {
    return formulas::path(f.key, c.inference.spec) == path;
  });
  return found == all.end() ? nullptr : &*found;
}

/// GPT-2 small whose query, key and value projections have no bias.
ModelSnapshot without_qkv_bias() {
  ModelSnapshot model = gpt2_small();
  auto& tensors = model.tensors;
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                               [&](const TensorRecord& t) {
                                 return full_name(model, t).find("attn.c_attn.bias") !=
                                        std::string::npos;
                               }),
                tensors.end());
  return model;
}

TEST(Comparison, IsExactForGpt2SmallByTheFileAlone) {
  const Compared c(gpt2_small());
  ASSERT_TRUE(c.result);
  EXPECT_TRUE(c.result->terms.exact());
  EXPECT_EQ(c.result->terms.predicted_params, 124439808);
  EXPECT_EQ(recognised_as(c.result->inference),
            "decoder-only transformer, 12 layers of hidden size 768");
}

TEST(Comparison, IsExactForBertBaseAndLlama2) {
  const Compared bert(bert_base()), llama(llama2_7b());
  ASSERT_TRUE(bert.result && llama.result);
  EXPECT_TRUE(bert.result->terms.exact());
  EXPECT_EQ(bert.result->terms.predicted_params, 109482240);
  EXPECT_TRUE(llama.result->terms.exact());
  EXPECT_EQ(llama.result->terms.predicted_params, 6738415616);
}

TEST(Comparison, AgreesWithTheConfiguration) {
  const Compared c(gpt2_small(), config(kGpt2Config));
  ASSERT_TRUE(c.result);
  EXPECT_TRUE(c.result->contradictions.empty());
  EXPECT_TRUE(c.result->explanation.empty());
  EXPECT_TRUE(c.result->terms.exact());
}

TEST(Comparison, FindsTheSwitchesThatExplainMissingBiases) {
  const Compared c(without_qkv_bias(), config(kGpt2Config));
  ASSERT_TRUE(c.result) << c.result.error().message;
  EXPECT_EQ(c.result->terms.residual(), -12 * 3 * 768);
  EXPECT_FALSE(c.result->terms.exact());
  ASSERT_EQ(c.result->explanation.size(), 3U);
  std::int64_t sum = 0;
  std::vector<std::string> paths;
  for (const SwitchChange& change : c.result->explanation) {
    EXPECT_EQ(change.from, "yes");
    EXPECT_EQ(change.to, "no");
    sum += change.params;
    paths.push_back(change.path);
  }
  EXPECT_EQ(sum, -27648);
  EXPECT_EQ(paths, (std::vector<std::string>{"decoder.attention.q_bias", "decoder.attention.k_bias",
                                             "decoder.attention.v_bias"}));
}

TEST(Comparison, FindsOneSwitchWhereOneIsEnough) {
  const Compared c(
      gpt2_small(),
      config(R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257,
    "n_positions": 512, "n_embd": 768, "n_layer": 12, "n_head": 12})"));
  ASSERT_TRUE(c.result);
  EXPECT_EQ(c.result->terms.residual(), 512 * 768);
  ASSERT_EQ(c.result->contradictions.size(), 1U);
  EXPECT_EQ(c.result->contradictions[0].path, "decoder.embedding.position_rows");
  EXPECT_EQ(c.result->contradictions[0].file_value, "1024");
  EXPECT_EQ(c.result->contradictions[0].given_value, "512");
  ASSERT_EQ(c.result->explanation.size(), 1U);
  EXPECT_EQ(c.result->explanation[0].params, 512 * 768);
}

TEST(Comparison, NamesAnotherNumberOfLayersAsTheContradiction) {
  const Compared c(
      gpt2_small(),
      config(R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257,
    "n_positions": 1024, "n_embd": 768, "n_layer": 6, "n_head": 12})"));
  ASSERT_TRUE(c.result);
  // Six layers of 12·H·H + 13·H.
  EXPECT_EQ(c.result->terms.residual(), 6 * (12 * 768 * 768 + 13 * 768));
  ASSERT_EQ(c.result->explanation.size(), 1U);
  EXPECT_EQ(c.result->explanation[0].path, "decoder.num_layers");
  EXPECT_EQ(c.result->explanation[0].to, "12");
}

TEST(Comparison, TakesSettingsAndRefusesUnknownOnes) {
  GivenSpec given;
  given.settings = {{"decoder.attention.o_bias", "no"}};
  const Compared c(gpt2_small(), given);
  ASSERT_TRUE(c.result);
  EXPECT_EQ(c.result->terms.residual(), 12 * 768);
  given.settings = {{"decoder.o_bias", "no"}};
  const Compared unknown(gpt2_small(), given);
  ASSERT_FALSE(unknown.result);
  EXPECT_EQ(unknown.result.error().hint, "it may be decoder.attention.o_bias");
  given.settings = {{"decoder.attention.o_bias", "maybe"}};
  const Compared value(gpt2_small(), given);
  ASSERT_FALSE(value.result);
  EXPECT_EQ(value.result.error().hint, "it is one of no, yes");
}

TEST(Comparison, SaysThatHeadsAreOpenUntilTheyAreGiven) {
  const Compared open(gpt2_small());
  ASSERT_TRUE(open.result);
  const SpecField* heads = field(*open.result, "decoder.attention.num_heads");
  ASSERT_NE(heads, nullptr);
  EXPECT_TRUE(heads->ambiguous);
  GivenSpec given;
  given.flags.num_heads = 12;
  const Compared told(gpt2_small(), given);
  ASSERT_TRUE(told.result);
  heads = field(*told.result, "decoder.attention.num_heads");
  ASSERT_NE(heads, nullptr);
  EXPECT_FALSE(heads->ambiguous);
  EXPECT_EQ(heads->value, "12");
}

TEST(Comparison, TakesOpenHeadsFromAConfigurationThatFits) {
  const Compared c(gpt2_small(), config(kGpt2Config));
  ASSERT_TRUE(c.result);
  const SpecField* heads = field(*c.result, "decoder.attention.num_heads");
  ASSERT_NE(heads, nullptr);
  EXPECT_FALSE(heads->ambiguous);
  EXPECT_EQ(heads->value, "12");
  EXPECT_EQ(heads->reason, "config.json says so, and it fits the weights");
}

TEST(Comparison, FindsTheFieldsThatAreNeededAmongManyThatDiffer) {
  GivenSpec given = config(
      R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50000,
  "n_positions": 512, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_inner": 1000})");
  for (const char* bias : {"q_bias", "k_bias", "v_bias", "o_bias"})
    given.settings.emplace_back("decoder.attention." + std::string(bias), "no");
  const Compared c(gpt2_small(), given);
  ASSERT_TRUE(c.result);
  EXPECT_EQ(c.result->explanation.size(), 7U);
  std::int64_t sum = 0;
  for (const SwitchChange& change : c.result->explanation) sum += change.params;
  EXPECT_EQ(sum, c.result->terms.residual());
  // 257 words, 512 positions, 2,072 of the MLP's width, four biases
  EXPECT_EQ(sum, 257 * 768 + 512 * 768 + 12 * 2072 * (2 * 768 + 1) + 12 * 4 * 768);
}

TEST(Comparison, LeavesWhatFitsNoTermUnexplained) {
  SnapshotBuilder b;
  b.embedding("tok", 100, 8);
  for (int i = 0; i < 2; ++i) {
    const std::string layer = "layers." + std::to_string(i);
    for (const char* name : {"q", "k", "v", "o"}) b.linear(layer + ".attn." + name, 8, 8, false);
    b.linear(layer + ".mlp.up", 8, 24, false);
    b.linear(layer + ".mlp.down", 24, 8, false);
    b.rms_norm(layer + ".norm1", 8);
    b.rms_norm(layer + ".norm2", 8);
    b.parameter(layer + ".odd", {5});
  }
  b.linear("elsewhere", 13, 17, true);
  const Compared c(b.snapshot());
  ASSERT_TRUE(c.result);
  const Reconciliation& r = c.result->terms;
  EXPECT_TRUE(c.result->inference.transformer);
  EXPECT_FALSE(r.exact());
  EXPECT_EQ(r.unexplained.size(), 4U);
  EXPECT_EQ(r.unexplained_params, 2 * 5 + 13 * 17 + 17);
  EXPECT_EQ(r.predicted_params + r.unexplained_params, r.real_params);
}

TEST(Comparison, ForcesNoFormulaOnOtherNetworks) {
  SnapshotBuilder b;
  for (int i = 0; i < 4; ++i) b.linear("net." + std::to_string(i), 10, 10, true);
  const Compared c(b.snapshot());
  ASSERT_TRUE(c.result);
  EXPECT_FALSE(c.result->inference.transformer);
  EXPECT_TRUE(c.result->terms.lines.empty());
  EXPECT_EQ(c.result->terms.unexplained_params, 440);
}

TEST(Comparison, NeverTakesAnAdapterForAnMlp) {
  SnapshotBuilder b;
  b.embedding("tok", 100, 8);
  for (int i = 0; i < 2; ++i) {
    const std::string layer = "layers." + std::to_string(i);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
      b.linear(layer + ".self_attn." + name, 8, 8, false);
    b.linear(layer + ".mlp.up", 8, 24, false);
    b.linear(layer + ".mlp.down", 24, 8, false);
    b.linear(layer + ".z_adapter.a", 8, 2, false);
    b.linear(layer + ".z_adapter.b", 2, 8, false);
    b.rms_norm(layer + ".norm1", 8);
    b.rms_norm(layer + ".norm2", 8);
  }
  const Compared c(b.snapshot());
  ASSERT_TRUE(c.result);
  ASSERT_TRUE(c.result->inference.transformer);
  EXPECT_EQ(c.result->spec.stacks[0].groups[0].mlp.intermediate_size, 24);
  EXPECT_EQ(c.result->terms.unexplained_params, 2 * (8 * 2 + 2 * 8));
}

}  // namespace
}  // namespace tally::inspector
