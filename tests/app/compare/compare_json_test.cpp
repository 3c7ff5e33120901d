// The comparison's JSON: that it is as docs/schema/ says for every sort of result, that what is
// split adds up again, and that it holds what PyTorch counted of quantized and frozen exports
// (tests/inspector/reconcile/make_quantized.py and make_frozen.py write the counts beside them).

#include <gtest/gtest.h>
#include <tests/json_schema.h>

#include <functional>
#include <map>
#include <set>

namespace tally::tests {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

const std::string kArchives = "tests/inspector/reconcile/archives/";

std::string objections(const Json& document) {
  static const JsonSchema schema("compare-2.schema.json");
  return schema.objections(document);
}

Json compared(Arguments arguments) {
  arguments.insert(arguments.begin(), {"compare", "-f", "json"});
  return Json::parse(run_torchtally(arguments).out);
}

/// One of each sort of result.
const std::map<std::string, Json>& results() {
  static const std::map<std::string, Json> all = [] {
    const std::map<std::string, Arguments> calls{
        {"transformer", {"sample_models/gpt2.pt", "--num-heads", "4"}},
        {"checks", {"sample_models/gpt2.pt", "--expect-params", "1", "--fail-on", "open"}},
        {"contradiction",
         {"sample_models/gpt2.pt", "--config", kArchives + "gpt2_other.config.json"}},
        {"other", {"sample_models/resnet.pt"}},
        {"quantized", {kArchives + "quantized_gpt.pt"}},
        {"packed_zoo", {kArchives + "quantized_zoo.pt"}},
        {"frozen", {kArchives + "frozen/gpt2_fresh.pt"}},
        {"frozen_dropped",
         {kArchives + "frozen/bert_dropped.pt", "--config", kArchives + "frozen_bert.config.json"}},
        {"frozen_cnn", {"sample_models/frozen_folded_cnn.pt"}},
        {"guide",
         {"sample_models/gpt2.pt", "--profile", "guide", "--fail-on", "mismatch", "--fail-on",
          "modules"}},
        {"missing_file", {"no_such_file.pt"}},
        {"no_model", {"sample_models/README.md"}},
        {"bad_setting", {"sample_models/gpt2.pt", "--set", "decoder.no_such=1"}},
        {"bad_flag", {"sample_models/gpt2.pt", "--no-such-flag"}},
        {"not_evident", {"sample_models/resnet.pt", "--profile", "guide"}}};
    std::map<std::string, Json> made;
    for (const auto& [name, arguments] : calls) made[name] = compared(arguments);
    return made;
  }();
  return all;
}

TEST(CompareSchema, HoldsForEverySortOfResult) {
  for (const auto& [name, result] : results()) EXPECT_EQ(objections(result), "") << name;
  for (const char* failed : {"missing_file", "no_model", "bad_setting", "bad_flag", "not_evident"})
    EXPECT_TRUE(results().at(failed).contains("error")) << failed;
}

TEST(CompareSchema, HoldsForEverySample) {
  for (const std::string& path : sample_paths())
    EXPECT_EQ(objections(compared({path})), "") << path;
}

void for_each_object(const Json& node, const std::string& pointer,
                     const std::function<void(const Json&, const std::string&)>& visit) {
  if (node.is_object()) visit(node, pointer);
  if (!node.is_structured()) return;
  std::size_t index = 0;
  for (const auto& [key, value] : node.items()) {
    if (node.is_array() && index++ >= 3) break;  // the first of a list stand for all
    for_each_object(value, pointer + "/" + key, visit);
  }
}

TEST(CompareSchema, RefusesUnknownAndMissingKeysEverywhere) {
  const std::set<std::string> optional{"alias_of", "by_dtype"};
  std::size_t tried = 0;
  for (const auto& [name, result] : results()) {
    for_each_object(result, "", [&](const Json& node, const std::string& pointer) {
      if (pointer.find("/by_dtype") != std::string::npos) return;  // its keys are types
      Json altered = result;
      altered[Json::json_pointer(pointer)]["unexpected"] = 1;
      EXPECT_NE(objections(altered), "") << name << " at " << pointer;
      for (const auto& [key, value] : node.items()) {
        const bool terms_of_change = key == "terms" && pointer.find("/export/") == 0;
        if (optional.count(key) > 0 || terms_of_change) continue;
        altered = result;
        altered[Json::json_pointer(pointer)].erase(key);
        EXPECT_NE(objections(altered), "") << name << " without " << key << " at " << pointer;
        ++tried;
      }
    });
  }
  EXPECT_GT(tried, 500U);
}

// -------------------------------------------------------------------------------------------------
// conservation

std::int64_t number(const Json& node, const char* key) { return node.at(key).get<std::int64_t>(); }

void expect_conservation(const Json& r, const std::string& name) {
  std::int64_t predicted = 0, real = 0, unexplained = 0, of_components = 0;
  std::map<std::string, int> times;
  for (const Json& term : r.at("terms")) {
    predicted += number(term, "predicted_params");
    real += number(term, "real_params");
    EXPECT_EQ(number(term, "difference_params"),
              number(term, "real_params") - number(term, "predicted_params"));
    if (term.contains("alias_of")) continue;
    for (const Json& tensor : term.at("tensors")) ++times[tensor.get<std::string>()];
  }
  for (const Json& component : r.at("components"))
    of_components += number(component, "real_params");
  for (const Json& one : r.at("unexplained")) {
    unexplained += number(one, "params");
    ++times[one.at("tensor").get<std::string>()];
  }
  const Json& total = r.at("total");
  EXPECT_EQ(predicted, number(total, "predicted_params")) << name;
  EXPECT_EQ(real, of_components) << name;
  EXPECT_EQ(real + unexplained, number(total, "real_params")) << name;
  EXPECT_EQ(unexplained, number(total, "unexplained_params")) << name;
  EXPECT_EQ(number(total, "residual_params"),
            number(total, "real_params") - number(total, "predicted_params"))
      << name;
  for (const auto& [tensor, count] : times) EXPECT_EQ(count, 1) << name << ": " << tensor;
}

TEST(CompareJson, ConservesInEverySample) {
  for (const auto& [name, result] : results()) {
    if (result.contains("terms")) expect_conservation(result, name);
  }
}

TEST(CompareJson, ExplainsADifferenceTermByTerm) {
  const Json& result = results().at("contradiction");
  std::int64_t sum = 0;
  for (const Json& change : result.at("explanation")) {
    std::int64_t of_terms = 0;
    for (const Json& term : change.at("terms")) of_terms += number(term, "params");
    EXPECT_EQ(of_terms, number(change, "params"));
    sum += of_terms;
  }
  EXPECT_EQ(sum, number(result.at("total"), "residual_params"));
  // gpt2_other.config.json says 64 positions instead of 37 and an MLP of 80 instead of 88, at
  // hidden size 20 and 3 layers.
  ASSERT_EQ(result.at("explanation").size(), 2U);
  EXPECT_EQ(number(result.at("explanation")[0], "params"), (37 - 64) * 20);
  EXPECT_EQ(number(result.at("explanation")[1], "params"), 3 * 8 * (2 * 20 + 1));
  EXPECT_EQ(result.at("explanation")[0].at("terms")[0].at("formula"),
            "S·H = 37·20 instead of 64·20");
}

// -------------------------------------------------------------------------------------------------
// checks and exit codes (docs/exit-codes.md)

struct Call {
  Arguments arguments;
  int exit_code;
};

class ExitCodes : public testing::TestWithParam<Call> {};

TEST_P(ExitCodes, AreAsDocumented) {
  Arguments arguments{"compare", "-f", "json"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const Ran ran = run_torchtally(arguments);
  EXPECT_EQ(ran.exit_code, GetParam().exit_code) << ran.out;
  const Json result = Json::parse(ran.out);
  EXPECT_EQ(objections(result), "");
  EXPECT_EQ(result.contains("error"), ran.exit_code > 1);
  if (result.contains("error")) return;
  for (const Json& check : result.at("checks"))
    EXPECT_EQ(check.at("passed"), ran.exit_code == 0) << check;
}

const std::string kGpt2 = "sample_models/gpt2.pt", kResnet = "sample_models/resnet.pt",
                  kOther = kArchives + "gpt2_other.config.json",
                  kBert = kArchives + "frozen_bert.config.json",
                  kPooled = kArchives + "frozen/bert_pooled.pt",
                  kDropped = kArchives + "frozen/bert_dropped.pt",
                  kFresh = kArchives + "frozen/gpt2_fresh.pt",
                  kZoo = kArchives + "quantized_zoo.pt";

INSTANTIATE_TEST_SUITE_P(
    Checks, ExitCodes,
    testing::Values(
        Call{{kGpt2}, 0}, Call{{kResnet}, 0}, Call{{kGpt2, "--expect-params", "21164"}, 0},
        Call{{kGpt2, "--expect-params", "21165"}, 1}, Call{{kPooled, "--expect-config", kBert}, 0},
        Call{{kDropped, "--expect-config", kBert}, 1}, Call{{kGpt2, "--expect-config", kOther}, 1},
        Call{{kGpt2, "--fail-on", "mismatch"}, 0}, Call{{kFresh, "--fail-on", "mismatch"}, 1},
        Call{{kGpt2, "--fail-on", "unexplained"}, 0},
        Call{{kResnet, "--config", kOther, "--fail-on", "unexplained"}, 1},
        Call{{kResnet, "--config", kOther, "--fail-on", "unexplained>0.1%"}, 1},
        Call{{kResnet, "--config", kOther, "--fail-on", "unexplained>100%"}, 0},
        Call{{kPooled, "--config", kBert, "--fail-on", "missing"}, 0},
        Call{{kDropped, "--config", kBert, "--fail-on", "missing"}, 1},
        Call{{kPooled, "--config", kBert, "--fail-on", "contradiction"}, 0},
        Call{{kGpt2, "--config", kOther, "--fail-on", "contradiction"}, 1},
        Call{{kPooled, "--config", kBert, "--fail-on", "open"}, 0},
        Call{{kFresh, "--fail-on", "open"}, 1}, Call{{kZoo, "--fail-on", "modules"}, 0},
        Call{{kGpt2, "--fail-on", "modules"}, 1},  // traced: no module declares sizes
        Call{{kResnet, "--fail-on", "mismatch"}, 1}, Call{{kResnet, "--fail-on", "open"}, 1},
        Call{{kGpt2, "--profile", "guide"}, 0},
        Call{{kGpt2, "--profile", "guide", "--expect-params", "21164"}, 0},
        Call{{kGpt2, "--profile", "guide", "--expect-params", "1"}, 1},
        Call{{kGpt2, "--profile", "guide", "--fail-on", "mismatch"}, 1}));

INSTANTIATE_TEST_SUITE_P(
    Refusals, ExitCodes,
    testing::Values(Call{{kGpt2, "--fail-on", "nonsense"}, 2},
                    Call{{kGpt2, "--fail-on", "unexplained>x%"}, 2},
                    Call{{kGpt2, "--fail-on", "missing>1%"}, 2},
                    Call{{kGpt2, "--expect-params", "many"}, 2},
                    Call{{kGpt2, "--config", kOther, "--expect-config", kBert}, 2},
                    Call{{kGpt2, "--profile", "other"}, 2}, Call{{kGpt2, "--vocab-size", "5"}, 2},
                    Call{{kGpt2, "--family", "gpt2"}, 2},
                    Call{{kGpt2, "--profile", "guide", "--num-heads", "4"}, 2},
                    Call{{kGpt2, "--profile", "guide", "--fail-on", "open"}, 2},
                    Call{{kGpt2, "--set", "decoder.num_such=1"}, 2},
                    Call{{kResnet, "--set", "decoder.hidden_size=1"}, 2},
                    Call{{kGpt2, "--config", "no_such.json"}, 3}, Call{{"no_such.pt"}, 3},
                    Call{{"sample_models/README.md"}, 3}));

// -------------------------------------------------------------------------------------------------
// what an audit says of it

TEST(AuditRecognises, InOneLineAndInItsJson) {
  const struct {
    std::string path, line;
    bool exact;
    std::int64_t residual;
  } cases[] = {{kGpt2, "the formula is exact", true, 0},
               {kFresh, "the formula is off by -680 parameters", false, -680}};
  for (const auto& one : cases) {
    const std::string text = run_torchtally({"audit", one.path}).out;
    EXPECT_NE(text.find(one.line), std::string::npos) << text;
    const Json audit = Json::parse(run_torchtally({"audit", "-f", "json", one.path}).out);
    const Json& formula = audit.at("models")[0].at("recognised").at("formula");
    EXPECT_EQ(formula.at("exact"), one.exact) << one.path;
    EXPECT_EQ(number(formula, "residual_params"), one.residual) << one.path;
  }
}

TEST(AuditRecognises, NothingOfAPart) {
  const Json audit =
      Json::parse(run_torchtally({"audit", "-f", "json", "--filter", "wte", kGpt2}).out);
  EXPECT_FALSE(audit.at("models")[0].contains("recognised"));
}

// -------------------------------------------------------------------------------------------------
// quantized and frozen exports, against what PyTorch counted

const Json* change(const Json& result, const std::string& code) {
  for (const Json& one : result.at("export")) {
    if (one.at("code") == code) return &one;
  }
  return nullptr;
}

Json counts_in(const std::string& file) {
  return Json::parse(read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) / (kArchives + file)));
}

class Quantized : public testing::TestWithParam<const char*> {};

TEST_P(Quantized, MeetsTheFloatModulesCounts) {
  const std::string name = GetParam();
  const Json expected = counts_in("quantized_counts.json").at(name);
  const Json result = compared({kArchives + name + ".pt"});
  std::map<std::string, std::int64_t> predicted;
  for (const Json& m : result.at("modules").at("modules")) {
    predicted[m.at("path")] = number(m, "predicted_params");
    EXPECT_EQ(number(m, "predicted_params"), number(m, "real_params")) << m;
  }
  const bool traced = name == "quantized_cnn_traced";  // its linear layers declare no sizes
  for (const auto& [path, count] : expected.at("modules").items()) {
    if (traced && path.substr(0, 2) == "fc") continue;
    ASSERT_EQ(predicted.count(path), 1U) << path << " was not held against a formula";
    EXPECT_EQ(predicted[path], count.get<std::int64_t>()) << path;
  }
  EXPECT_EQ(predicted.size(), expected.at("modules").size() - (traced ? 2 : 0));
  EXPECT_EQ(number(result.at("modules"), "without_declarations"), traced ? 2 : 0);
  EXPECT_EQ(number(result.at("total"), "real_params"), number(expected, "fused"));
}

INSTANTIATE_TEST_SUITE_P(Archives, Quantized,
                         testing::Values("quantized_zoo", "quantized_dynamic_zoo", "quantized_cnn",
                                         "quantized_cnn_traced"),
                         [](const auto& param) { return std::string(param.param); });

TEST(ExportChanges, CountFoldedNormsOfAFusedModel) {
  // make_quantized.py: a bias-free convolution of 6 channels and one with a bias of 10 had a norm
  // each; the float model has 698 parameters, the fused one 672: 2·6 + 2·10 of norms less, 6 of a
  // bias that folding made more.
  const Json result = compared({kArchives + "quantized_cnn.pt"});
  const Json* folded = change(result, "folded-norms");
  ASSERT_NE(folded, nullptr);
  EXPECT_EQ(number(*folded, "count"), 2);
  EXPECT_EQ(number(*folded, "params"), 2 * 6 + 2 * 10);
  const Json* packed = change(result, "packed-weights");
  ASSERT_NE(packed, nullptr);
  // four weights, and the biases of all but the last
  EXPECT_EQ(number(*packed, "count"), 7);
  EXPECT_EQ(number(*packed, "params"), 672);
  EXPECT_EQ(packed->at("by_dtype"), (Json{{"qint8", 672 - 6 - 10 - 14}, {"float32", 6 + 10 + 14}}));
}

TEST(ExportChanges, FindNoFoldedNormsWhereNothingWasFused) {
  for (const char* name : {"quantized_zoo", "quantized_dynamic_zoo", "quantized_gpt"})
    EXPECT_EQ(change(compared({kArchives + name + ".pt"}), "folded-norms"), nullptr) << name;
}

class Frozen : public testing::TestWithParam<const char*> {};

TEST_P(Frozen, IsExactFromItsCodeAlone) {
  const std::string name = GetParam();
  const Json expected = counts_in("frozen/counts.json").at(name);
  const Json result = compared({kArchives + "frozen/" + name + ".pt"});
  expect_conservation(result, name);
  EXPECT_TRUE(result.at("recognised").at("transformer")) << result.at("recognised");
  EXPECT_TRUE(result.at("exact")) << result.at("unexplained") << result.at("missing");
  EXPECT_EQ(number(result.at("total"), "predicted_params"), number(expected, "used"));
  EXPECT_EQ(number(result.at("total"), "real_params"), number(expected, "used"));
  EXPECT_EQ(change(result, "merged-constants"), nullptr);
}

TEST(FrozenHeads, AreProvedByTheSizesInTheCode) {
  // make_frozen.py: 4 heads of 6, 2 for keys and values.
  const Json result = compared({kArchives + "frozen/own_llama.pt"});
  std::map<std::string, Json> fields;
  for (const Json& field : result.at("specification").at("inferred"))
    fields[field.at("path")] = field;
  EXPECT_EQ(fields["decoder.attention.head_dim"].at("value"), "6");
  EXPECT_EQ(fields["decoder.attention.num_heads"].at("value"), "4");
  EXPECT_EQ(fields["decoder.attention.num_key_value_heads"].at("value"), "2");
  EXPECT_FALSE(fields["decoder.attention.head_dim"].at("open"));
  EXPECT_TRUE(fields["decoder.causal"].at("open"));
}

INSTANTIATE_TEST_SUITE_P(Archives, Frozen,
                         testing::Values("gpt2", "bert_pooled", "bert_dropped", "llama",
                                         "own_llama", "own_gpt"),
                         [](const auto& param) { return std::string(param.param); });

TEST(FrozenChanges, ShowWhatWasDroppedOnceTheConfigurationIsKnown) {
  const Json expected = counts_in("frozen/counts.json").at("bert_dropped");
  const Json result = compared(
      {kArchives + "frozen/bert_dropped.pt", "--config", kArchives + "frozen_bert.config.json"});
  const std::int64_t dropped = number(expected, "parameters") - number(expected, "used");
  EXPECT_EQ(dropped, 20 * 20 + 20);  // the pooler
  EXPECT_EQ(number(result.at("total"), "residual_params"), -dropped);
  EXPECT_EQ(number(result.at("total"), "unexplained_params"), 0);
  const Json* change_of = change(result, "dropped");
  ASSERT_NE(change_of, nullptr);
  EXPECT_EQ(number(*change_of, "params"), dropped);
  EXPECT_EQ(change_of->at("terms"), (Json{"head.pooler.weight", "head.pooler.bias"}));
}

TEST(FrozenChanges, TellMergedConstantsToTheElement) {
  const Json expected = counts_in("frozen/counts.json").at("gpt2_fresh");
  const Json result = compared({kArchives + "frozen/gpt2_fresh.pt"});
  EXPECT_TRUE(result.at("recognised").at("transformer")) << result.at("recognised");
  const std::int64_t merged = number(expected, "parameters") - number(expected, "distinct");
  EXPECT_EQ(number(result.at("total"), "real_params"), number(expected, "distinct"));
  EXPECT_EQ(number(result.at("total"), "predicted_params"), number(expected, "parameters"));
  EXPECT_EQ(number(result.at("total"), "unexplained_params"), 0);
  const Json* found = change(result, "merged-constants");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(number(*found, "params"), merged);
}

TEST(ExportChanges, SayOfFrozenConvolutionsOnlyWhatTheFileSays) {
  // sample_models/recipes/vision.py: three convolutions, each followed by a batch norm. In one
  // export the norms were folded, in the other they still run.
  const Json folded = compared({"sample_models/frozen_folded_cnn.pt"});
  ASSERT_NE(change(folded, "biases-for-norms"), nullptr);
  EXPECT_EQ(number(*change(folded, "biases-for-norms"), "count"), 3);
  EXPECT_EQ(change(folded, "running-norms"), nullptr);
  const Json running = compared({"sample_models/frozen_cnn.pt"});
  ASSERT_NE(change(running, "running-norms"), nullptr);
  EXPECT_EQ(number(*change(running, "running-norms"), "count"), 3);
  EXPECT_EQ(change(running, "biases-for-norms"), nullptr);
}

}  // namespace
}  // namespace tally::tests
