// The differences expected here are the guide's own formula against published counts, split by
// hand: GPT-2 small 124,439,808 (Radford et al. 2019), BERT-base 109,482,240 (Devlin et al. 2018),
// LLaMA-2-7B 6,738,415,616 (Touvron et al. 2023), each confirmed by building the model with
// `transformers` 5.23.0.
#include <gtest/gtest.h>
#include <inspector/reconcile/hold/guide_comparison.h>
#include <tests/inspector/reconcile/published_models.h>

namespace tally::inspector {
namespace {

struct Compared {
  ModelSnapshot snapshot;
  Weights weights;
  Result<GuideComparison> comparison;

  explicit Compared(ModelSnapshot model, const GuideFlags& flags = {})
      : snapshot(std::move(model)),
        weights(find_weights(snapshot, *take_census(snapshot))),
        comparison(compare_with_guide(snapshot, weights, flags)) {}

  std::int64_t difference(const std::string& component) const {
    for (const GuideRow& row : comparison->rows) {
      if (row.component == component) return row.difference_params;
    }
    ADD_FAILURE() << "no row " << component;
    return 0;
  }
};

void expect_conservation(const Compared& c) {
  std::int64_t real = 0, guide = 0;
  for (const GuideRow& row : c.comparison->rows) {
    if (row.depth > 0) continue;
    real += row.real_params;
    guide += row.guide_params;
  }
  EXPECT_EQ(real, c.comparison->total.real_params);
  EXPECT_EQ(guide, c.comparison->total.guide_params);
}

TEST(GuideComparison, SplitsTheDifferenceOfGpt2SmallExactly) {
  const Compared c(gpt2_small());
  ASSERT_TRUE(c.comparison) << c.comparison.error().message;
  EXPECT_EQ(c.comparison->total.real_params, 124439808);
  EXPECT_EQ(c.comparison->total.guide_params, 163785216);
  EXPECT_EQ(c.comparison->total.difference_params, -39345408);
  EXPECT_EQ(c.difference("token_embeddings"), 0);
  EXPECT_EQ(c.difference("output_layer"), -38597376);
  EXPECT_EQ(c.difference("position_embeddings"), -786432);
  EXPECT_EQ(c.difference("transformer_layers"), 36864);
  EXPECT_EQ(c.difference("matrices"), 0);
  EXPECT_EQ(c.difference("biases and norms"), 36864);
  EXPECT_EQ(c.difference("[not in the guide]"), 1536);
  expect_conservation(c);
}

TEST(GuideComparison, TakesTheSizesOfGpt2SmallFromItsTensors) {
  const Compared c(gpt2_small());
  ASSERT_TRUE(c.comparison);
  const GuideSubject& subject = c.comparison->subject;
  EXPECT_EQ(subject.vocab_size.value, 50257);
  EXPECT_EQ(shown(c.snapshot, subject.vocab_size.tensors.front()),
            "transformer.wte.weight [50257, 768]");
  EXPECT_EQ(subject.hidden_size.value, 768);
  EXPECT_EQ(shown(c.snapshot, subject.hidden_size.tensors.front()),
            "transformer.h.0.attn.c_attn.weight [768, 2304]");
  EXPECT_EQ(subject.num_layers.value, 12);
  EXPECT_EQ(full_name(c.snapshot, c.snapshot.tensors[subject.tied_output]), "lm_head.weight");
}

TEST(GuideComparison, SplitsTheDifferenceOfBertBaseExactly) {
  const Compared c(bert_base());
  ASSERT_TRUE(c.comparison) << c.comparison.error().message;
  EXPECT_EQ(c.comparison->total.real_params, 109482240);
  EXPECT_EQ(c.comparison->total.guide_params, 133472256);
  EXPECT_EQ(c.comparison->total.difference_params, -23990016);
  EXPECT_EQ(c.difference("output_layer"), -23440896);
  EXPECT_EQ(c.difference("position_embeddings"), -1179648);
  EXPECT_EQ(c.difference("transformer_layers"), 36864);
  EXPECT_EQ(c.difference("[not in the guide]"), 1536 + 1536 + 590592);
  expect_conservation(c);
}

TEST(GuideComparison, SplitsTheDifferenceOfLlama2Exactly) {
  const Compared c(llama2_7b());
  ASSERT_TRUE(c.comparison) << c.comparison.error().message;
  EXPECT_EQ(c.comparison->total.real_params, 6738415616);
  EXPECT_EQ(c.comparison->total.guide_params, 6714163200);
  EXPECT_EQ(c.comparison->total.difference_params, 24252416);
  EXPECT_EQ(c.difference("position_embeddings"), -8388608);
  EXPECT_EQ(c.difference("matrices"), 33554432);
  EXPECT_EQ(c.difference("biases and norms"), -917504);
  EXPECT_EQ(c.difference("output_layer"), 0);
  EXPECT_EQ(c.difference("[not in the guide]"), 4096);
  expect_conservation(c);
}

TEST(GuideComparison, NamesWhatIsNotEvident) {
  SnapshotBuilder b;
  b.linear("fc", 10, 20, true);
  const Compared c(b.snapshot());
  ASSERT_FALSE(c.comparison);
  EXPECT_EQ(c.comparison.error().code, ErrorCode::kUsage);
  EXPECT_NE(c.comparison.error().message.find("vocab_size, hidden_size, num_layers (no repeated "),
            std::string::npos)
      << c.comparison.error().message;
  EXPECT_EQ(c.comparison.error().hint, "give --vocab-size N --hidden-size N --num-layers N");
}

TEST(GuideComparison, TakesFlagsWhereNothingIsEvident) {
  SnapshotBuilder b;
  b.linear("fc", 10, 20, true);
  GuideFlags flags;
  flags.vocab_size = 100;
  flags.hidden_size = 8;
  flags.num_layers = 2;
  const Compared c(b.snapshot(), flags);
  ASSERT_TRUE(c.comparison) << c.comparison.error().message;
  EXPECT_EQ(c.difference("[not in the guide]"), 220);
  expect_conservation(c);
}

TEST(GuideComparison, SaysThatTwoStacksAreNotOneNumberOfLayers) {
  SnapshotBuilder b;
  b.embedding("shared", 100, 8);
  for (const char* stack : {"encoder", "decoder"}) {
    for (int i = 0; i < 2; ++i) {
      const std::string layer = std::string(stack) + ".block." + std::to_string(i);
      for (const char* name : {"q", "k", "v", "o"})
        b.linear(layer + ".attention." + name, 8, 8, false);
      b.linear(layer + ".mlp.up", 8, 32, false);
      b.linear(layer + ".mlp.down", 32, 8, false);
      b.rms_norm(layer + ".norm", 8);
    }
  }
  const Compared c(b.snapshot());
  ASSERT_FALSE(c.comparison);
  EXPECT_NE(c.comparison.error().message.find(
                "more than one stack of layers: 2 below encoder.block, 2 below decoder.block"),
            std::string::npos)
      << c.comparison.error().message;
  EXPECT_EQ(c.comparison.error().hint, "give --num-layers N");
}

}  // namespace
}  // namespace tally::inspector
