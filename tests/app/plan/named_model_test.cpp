// Models named by flags: sizes and settings reach the family's own fields, or are refused by name.
#include <app/plan/named_model.h>
#include <gtest/gtest.h>

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
