#include <formulas/terms/terms.h>
#include <gtest/gtest.h>
#include <inspector/reconcile/facts/names.h>

namespace tally::inspector {
namespace {

// Paths of `transformers` 5.23.0 in lower case. A hint that the table of head layers has not would
// put its layer under an id that no configuration has.
TEST(HeadLayerHint, IsAnIdOfTheTable) {
  for (const char* path :
       {"bert.pooler.dense", "discriminator_predictions.dense_prediction",
        "discriminator_predictions.dense", "text_projection", "visual_projection",
        "cls.seq_relationship", "qa_outputs", "score", "pre_classifier", "classifier.dense",
        "classification_head.dense", "classification_head.out_proj", "classifier", "projector",
        "sequence_summary.summary", "vocab_transform", "cls.predictions.transform.dense",
        "generator_predictions.dense", "lm_head.dense"}) {
    const std::string_view id = head_layer_hint(path);
    EXPECT_FALSE(id.empty()) << path;
    EXPECT_FALSE(formulas::head_layer_info(id).meaning.empty()) << path << " is " << id;
  }
  EXPECT_EQ(head_layer_hint("lm_head"), "");
}

TEST(ProjectionHint, IsOfTheLastPart) {
  EXPECT_EQ(projection_hint("h.0.self_attn.q_proj"), Hint::kQuery);
  EXPECT_EQ(projection_hint("feed_forward.w1"), Hint::kGate);
  EXPECT_EQ(projection_hint("q_proj.lora"), Hint::kNone);
}

}  // namespace
}  // namespace tally::inspector
