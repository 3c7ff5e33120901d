// What an explanation keeps where many fields differ, and what weights without names are laid to.
// Every number follows from sizes in this file by hand.
#include <formulas/families/hf_config.h>
#include <gtest/gtest.h>
#include <inspector/reconcile/facts/shape_match.h>
#include <inspector/reconcile/hold/adoption.h>
#include <inspector/reconcile/hold/comparison.h>
#include <tests/inspector/reconcile/build_snapshot.h>

#include <map>

namespace tally::inspector {
namespace {

/// Two layers of width 8 with rotary positions: no tensor for them, and no bias anywhere.
ModelSnapshot llama_like() {
  SnapshotBuilder b;
  b.embedding("model.embed_tokens", 100, 8);
  for (int i = 0; i < 2; ++i) {
    const std::string layer = "model.layers." + std::to_string(i);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
      b.linear(layer + ".self_attn." + name, 8, 8, false);
    b.linear(layer + ".mlp.gate_proj", 8, 24, false);
    b.linear(layer + ".mlp.up_proj", 8, 24, false);
    b.linear(layer + ".mlp.down_proj", 24, 8, false);
    b.rms_norm(layer + ".input_layernorm", 8);
    b.rms_norm(layer + ".post_attention_layernorm", 8);
  }
  b.rms_norm("model.norm", 8);
  b.linear("lm_head", 8, 100, false);
  return b.snapshot();
}

// Seven fields differ. Five are needed: four biases, and learned positions. How many rows those
// have, and how wide, says nothing once there are none.
TEST(ChosenDifferences, AreThoseThatAreNeededAndNoOthers) {
  const ModelSnapshot snapshot = llama_like();
  const Weights weights = find_weights(snapshot, *take_census(snapshot));
  GivenSpec given;
  for (const char* bias : {"q_bias", "k_bias", "v_bias", "o_bias"})
    given.settings.emplace_back("decoder.attention." + std::string(bias), "yes");
  given.settings.emplace_back("decoder.embedding.positions", "learned");
  given.settings.emplace_back("decoder.embedding.position_rows", "50");
  given.settings.emplace_back("decoder.embedding.position_width", "8");
  const auto c = compare(snapshot, weights, given);
  ASSERT_TRUE(c) << c.error().message;
  EXPECT_EQ(c->contradictions.size(), 7U);
  std::map<std::string, std::int64_t> kept;
  for (const SwitchChange& change : c->explanation) kept[change.path] = change.params;
  const std::int64_t of_bias = -2 * 8;  // a vector of 8 in two layers
  EXPECT_EQ(kept, (std::map<std::string, std::int64_t>{{"decoder.attention.q_bias", of_bias},
                                                       {"decoder.attention.k_bias", of_bias},
                                                       {"decoder.attention.v_bias", of_bias},
                                                       {"decoder.attention.o_bias", of_bias},
                                                       {"decoder.embedding.positions", -50 * 8}}));
}

/// llama_like() held against itself with `settings`.
Comparison with_settings(const ModelSnapshot& snapshot,
                         std::vector<std::pair<std::string, std::string>> settings) {
  const Weights weights = find_weights(snapshot, *take_census(snapshot));
  GivenSpec given;
  given.settings = std::move(settings);
  const auto c = compare(snapshot, weights, given);
  EXPECT_TRUE(c) << (c ? "" : c.error().message);
  return *c;
}

// Without the table its rows and width change nothing: one field explains what three do as well.
TEST(ChosenDifferences, AreAsFewAsCanBe) {
  const Comparison c = with_settings(llama_like(), {{"decoder.embedding.positions", "learned"},
                                                    {"decoder.embedding.position_rows", "50"},
                                                    {"decoder.embedding.position_width", "8"}});
  EXPECT_EQ(c.contradictions.size(), 3U);
  ASSERT_EQ(c.explanation.size(), 1U);
  EXPECT_EQ(c.explanation[0].path, "decoder.embedding.positions");
  EXPECT_EQ(c.explanation[0].params, -50 * 8);
}

// The code splits 8 into 2 heads of 4; four heads of 2 have matrices of the same sizes.
TEST(ChosenDifferences, ExplainNothingWhereNoParameterIsAmiss) {
  ModelSnapshot snapshot = llama_like();
  snapshot.code_sizes.push_back({{"view", {-1, -1, 2, 4}}});
  for (ModuleNode& module : snapshot.modules) {
    const std::string_view path = module.path, name = ".self_attn";
    if (path.size() > name.size() && path.substr(path.size() - name.size()) == name)
      module.code_sizes = 0;
  }
  const Comparison c = with_settings(snapshot, {{"decoder.attention.num_heads", "4"},
                                                {"decoder.attention.num_key_value_heads", "4"},
                                                {"decoder.attention.head_dim", "2"},
                                                {"decoder.attention.value_head_dim", "2"}});
  EXPECT_TRUE(c.terms.exact());
  EXPECT_FALSE(c.contradictions.empty());
  EXPECT_TRUE(c.explanation.empty());
}

/// One stack with `layers` behind it.
formulas::TransformerSpec with_head_layers(std::vector<formulas::HeadLayer> layers) {
  formulas::TransformerSpec spec;
  spec.stacks.emplace_back();
  spec.head_layers = std::move(layers);
  return spec;
}

formulas::HeadLayer linear(std::string id, std::int64_t in, std::int64_t out) {
  formulas::HeadLayer layer;
  layer.id = std::move(id);
  layer.in = in;
  layer.out = out;
  return layer;
}

/// What the only head layer of a frozen file, 8 to 3, is called under a specification with `given`.
std::string name_under(std::vector<formulas::HeadLayer> given) {
  Inference inference;
  inference.spec = with_head_layers({linear("linear_1", 8, 3)});
  adopt(with_head_layers(std::move(given)), "config.json", Storing::kFrozen, inference);
  return inference.spec.head_layers.front().id;
}

TEST(FrozenHeadLayers, AreNamedAfterTheOneLayerOfTheirShape) {
  EXPECT_EQ(name_under({linear("pooler", 8, 8), linear("classifier", 8, 3)}), "classifier");
  EXPECT_EQ(name_under({linear("pooler", 8, 8), linear("classifier", 4, 3)}), "linear_1");
  EXPECT_EQ(name_under({linear("first", 8, 3), linear("second", 8, 3)}), "linear_1")
      << "either could be meant";
}

/// GPT-2 of two layers, width 4, 10 words, 6 positions: its tensors' sizes.
formulas::TransformerSpec tiny_gpt2() {
  const auto read = formulas::spec_from_hf_config(
      R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 10,
          "n_positions": 6, "n_embd": 4, "n_layer": 2, "n_head": 2})");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read->spec;
}

Weights weights_of(const std::vector<std::int64_t>& sizes) {
  Weights weights;
  for (const std::int64_t elements : sizes) {
    Weight weight;
    weight.elements = elements;
    weights.total += elements;
    weights.all.push_back(weight);
  }
  return weights;
}

// Output projections (4·4) and the biases of the MLP (4·4 = 16) have 16 elements each, two of both:
// they fill up in turn, so that neither takes the other's.
TEST(ShapeMatch, FillsTermsOfOneSizeEvenly) {
  const auto match = match_by_shape(weights_of({16, 16, 16, 16, 16}), tiny_gpt2());
  ASSERT_TRUE(match);
  std::vector<std::string> terms;
  for (const Placement& p : match->placements) terms.push_back(p.term.text());
  ASSERT_EQ(terms.size(), 4U);
  EXPECT_NE(terms[0], terms[1]);
  EXPECT_NE(terms[2], terms[3]);
  std::map<std::string, int> times;
  for (const std::string& term : terms) ++times[term];
  EXPECT_EQ(times, (std::map<std::string, int>{{"attention.o.weight", 2}, {"mlp.up.bias", 2}}));
  EXPECT_EQ(match->unexplained, std::vector<WeightId>{WeightId(4)});  // a fifth fits nothing
}

// Queries, keys and values are one tensor a layer: 3·4·4 and its bias 3·4.
TEST(ShapeMatch, LaysWhatIsPackedAsOneTensorALayer) {
  const auto match = match_by_shape(weights_of({40, 24, 48, 48, 48, 12, 12, 7}), tiny_gpt2());
  ASSERT_TRUE(match);
  std::vector<std::string> placed;
  for (const Placement& p : match->placements)
    placed.push_back(std::to_string(p.weight.value()) + " " + p.term.text());
  EXPECT_EQ(placed, (std::vector<std::string>{"0 embedding.tokens", "1 embedding.positions",
                                              "2 attention.qkv.weight", "3 attention.qkv.weight",
                                              "5 attention.qkv.bias", "6 attention.qkv.bias"}));
  // No third layer, no term of 7.
  EXPECT_EQ(match->unexplained, (std::vector<WeightId>{WeightId(4), WeightId(7)}));
}

// A second tensor of the table's 10·4: the tied head is no tensor of its own.
TEST(ShapeMatch, LaysNothingUnderATiedHead) {
  const auto match = match_by_shape(weights_of({40, 40}), tiny_gpt2());
  ASSERT_TRUE(match);
  ASSERT_EQ(match->placements.size(), 1U);
  EXPECT_EQ(match->placements[0].term.text(), "embedding.tokens");
  EXPECT_EQ(match->unexplained, std::vector<WeightId>{WeightId(1)});
}

// The whole way: a frozen file whose code says nothing of its layers, held against a configuration.
TEST(ShapeMatch, HoldsFrozenWeightsAgainstAConfiguration) {
  ModelSnapshot snapshot;
  snapshot.modules.emplace_back();
  std::vector<std::int64_t> sizes = {40, 24, 4, 4};  // tables; the norm behind the last layer
  for (int layer = 0; layer < 2; ++layer)
    for (const std::int64_t size : {48, 12, 16, 4, 64, 16, 64, 4, 4, 4, 4, 4})
      sizes.push_back(size);
  for (const std::int64_t elements : sizes) {
    TensorRecord tensor;
    tensor.module = ModuleId(0);
    tensor.name = "c" + std::to_string(snapshot.tensors.size());
    tensor.kind = TensorKind::kConstant;
    tensor.uses = 1;
    tensor.view.sizes = {elements};
    tensor.view.strides = {1};
    tensor.view.elements = elements;
    tensor.view.bytes = 4 * elements;
    tensor.view.storage = StorageId(snapshot.storages.size());
    snapshot.storages.push_back({"constants/" + tensor.name, tensor.view.bytes, 0, "cpu"});
    snapshot.tensors.push_back(std::move(tensor));
  }
  const Weights weights = find_weights(snapshot, *take_census(snapshot));
  ASSERT_EQ(weights.storing, Storing::kFrozen);
  GivenSpec given;
  given.config = tiny_gpt2();
  given.config_name = "config.json";
  const auto c = compare(snapshot, weights, given);
  ASSERT_TRUE(c) << c.error().message;
  EXPECT_FALSE(c->inference.transformer);
  // V·H + S·H + 2 layers of 12·H·H + 13·H + the last norm's 2·H
  EXPECT_EQ(c->terms.predicted_params, 10 * 4 + 6 * 4 + 2 * (12 * 16 + 13 * 4) + 2 * 4);
  EXPECT_TRUE(c->terms.exact());
  EXPECT_TRUE(c->terms.unexplained.empty());
}

}  // namespace
}  // namespace tally::inspector
