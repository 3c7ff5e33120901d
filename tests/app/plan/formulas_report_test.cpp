#include <app/plan/look_up.h>
#include <formulas/families/hf_config.h>
#include <formulas/families/presets.h>
#include <formulas/terms/expression.h>
#include <formulas/terms/terms.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "../../formulas/truth.h"

namespace tally::app {
namespace {

using Json = nlohmann::json;

std::string text_of(const Found& found) {
  return report::render_text(to_document(formulas_report(found)), {});
}

Json json_of(const Found& found) { return Json::parse(to_json(formulas_report(found))); }

TEST(FormulasReport, ListsEveryTermSymbolFamilyAndPreset) {
  const Json json = json_of(EveryFormula{});
  EXPECT_EQ(json["schema_version"], 2);
  EXPECT_EQ(json["command"], "formulas");
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
    if (!is_checkpoint) continue;
    EXPECT_EQ(presets.count(row.name), 1u) << row.name;
  }
}

TEST(FormulasReport, ShowsATermWithItsSymbols) {
  const auto report = look_up("attention.kv_a.weight");
  ASSERT_TRUE(report);
  const auto text = text_of(*report);
  EXPECT_NE(text.find("L·(r_kv+d_r)·H"), std::string::npos) << text;
  EXPECT_NE(text.find("kv_lora_rank"), std::string::npos) << text;
  EXPECT_EQ(text.find("vocab_size"), std::string::npos) << text;
}

TEST(FormulasReport, ShowsTheTermsBelowAName) {
  const auto report = look_up("mlp.shared");
  ASSERT_TRUE(report);
  const Json json = json_of(*report);
  EXPECT_EQ(json["terms"].size(), 6u);  // gate, up, down; weight and bias
}

/// Conservation: the example's terms add up to its components and to its total.
TEST(FormulasReport, ShowsEveryFamilyWithAnExampleThatAddsUp) {
  for (const auto& family : formulas::family_table()) {
    const auto report = look_up(family.model_type);
    ASSERT_TRUE(report) << family.model_type << ": " << report.error().message;
    EXPECT_FALSE(text_of(*report).empty());
    const Json json = json_of(*report);
    std::int64_t terms = 0;
    for (const auto& term : json["example"]["terms"])
      terms += term["parameters"].get<std::int64_t>();
    std::int64_t components = 0;
    for (const auto& part : json["example"]["components"])
      components += part["parameters"].get<std::int64_t>();
    EXPECT_EQ(terms, json["example"]["parameters"].get<std::int64_t>()) << family.model_type;
    EXPECT_EQ(components, json["example"]["parameters"].get<std::int64_t>()) << family.model_type;
    EXPECT_FALSE(json["example"]["switches"].empty());
  }
}

TEST(FormulasReport, TakesAPresetAsTheExample) {
  const auto report = look_up("llama-3-8b");
  ASSERT_TRUE(report);
  const Json json = json_of(*report);
  EXPECT_EQ(json["example"]["parameters"], 8'030'261'248);
  EXPECT_EQ(json["model_type"], "llama");
  const auto text = text_of(*report);
  EXPECT_NE(text.find("8,030,261,248"), std::string::npos);
  EXPECT_NE(text.find("32·8·128·4096"), std::string::npos);
}

TEST(FormulasReport, HasNumbersAsNumbersAndFlagsAsBooleans) {
  const auto report = look_up("llama-3-8b");
  ASSERT_TRUE(report);
  const Json json = json_of(*report);
  const auto find = [](const nlohmann::json& rows, const char* key, const std::string& name) {
    for (const auto& row : rows) {
      if (row[key] == name) return row["value"];
    }
    return nlohmann::json("missing");
  };
  const auto& switches = json["example"]["switches"];
  EXPECT_EQ(find(switches, "path", "decoder.attention.num_heads"), 32);
  EXPECT_EQ(find(switches, "path", "decoder.attention.q_bias"), false);
  EXPECT_EQ(find(switches, "path", "decoder.attention.kind"), "standard");
  EXPECT_EQ(find(json["defaults"], "field", "hidden_size"), 4096);
  EXPECT_EQ(find(json["defaults"], "field", "attention_bias"), false);
}

TEST(FormulasReport, RefusesAnUnknownNameWithTheNearest) {
  const auto report = look_up("attention.q.wieght");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUsage);
  EXPECT_NE(report.error().message.find("attention.q.wieght"), std::string::npos);
  EXPECT_NE(report.error().hint.find("attention.q.weight"), std::string::npos);
  EXPECT_FALSE(look_up(""));
}

}  // namespace
}  // namespace tally::app
