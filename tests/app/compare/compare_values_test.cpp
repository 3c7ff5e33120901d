// Values of compare's flags: each is read for itself, and what is no value is refused by its name.
#include <app/compare/compare.h>
#include <gtest/gtest.h>

#include <functional>

namespace tally::app {
namespace {

Error refusal(const std::function<void(CompareRequest&)>& give) {
  CompareRequest request;
  request.load.paths = {"/no/such/model.pt"};
  give(request);
  const auto compared = compare(request);
  EXPECT_FALSE(compared);
  return compared ? Error{} : compared.error();
}

TEST(CompareValues, AreRefusedByTheirOwnName) {
  const struct {
    const char* words;
    std::function<void(CompareRequest&)> give;
  } cases[] = {
      {"num_heads must be", [](auto& r) { r.num_heads = "x"; }},
      {"head_dim must be", [](auto& r) { r.head_dim = "x"; }},
      {"head_dim must be", [](auto& r) { r.num_heads = "4", r.head_dim = "0"; }},
      {"vocab_size must be", [](auto& r) { r.profile = "guide", r.vocab_size = "x"; }},
      {"hidden_size must be", [](auto& r) { r.profile = "guide", r.hidden_size = "x"; }},
      {"num_layers must be", [](auto& r) { r.profile = "guide", r.num_layers = "x"; }},
      {"--set: =no is not PATH=VALUE", [](auto& r) { r.settings = {"=no"}; }},
      {"--set: q_bias is not PATH=VALUE", [](auto& r) { r.settings = {"q_bias"}; }},
  };
  for (const auto& one : cases) {
    const Error error = refusal(one.give);
    EXPECT_EQ(error.code, ErrorCode::kUsage) << one.words;
    EXPECT_EQ(error.message.find(one.words), 0U) << error.message;
  }
}

TEST(CompareValues, NameOneSpecification) {
  EXPECT_EQ(refusal([](auto& r) { r.config = "a.json", r.expect_config = "b.json"; }).message,
            "--config and --expect-config both name a specification");
  EXPECT_EQ(refusal([](auto& r) { r.profile = "guides"; }).message,
            "--profile: there is no profile guides");
}

}  // namespace
}  // namespace tally::app
