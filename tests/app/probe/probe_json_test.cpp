// The probe's JSON: that it is as docs/schema/ says, whatever was asked for and whatever came of
// it.

#include <gtest/gtest.h>
#include <tests/inspector/probe/environment_variable.h>
#include <tests/json_schema.h>

#include <functional>

namespace tally::tests {
namespace {

using Json = nlohmann::json;

/// What the schema says against `document`; "" if nothing.
std::string objections(const Json& document) {
  static const JsonSchema schema("probe-2.schema.json"), errors("error-2.schema.json");
  return (document.contains("error") ? errors : schema).objections(document);
}

Json probe(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"probe", "-f", "json"});
  return Json::parse(run_torchtally(arguments).out);
}

const std::string kMlp = "tests/inspector/probe/mlp.pt";
const std::string kGpt = "tests/inspector/probe/gpt.pt";
const std::string kIds = "2x32:int64:0..1008";

/// A report with everything in it: training, sizes set, repeats, modules, virtual runs, formulas.
const Json& full_report() {
  static const Json report = probe({"--device", "cpu", kGpt, "-i", kIds, "-p", "train", "--batch",
                                    "2", "--seq", "16", "--repeat", "2"});
  return report;
}

const Json& search_report() {
  static const Json report =
      probe({"--device", "cpu", kMlp, "-i", "1x256", "--max-batch", "--limit", "3M"});
  return report;
}

TEST(ProbeSchema, HoldsForEverythingAtOnce) { EXPECT_EQ(objections(full_report()), ""); }

TEST(ProbeSchema, HoldsForASearch) { EXPECT_EQ(objections(search_report()), ""); }

TEST(ProbeSchema, HoldsWhateverWasAskedFor) {
  for (const auto& arguments :
       {std::vector<std::string>{kMlp, "-p", "load"},
        {kMlp, "-i", "4x256", "--device", "meta", "-p", "train"},
        {kMlp, "-i", "4x256", "--device", "auto", "--no-modules", "--no-virtual"},
        {kMlp, "-i", "4x256", "-p", "train", "--no-formulas", "--optimizer", "sgd"},
        {"sample_models/gpt2.pt", "-i", "ids=1x9:int64:0..210"},
        {"tests/inspector/probe/inputs/tokens.pt", "--warm-up", "2"},
        {"tests/inspector/probe/inputs/bundled.pt", "--bundled-inputs", "--no-virtual"},
        {"tests/inspector/probe/inputs/defaults.pt", "-i", "4x5", "-i", "scale=value:2"}}) {
    const Json report = probe(arguments);
    EXPECT_EQ(objections(report), "") << report;
  }
}

TEST(ProbeSchema, HoldsOnTheFakeGpuWithAndWithoutNvml) {
  const EnvironmentVariable path("LD_LIBRARY_PATH",
                                 TORCHTALLY_FAKE_DRIVER ":" TORCHTALLY_FAKE_LIBTORCH);
  for (const char* present : {"1", "0"}) {
    const EnvironmentVariable nvml("TORCHTALLY_FAKE_GPU_NVML", present);
    const Json report = probe({kMlp, "-i", "4x256", "--device", "cuda", "--no-virtual"});
    ASSERT_TRUE(
        report.at("configurations").at(0).at("runs").at(0).at("phases").at(0).contains("device"));
    EXPECT_EQ(objections(report), "") << report;
  }
}

TEST(ProbeSchema, HoldsForFailures) {
  for (const auto& arguments : {std::vector<std::string>{kMlp, "-i", "4x256", "--limit", "1M"},
                                {kMlp, "-i", "4x255"},
                                {"sample_models/frozen_cnn.pt", "-p", "train", "-i", "1x3x20x20"},
                                {kMlp, "-i", "4x256", "--max-batch", "--limit", "1M"}}) {
    const Json report = probe(arguments);
    ASSERT_TRUE(report.contains("configurations")) << report;
    EXPECT_FALSE(report.at("configurations").at(0).at("runs").at(0).at("failure").is_null());
    EXPECT_EQ(objections(report), "") << report;
  }
}

TEST(ProbeSchema, HoldsForErrors) {
  for (const auto& arguments : {std::vector<std::string>{"missing.pt"},
                                {"--no-such-flag"},
                                {kMlp, "-i", "4xx"},
                                {kMlp, "-i", "4x256", "--device", "cuda:7"},
                                {}}) {
    const Json document = probe(arguments);
    ASSERT_TRUE(document.contains("error")) << document;
    EXPECT_EQ(objections(document), "") << document;
  }
}

// Without this, a schema that takes anything would pass all of the above.
TEST(ProbeSchema, RefusesUnknownAndMissingKeysEverywhere) {
  std::size_t objects = 0;
  for (const Json& report : {full_report(), search_report()}) {
    const std::function<void(const Json&, const std::string&)> visit =
        [&](const Json& node, const std::string& pointer) {
          if (node.is_object()) {
            ++objects;
            Json altered = report;
            altered[Json::json_pointer(pointer)]["unexpected"] = 1;
            EXPECT_NE(objections(altered), "") << "at " << pointer;
          }
          if (!node.is_structured()) return;
          std::size_t index = 0;
          for (const auto& [key, value] : node.items()) {
            if (node.is_array() && index++ >= 1) break;  // the first of a list stands for all
            visit(value, pointer + "/" + key);
          }
        };
    visit(report, "");
  }
  EXPECT_GT(objects, 20u);
}

// Korthikanti et al. 2022, arXiv:2205.05198, section 4.1, in fp32 and without dropout: a layer
// keeps 32 sbh values of two bytes that are 64 sbh bytes here, its softmax 4as²b, PyTorch a copy of
// the scaled queries, 4 sbh, and two values a norm and position, 16 sb; outside, the final norm's
// input and the head's, and the logits. gpt.pt (record_eager.py): 3 layers, 96 wide, 4 heads, 1009
// tokens.
TEST(Probe, FormulasPredictWhatATrainingForwardKeeps) {
  const Json& gpt = full_report().at("configurations").at(0);
  const std::int64_t s = 16, b = 2, h = 96, a = 4, layers = 3, v = 1009;
  const std::int64_t layer = 64 * s * b * h + 4 * a * s * s * b + 4 * s * b * h + 16 * s * b;
  const std::int64_t outside = 2 * 4 * s * b * h + 4 * s * b * v;
  const Json& kernels = gpt.at("formula_activations").at("kernels");
  EXPECT_EQ(kernels.at(1).at("kernel"), "eager");
  EXPECT_EQ(kernels.at(1).at("total_bytes"), layers * layer + outside);
  // Flash attention keeps no softmax and no scaled copy, but a log-sum-exp a head and query.
  EXPECT_EQ(kernels.at(0).at("kernel"), "flash");
  EXPECT_EQ(kernels.at(0).at("total_bytes"),
            layers * (layer - 4 * a * s * s * b - 4 * s * b * h + 4 * a * s * b) + outside);
  for (const Json& kernel : kernels) {
    std::int64_t sum = 0;
    for (const Json& part : kernel.at("parts")) sum += part.at("bytes").get<std::int64_t>();
    EXPECT_EQ(kernel.at("total_bytes"), sum);
  }
  EXPECT_EQ(full_report().at("recognised_as").get<std::string>().rfind("decoder-only", 0), 0u);
}

TEST(Probe, FormulasSayWhyTheyHaveNoWord) {
  const Json report = probe({"--device", "cpu", kMlp, "-i", "4x256", "-p", "train"});
  const Json& formulas = report.at("configurations").at(0).at("formula_activations");
  EXPECT_NE(formulas.at("reason").get<std::string>().find("transformers"), std::string::npos);
  EXPECT_TRUE(formulas.at("kernels").empty());
}

}  // namespace
}  // namespace tally::tests
