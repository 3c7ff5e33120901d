// The tables of a comparison: parts add up whatever is left unexplained, and fields that stand open
// or say no are told apart.
#include <app/compare/compare_report.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>
#include <tests/inspector/reconcile/build_snapshot.h>

#include <sstream>

namespace tally::app {
namespace {

using inspector::SnapshotBuilder;

/// Two layers of width 8 and a table of 100 rows, as Llama's; `odd` more elements fit no term.
Compared held(std::int64_t odd) {
  SnapshotBuilder b;
  b.embedding("model.embed_tokens", 100, 8);
  for (int i = 0; i < 2; ++i) {
    const std::string layer = "model.layers." + std::to_string(i);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
      b.linear(layer + ".self_attn." + name, 8, 8, false);
    b.linear(layer + ".mlp.up_proj", 8, 24, false);
    b.linear(layer + ".mlp.down_proj", 24, 8, false);
    b.rms_norm(layer + ".input_layernorm", 8);
    b.rms_norm(layer + ".post_attention_layernorm", 8);
  }
  if (odd > 0) b.parameter("elsewhere.odd", {odd});
  Compared compared;
  compared.snapshot = b.snapshot();
  compared.weights = find_weights(compared.snapshot, *take_census(compared.snapshot));
  auto formulas = inspector::compare(compared.snapshot, compared.weights, {});
  EXPECT_TRUE(formulas);
  compared.held = FormulaComparison{std::move(*formulas), {}};
  return compared;
}

std::string text_of(const Compared& compared, bool every_field = false) {
  return render_text(to_document(compare_report(compared, every_field)), report::TextStyle{});
}

/// The third word, a count, of each row of the table "Components".
std::vector<std::int64_t> real_of_components(const std::string& text) {
  std::istringstream lines(text.substr(text.find("\nComponents\n")));
  std::vector<std::int64_t> real;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, predicted, count;
    words >> name >> predicted >> count;
    std::string digits;
    for (const char c : count) digits += c == ',' ? "" : std::string(1, c);
    if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos)
      real.push_back(std::stoll(digits));
    if (name == "TOTAL") break;
  }
  return real;
}

// 100·8 of the table; in each layer 4·8·8, 2·8·24 and 2·8.
constexpr std::int64_t kAll = 100 * 8 + 2 * (4 * 64 + 2 * 192 + 2 * 8);

TEST(CompareTables, ComponentsAddUpWithWhatIsUnexplained) {
  for (const std::int64_t odd : {0, 7}) {
    const std::string text = text_of(held(odd));
    auto real = real_of_components(text);
    ASSERT_GE(real.size(), 5U) << text;
    const std::int64_t total = real.back();
    real.pop_back();
    std::int64_t sum = 0;
    for (const std::int64_t count : real) sum += count;
    EXPECT_EQ(total, kAll + odd);
    EXPECT_EQ(sum, total) << text;
    EXPECT_EQ(text.find("[unexplained]") != std::string::npos, odd > 0) << text;
  }
}

TEST(CompareTables, MarkOpenFieldsAndHideThoseThatSayNo) {
  const Compared compared = held(0);
  const std::string text = text_of(compared), all = text_of(compared, true);
  EXPECT_NE(text.find(" (open)"), std::string::npos) << text;
  EXPECT_EQ(text.find("decoder.attention.q_bias"), std::string::npos) << text;
  EXPECT_NE(all.find("decoder.attention.q_bias"), std::string::npos) << all;
}

}  // namespace
}  // namespace tally::app
