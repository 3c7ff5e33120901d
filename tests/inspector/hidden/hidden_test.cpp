// Exports whose weights are no plain parameters, through the program itself, against what PyTorch
// counted of the models that they were made of: make_hidden.py writes both.

#include <gtest/gtest.h>
#include <tests/run_torchtally.h>

#include <algorithm>
#include <map>

namespace tally::tests {
namespace {

using Json = nlohmann::json;

const std::string kArchives = "tests/inspector/hidden/archives/";

Json counts(const std::string& archive) {
  static const Json all = Json::parse(
      read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) / kArchives / "counts.json"));
  return all.at(archive);
}

Json audited(const std::string& archive) {
  return Json::parse(run_torchtally({"audit", "-f", "json", kArchives + archive}).out)
      .at("models")
      .at(0);
}

std::string text_of(const std::string& archive) {
  return run_torchtally({"audit", kArchives + archive}).out;
}

int gated(const std::string& archive) {
  return run_torchtally({"audit", kArchives + archive, "--fail-on", "hidden-weights"}).exit_code;
}

std::int64_t number(const Json& model, const std::string& kind, const std::string& unit) {
  const Json& kinds = model.at("totals").at("by_kind").at("unique");
  return kinds.contains(kind) ? kinds.at(kind).at(unit).get<std::int64_t>() : 0;
}

std::string finding(const Json& model, const std::string& code) {
  for (const Json& f : model.at("findings")) {
    if (f.at("code") == code) return f.at("text");
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// ------------------------------------------------------------------------------------------------
// optimize_for_inference, to_mkldnn, optimize_for_mobile

TEST(Hidden, TellsWeightsThatOptimizingTookOutOfTheFile) {
  for (const char* archive : {"optimized.pt", "optimized_traced.pt"}) {
    SCOPED_TRACE(archive);
    const Json model = audited(archive);
    ASSERT_EQ(model.at("hidden_weights").size(), 1U);
    const Json& hidden = model.at("hidden_weights").at(0);
    EXPECT_EQ(hidden.at("what"), "mkldnn_constant");
    // What PyTorch had is gone or there.
    EXPECT_EQ(hidden.at("count").get<std::int64_t>() + number(model, "constant", "tensors"),
              counts(archive).at("tensors"));
    EXPECT_EQ(hidden.at("bytes"), 0);
    EXPECT_TRUE(hidden.at("elements").is_null());
    EXPECT_EQ(hidden.at("place"), "forward");
    EXPECT_EQ(hidden.at("line"), 7);  // class, two lists, two lines of `def`, to_mkldnn, and it
    EXPECT_EQ(gated(archive), 1);
    const std::string text = text_of(archive);
    EXPECT_TRUE(contains(text, "parameters      0  declared; its weights are constants, hidden"))
        << text;
    EXPECT_TRUE(contains(text, "hidden weights  3 tensors gone from the file")) << text;
    EXPECT_TRUE(contains(text, "note: 3 weights are gone from the file")) << text;
  }
}

TEST(Hidden, SaysNothingOfWeightsThatAreInTheFile) {
  const std::map<std::string, std::string> kinds{{"optimized_linear.pt", "constant"},
                                                 {"mobile.pt", "packed"},
                                                 {"frozen.pt", "constant"},
                                                 {"frozen_quantized.pt", "packed"}};
  for (const auto& [archive, kind] : kinds) {
    SCOPED_TRACE(archive);
    const Json model = audited(archive);
    EXPECT_FALSE(model.contains("hidden_weights"));
    EXPECT_EQ(number(model, kind, "elements"), counts(archive).at("elements"));
    EXPECT_EQ(gated(archive), 0);
    EXPECT_TRUE(contains(text_of(archive), "0  declared; its weights are " + kind)) << kind;
  }
}

TEST(Hidden, CountsTheBuffersOfMkldnnModulesAsTheLoadedModelHasThem) {
  for (const char* archive : {"mkldnn.pt", "mkldnn_traced.pt"}) {
    SCOPED_TRACE(archive);
    const Json model = audited(archive);
    std::map<std::string, std::int64_t> ours;
    for (const Json& t : model.at("tensors")) {
      EXPECT_EQ(t.at("kind"), "buffer");
      ours[t.at("name")] = t.at("elements");
    }
    EXPECT_EQ(ours, (counts(archive).at("buffers").get<std::map<std::string, std::int64_t>>()));
    EXPECT_FALSE(model.contains("hidden_weights"));
  }
}

// ------------------------------------------------------------------------------------------------
// texts, numbers, bytes

TEST(Hidden, TellsEnginesInTextsAndBytes) {
  const Json model = audited("engine.pt");
  ASSERT_EQ(model.at("hidden_weights").size(), 2U);
  const Json &text = model.at("hidden_weights").at(0), &blob = model.at("hidden_weights").at(1);
  EXPECT_EQ(text.at("what"), "string");
  EXPECT_EQ(text.at("record"), "data.pkl");
  EXPECT_EQ(text.at("place"), "text");
  EXPECT_EQ(text.at("bytes"), counts("engine.pt").at("text"));
  EXPECT_EQ(text.at("known"), "a TensorRT engine");
  EXPECT_EQ(blob.at("what"), "byte_tensor");
  EXPECT_EQ(blob.at("place"), "blob");
  EXPECT_EQ(blob.at("bytes"), counts("engine.pt").at("blob"));
  EXPECT_EQ(blob.at("known"), "a TensorRT engine");
  EXPECT_EQ(gated("engine.pt"), 1);
}

TEST(Hidden, TellsATextThatFreezingPutIntoTheCode) {
  const Json model = audited("engine_frozen.pt");
  const Json& text = model.at("hidden_weights").at(0);
  EXPECT_EQ(text.at("what"), "string");
  EXPECT_EQ(text.at("place"), "forward");
  EXPECT_GE(text.at("line"), 1);
  EXPECT_EQ(text.at("bytes"), counts("engine_frozen.pt").at("text").get<int>() + 2);  // quotes
  EXPECT_EQ(gated("engine_frozen.pt"), 1);
}

TEST(Hidden, TellsListsOfNumbers) {
  for (const char* archive : {"numbers.pt", "numbers_frozen.pt"}) {
    SCOPED_TRACE(archive);
    const Json model = audited(archive);
    const Json& numbers = model.at("hidden_weights").at(0);
    EXPECT_EQ(numbers.at("what"), "numbers");
    EXPECT_EQ(numbers.at("elements"), counts(archive).at("numbers"));
    EXPECT_EQ(gated(archive), 1);
  }
}

TEST(Hidden, SaysNothingOfShortTextsAndLists) {
  EXPECT_FALSE(audited("text.pt").contains("hidden_weights"));
  EXPECT_EQ(gated("text.pt"), 0);
}

// ------------------------------------------------------------------------------------------------
// frozen and quantized

TEST(Hidden, CallsAFileFrozenThatKeepsAParameter) {
  const Json model = audited("frozen_kept.pt");
  const auto kept = counts("frozen_kept.pt").at("kept").get<std::int64_t>();
  EXPECT_EQ(number(model, "parameter", "elements"), kept);
  EXPECT_EQ(number(model, "constant", "elements") + kept, counts("frozen_kept.pt").at("elements"));
  EXPECT_TRUE(contains(finding(model, "frozen"), "only 3 elements of parameters"));
}

TEST(Hidden, DoesNotCallATracedFunctionFrozen) {
  EXPECT_EQ(finding(audited("traced_function.pt"), "frozen"), "");
}

TEST(Hidden, CountsNoSettingsOfQuantizedConvolutions) {
  for (const char* archive : {"frozen_quantized.pt", "quantized.ptl"}) {
    SCOPED_TRACE(archive);
    const Json model = audited(archive);
    EXPECT_EQ(number(model, "packed", "elements"), counts(archive).at("elements"));
    EXPECT_EQ(number(model, "packed", "tensors"), counts(archive).at("tensors"));
    // conv_serialization.h, form 2: spatial dimensions, 2 each of stride, padding, dilation and
    // output padding, groups, transposed: 11 of each of two convolutions.
    EXPECT_EQ(model.at("totals").at("settings").at("elements"), 22);
    EXPECT_FALSE(model.at("totals").at("by_dtype").contains("int16"));
    const Json& tensors = model.at("tensors");
    EXPECT_EQ(std::count_if(tensors.begin(), tensors.end(),
                            [](const Json& t) { return t.contains("setting"); }),
              2);
  }
}

TEST(Hidden, CallsNoStorageUnusedThatBytecodeNames) {
  const Json model = audited("quantized.ptl");
  EXPECT_EQ(finding(model, "unused-storage"), "");
  // constants/14.storage to 24.storage, whose sizes Python's zipfile lists: 12 + 24 + 24 + 22 + 72
  // + 32 + 32 + 22 + 108 + 32 + 32 bytes; the model's own pickles name 0 to 13.
  EXPECT_TRUE(contains(finding(model, "bytecode-storage"), "11 storages of 412 bytes"))
      << finding(model, "bytecode-storage");
}

// ------------------------------------------------------------------------------------------------
// layouts of integers

TEST(Hidden, TellsWhatPackedIntegersStandFor) {
  const Json model = audited("packed_layouts.pt");
  std::map<std::string, std::int64_t> ours;
  for (const Json& layer : model.at("packed_weights"))
    ours[layer.at("module")] = layer.at("elements");
  std::map<std::string, std::int64_t> torch;
  const Json expected = counts("packed_layouts.pt").at("weights");
  for (const auto& [name, weights] : expected.items()) {
    if (weights != 0) torch[name] = weights;
  }
  EXPECT_EQ(ours, torch);
  const Json& first = model.at("packed_weights").at(0);
  EXPECT_EQ(first.at("layout"), "GPTQ");
  EXPECT_EQ(first.at("bits"), 2);
  EXPECT_EQ(first.at("stored"), 64 / 32 * 2 * 96);
  const std::string text = text_of("packed_layouts.pt");
  EXPECT_TRUE(contains(text, "AWQ, 4 bits: 2,560 weights in 320 integers of 1 layer")) << text;
  EXPECT_FALSE(model.contains("hidden_weights"));  // what is known is not hidden
}

// ------------------------------------------------------------------------------------------------
// origin and names

TEST(Hidden, TellsDevicesAndTypesInTracedCode) {
  const Json file = audited("devices.pt").at("file");
  std::map<std::string, Json> burnt_in;
  for (const Json& literal : file.at("burnt_in")) burnt_in[literal.at("value")] = literal;
  ASSERT_EQ(burnt_in.size(), 3U);
  EXPECT_EQ(burnt_in["cpu"].at("what"), "device");
  EXPECT_EQ(burnt_in["cpu"].at("methods"), 1);
  EXPECT_EQ(burnt_in["float16"].at("what"), "dtype");
  EXPECT_EQ(burnt_in["bfloat16"].at("what"), "dtype");
  EXPECT_EQ(file.at("producer"), "PyTorch 2.1 or newer");
  const std::string text = text_of("devices.pt");
  EXPECT_TRUE(contains(text, "cpu in 1 method: it runs on no other device")) << text;
  EXPECT_TRUE(contains(text, "from PyTorch 2.1 or newer")) << text;
  EXPECT_TRUE(contains(text_of("frozen.pt"), "saved from cpu"));
}

TEST(Hidden, NamesModulesAndTensorsAsPyTorchDoes) {
  const Json model = audited("keys.pt"), torch = counts("keys.pt");
  std::map<std::string, std::int64_t> ours;
  for (const Json& t : model.at("tensors")) ours[t.at("name")] = t.at("elements");
  EXPECT_EQ(ours, (torch.at("parameters").get<std::map<std::string, std::int64_t>>()));
  std::vector<std::string> modules;
  for (const Json& m : model.at("modules")) modules.push_back(m.at("path"));
  EXPECT_EQ(modules, torch.at("modules").get<std::vector<std::string>>());
  const Json filtered = Json::parse(run_torchtally({"audit", "-f", "json", "--filter",
                                                    R"(^d\.\[0\]\.weight$)", kArchives + "keys.pt"})
                                        .out);
  EXPECT_EQ(filtered.at("models").at(0).at("totals").at("unique").at("elements"), 6);
}

}  // namespace
}  // namespace tally::tests
