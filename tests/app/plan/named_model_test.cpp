// Models named by flags: sizes and settings reach the family's own fields, or are refused by name.
#include <app/plan/named_model.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace tally::app {
namespace {

ModelChoice family(const std::string& name) {
  ModelChoice choice;
  choice.family = name;
  return choice;
}

TEST(NamedModel, GivesASizeToEveryFieldThatItStandsFor) {
  auto choice = family("bart");
  choice.sizes["num_layers"] = "3";
  const auto model = chosen_model(choice);
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_EQ(model->spec.stacks.size(), 2u);
  EXPECT_EQ(model->spec.stacks[0].num_layers(), 3);
  EXPECT_EQ(model->spec.stacks[1].num_layers(), 3);
}

TEST(NamedModel, RefusesASizeThatTheFamilyHasNot) {
  auto choice = family("bloom");
  choice.sizes["intermediate_size"] = "3";
  const auto model = chosen_model(choice);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message, "intermediate_size: the family bloom has no such field");
}

TEST(NamedModel, SetsFieldsUnderAnyNameThatIsRead) {
  for (const char* setting : {"n_layer=5", "num_hidden_layers=5"}) {
    auto choice = family("gpt2");
    choice.settings = {setting};
    const auto model = chosen_model(choice);
    ASSERT_TRUE(model) << setting << ": " << model.error().message;
    EXPECT_EQ(model->spec.stacks[0].num_layers(), 5) << setting;
  }
  auto part = family("clip");
  part.settings = {"vision_config.num_hidden_layers=5"};
  const auto model = chosen_model(part);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->spec.stacks[1].num_layers(), 5);
}

// GPT-2's head is its token table unless one is asked for; Llama's is not.
TEST(NamedModel, TiesAndUntiesTheHead) {
  auto gpt2 = family("gpt2"), llama = family("llama");
  EXPECT_TRUE(chosen_model(gpt2)->spec.output.tied);
  EXPECT_FALSE(chosen_model(llama)->spec.output.tied);
  gpt2.untie_embeddings = true;
  llama.tie_embeddings = true;
  EXPECT_FALSE(chosen_model(gpt2)->spec.output.tied);
  EXPECT_TRUE(chosen_model(llama)->spec.output.tied);
}

TEST(NamedModel, RefusesASettingInsideWhatHasNoParts) {
  const std::string path = testing::TempDir() + "torchtally_part_of_number.json";
  std::ofstream(path) << R"({"model_type": "clip", "vision_config": 3})";
  ModelChoice choice;
  choice.config_path = path;
  choice.settings = {"vision_config.num_hidden_layers=5"};
  const auto model = chosen_model(choice);
  std::remove(path.c_str());
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message, "--set: vision_config.num_hidden_layers has no such part");
}

TEST(NamedModel, RefusesASettingOfAnUnknownFieldWithTheNearest) {
  auto choice = family("llama");
  choice.settings = {"hiden_size=64"};
  const auto model = chosen_model(choice);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message, "--set: the family llama has no field hiden_size");
  EXPECT_EQ(model.error().hint, "did you mean hidden_size?");
  choice.settings = {"text_config.hidden_size=64"};
  EXPECT_FALSE(chosen_model(choice));
}

}  // namespace
}  // namespace tally::app
