#include <app/formulas_report.h>
#include <formulas/families/hf_config.h>
#include <formulas/families/presets.h>
#include <formulas/terms/expression.h>
#include <formulas/terms/terms.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "../formulas/truth.h"

namespace tally::report::layout {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

std::string text_of(const OldReport& report) { return render_text(report.document(), TextStyle{}); }

TEST(FormulasReport, ListsEveryTermSymbolFamilyAndPreset) {
  const auto json = nlohmann::json::parse(all_formulas_report().json());
  EXPECT_EQ(json["schema_version"], 1);
  // Every symbol that a formula is written with is explained, and every term has one line.
  std::set<std::string> explained, terms;
  for (const auto& symbol : json["symbols"]) explained.insert(symbol["symbol"]);
  for (const auto& term : json["terms"]) {
    EXPECT_TRUE(terms.insert(term["id"]).second) << term;
    EXPECT_FALSE(term["source"].get<std::string>().empty()) << term;
    ASSERT_FALSE(term["formula"].get<std::string>().empty()) << term;
    for (const std::string& symbol : formulas::symbols_in(term["formula"].get<std::string>()))
      EXPECT_EQ(explained.count(symbol), 1u) << symbol << " in " << term;
  }
  // Of the models whose counts others published (tests/formulas/data): family, class and preset.
  std::map<std::string, std::set<std::string>> classes;
  for (const auto& family : json["families"])
    classes[family["model_type"]] = family["architectures"].get<std::set<std::string>>();
  const auto presets = json["presets"].get<std::set<std::string>>();
  const auto published = formulas::test::published_rows();
  ASSERT_EQ(published.size(), 105u);
  for (const auto& row : published) {
    const auto config = nlohmann::json::parse(row.config);
    EXPECT_EQ(classes[config["model_type"]].count(config["architectures"][0]), 1u) << row.name;
    const bool is_checkpoint = row.name.find("-mlm") == std::string::npos &&
                               row.name.find("-seqcls") == std::string::npos &&
                               row.name.find("-cls1000") == std::string::npos;
    if (is_checkpoint) EXPECT_EQ(presets.count(row.name), 1u) << row.name;
  }
}

TEST(FormulasReport, ShowsATermWithItsSymbols) {
  const auto report = formulas_report("attention.kv_a.weight");
  ASSERT_TRUE(report);
  const auto text = text_of(*report);
  EXPECT_NE(text.find("L·(r_kv+d_r)·H"), std::string::npos) << text;
  EXPECT_NE(text.find("kv_lora_rank"), std::string::npos) << text;
  EXPECT_EQ(text.find("vocab_size"), std::string::npos) << text;
}

TEST(FormulasReport, ShowsTheTermsBelowAName) {
  const auto report = formulas_report("mlp.shared");
  ASSERT_TRUE(report);
  const auto json = nlohmann::json::parse(report->json());
  EXPECT_EQ(json["terms"].size(), 6u);  // gate, up, down; weight and bias
}

/// Conservation: the example's terms add up to its components and to its total.
TEST(FormulasReport, ShowsEveryFamilyWithAnExampleThatAddsUp) {
  for (const auto& family : formulas::family_table()) {
    const auto report = formulas_report(family.model_type);
    ASSERT_TRUE(report) << family.model_type << ": " << report.error().message;
    EXPECT_FALSE(text_of(*report).empty());
    const auto json = nlohmann::json::parse(report->json());
    std::int64_t terms = 0;
    for (const auto& term : json["example"]["terms"])
      terms += term["parameters"].get<std::int64_t>();
    std::int64_t components = 0;
    for (const auto& part : json["example"]["components"]) components += part.get<std::int64_t>();
    EXPECT_EQ(terms, json["example"]["parameters"].get<std::int64_t>()) << family.model_type;
    EXPECT_EQ(components, json["example"]["parameters"].get<std::int64_t>()) << family.model_type;
    EXPECT_FALSE(json["example"]["switches"].empty());
  }
}

TEST(FormulasReport, TakesAPresetAsTheExample) {
  const auto report = formulas_report("llama-3-8b");
  ASSERT_TRUE(report);
  const auto json = nlohmann::json::parse(report->json());
  EXPECT_EQ(json["example"]["parameters"], 8'030'261'248);
  EXPECT_EQ(json["model_type"], "llama");
  const auto text = text_of(*report);
  EXPECT_NE(text.find("8,030,261,248"), std::string::npos);
  EXPECT_NE(text.find("32·8·128·4096"), std::string::npos);
}

TEST(FormulasReport, RefusesAnUnknownNameWithTheNearest) {
  const auto report = formulas_report("attention.q.wieght");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUsage);
  EXPECT_NE(report.error().message.find("attention.q.wieght"), std::string::npos);
  EXPECT_NE(report.error().hint.find("attention.q.weight"), std::string::npos);
  EXPECT_FALSE(formulas_report(""));
}

}  // namespace
}  // namespace tally::app
