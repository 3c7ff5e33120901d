// The audit's JSON: that it is as docs/schema/ says, and that what is split adds up again.

#include <gtest/gtest.h>
#include <tests/json_schema.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <sstream>
#include <utility>

namespace tally::tests {
namespace {

using Json = nlohmann::json;

/// What the schema says against `document`; "" if nothing.
std::string objections(const Json& document) {
  static const JsonSchema schema("audit-2.schema.json");
  return schema.objections(document);
}

Json audit(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"audit", "-f", "json"});
  return Json::parse(run_torchtally(arguments).out);
}

/// One report with a model of every sort in it; of what LibTorch says where this build has it.
const Json& mixed_report() {
  static const Json report = [] {
    std::vector<std::string> arguments{"--filter", "."};
    if (std::filesystem::exists(TORCHTALLY_BINARY_DIR "/bin/torchtally-worker"))
      arguments.emplace_back("--load");
    for (const char* name :
         {"scripted_mlp", "tied_scripted", "quantized_per_channel", "quantized_dynamic",
          "sparse_csr", "frozen_cnn", "package", "shared_module", "extra_files", "detection_nms"}) {
      arguments.push_back("sample_models/" + std::string(name) + ".pt");
    }
    arguments.push_back("sample_models/README.md");
    return audit(arguments);
  }();
  return report;
}

TEST(AuditSchema, HoldsForEverySample) { EXPECT_EQ(objections(audit_of_samples()), ""); }

TEST(AuditSchema, HoldsForFiltersVerificationsAndUnreadableFiles) {
  EXPECT_EQ(objections(mixed_report()), "");
}

TEST(AuditSchema, HoldsForWeightsThatAreNoTensors) {
  std::vector<std::string> arguments{"--fail-on", "hidden-weights"};
  for (const char* name : {"optimized", "engine", "engine_frozen", "numbers", "packed_layouts",
                           "frozen_quantized", "devices", "mkldnn"})
    arguments.push_back("tests/inspector/hidden/archives/" + std::string(name) + ".pt");
  EXPECT_EQ(objections(audit(arguments)), "");
}

TEST(AuditSchema, HoldsForErrors) {
  for (const auto& arguments : {std::vector<std::string>{"missing.pt"},
                                {"--filter", "(", "sample_models/views.pt"},
                                {"--no-such-flag"},
                                {}}) {
    const Json document = audit(arguments);
    EXPECT_EQ(objections(document), "") << document;
  }
}

TEST(AuditSchema, HoldsForEachLineOfJsonLines) {
  const std::string out = run_torchtally({"audit", "-f", "jsonl", "sample_models/views.pt",
                                          "sample_models/README.md", "sample_models/gpt2.pt"})
                              .out;
  std::istringstream lines(out);
  std::vector<Json> models;
  for (std::string line; std::getline(lines, line);) {
    models.push_back(Json::parse(line));
    EXPECT_EQ(objections(models.back()), "") << models.back().at("path");
  }
  ASSERT_EQ(models.size(), 3U);
  EXPECT_TRUE(models[1].contains("error"));
  // A line has what the report's entry has.
  const Json entry = audit({"sample_models/gpt2.pt"}).at("models").at(0);
  for (const auto& [key, value] : entry.items()) EXPECT_EQ(models[2].at(key), value) << key;
}

/// The mixed report, a model at a time: validating takes its time, and many alterations are tried.
const std::vector<Json>& reports_of_one() {
  static const std::vector<Json> reports = [] {
    std::vector<Json> result;
    for (const Json& model : mixed_report().at("models")) {
      Json report = mixed_report();
      report["models"] = Json::array({model});
      result.push_back(std::move(report));
    }
    return result;
  }();
  return reports;
}

// Every object but these is closed: their keys are the model's.
bool has_keys_of_the_model(const std::string& pointer) {
  for (const char* end : {"/constants", "/attributes", "/by_module_type"}) {
    if (pointer.find(std::string(end) + "/") != std::string::npos) return true;
    if (pointer.size() >= std::string(end).size() &&
        pointer.compare(pointer.size() - std::string(end).size(), std::string::npos, end) == 0) {
      return pointer.find("/sections/") == std::string::npos;
    }
  }
  return false;
}

void for_each_node(const Json& node, const std::string& pointer,
                   const std::function<void(const Json&, const std::string&)>& visit) {
  visit(node, pointer);
  if (!node.is_structured()) return;
  std::size_t index = 0;
  for (const auto& [key, value] : node.items()) {
    // the first of a list stand for all
    if (node.is_array() && index++ >= 3) break;
    if (!has_keys_of_the_model(pointer)) for_each_node(value, pointer + "/" + key, visit);
  }
}

TEST(AuditSchema, RefusesUnknownKeysEverywhere) {
  std::size_t objects = 0;
  for (const Json& report : reports_of_one()) {
    for_each_node(report, "", [&](const Json& node, const std::string& pointer) {
      if (!node.is_object() || has_keys_of_the_model(pointer)) return;
      Json altered = report;
      altered[Json::json_pointer(pointer)]["unexpected"] = 1;
      EXPECT_NE(objections(altered), "") << "at " << pointer;
      ++objects;
    });
  }
  EXPECT_GT(objects, 200U);
}

TEST(AuditSchema, RefusesNumbersThatAreNoCounts) {
  std::size_t numbers = 0;
  for (const Json& report : reports_of_one()) {
    for_each_node(report, "", [&](const Json& node, const std::string& pointer) {
      const std::string key = pointer.substr(pointer.rfind('/') + 1);
      const bool may_be_negative = key == "zero_point" || key == "residual_params";
      if (!node.is_number_integer() || may_be_negative) return;
      for (const Json& wrong : {Json(-1), Json(1.5), Json("1"), Json(nullptr)}) {
        Json altered = report;
        altered[Json::json_pointer(pointer)] = wrong;
        EXPECT_NE(objections(altered), "") << wrong << " at " << pointer;
      }
      ++numbers;
    });
  }
  EXPECT_GT(numbers, 200U);
}

TEST(AuditSchema, RefusesWhatLacksAKey) {
  // Keys that need not be there, and objects that have only what there is.
  const std::set<std::string> optional{"filter",       "verification", "same_as",    "alias_of",
                                       "quantization", "parts",        "recognised", "formula"};
  const std::set<std::string> sparse_objects{"unique",   "again",          "sections",
                                             "by_dtype", "by_module_type", "parts"};
  std::size_t keys = 0;
  for (const Json& report : reports_of_one()) {
    for_each_node(report, "", [&](const Json& node, const std::string& pointer) {
      if (!node.is_object()) return;
      const bool is_count = node.contains("tensors") && node.contains("elements");
      if (sparse_objects.count(pointer.substr(pointer.rfind('/') + 1)) != 0 && !is_count) return;
      if (has_keys_of_the_model(pointer)) return;
      for (const auto& [key, value] : node.items()) {
        if (optional.count(key) != 0) continue;
        Json altered = report;
        altered[Json::json_pointer(pointer)].erase(key);
        EXPECT_NE(objections(altered), "") << "without " << key << " at " << pointer;
        ++keys;
      }
    });
  }
  EXPECT_GT(keys, 500U);
}

// -------------------------------------------------------------------------------------------------------
// conservation

struct Sum {
  std::int64_t tensors = 0, elements = 0, bytes = 0;
  void add(const Json& count, std::int64_t times = 1) {
    tensors += times * count.at("tensors").get<std::int64_t>();
    elements += times * count.at("elements").get<std::int64_t>();
    bytes += times * count.at("bytes").get<std::int64_t>();
  }
  bool operator==(const Sum& o) const {
    return tensors == o.tensors && elements == o.elements && bytes == o.bytes;
  }
  friend std::ostream& operator<<(std::ostream& out, const Sum& s) {
    return out << s.tensors << " tensors, " << s.elements << " elements, " << s.bytes << " bytes";
  }
};

Sum of(const Json& count) {
  Sum sum;
  sum.add(count);
  return sum;
}

Sum sum_of_values(const Json& counts) {
  Sum sum;
  for (const Json& count : counts) sum.add(count);
  return sum;
}

Json as_count(const Json& tensor) {
  return {{"tensors", 1}, {"elements", tensor.at("elements")}, {"bytes", tensor.at("bytes")}};
}

using Tallies =
    std::map<std::pair<std::string, std::string>, Sum>;  // by "unique" or "again" and kind

void add(Tallies& to, const Json& tally) {
  for (const char* which : {"unique", "again"}) {
    for (const auto& [kind, count] : tally.at(which).items()) to[{which, kind}].add(count);
  }
}

Tallies tallies_of(const Json& tally) {
  Tallies result;
  add(result, tally);
  return result;
}

/// The longest other module's path that `path` continues; "" is the root.
std::string parent_of(const std::string& path, const std::set<std::string>& paths) {
  std::string parent = path;
  for (std::size_t dot; (dot = parent.rfind('.')) != std::string::npos;) {
    parent.resize(dot);
    if (paths.count(parent) != 0) return parent;
  }
  return "";
}

class AuditConserves : public testing::TestWithParam<std::size_t> {
 protected:
  const Json& model() const { return audit_of_samples().at("models").at(GetParam()); }
};

TEST_P(AuditConserves, ChildrenAndOwnAddUpToTheirParent) {
  std::set<std::string> paths;
  for (const Json& module : model().at("modules"))
    paths.insert(module.at("path").get<std::string>());
  std::map<std::string, Tallies> parts;
  for (const Json& module : model().at("modules")) {
    const std::string path = module.at("path");
    add(parts[path], module.at("own"));
    if (!path.empty()) add(parts[parent_of(path, paths)], module.at("total"));
  }
  for (const Json& module : model().at("modules")) {
    EXPECT_EQ(tallies_of(module.at("total")), parts.at(module.at("path")))
        << "module '" << module.at("path") << "'";
  }
  EXPECT_EQ(model().at("modules").at(0).at("total"), model().at("totals").at("by_kind"));
}

TEST_P(AuditConserves, ModulesOwnWhatTheirTensorsSay) {
  std::map<std::string, Tallies> own;
  for (const Json& t : model().at("tensors")) {
    own[t.at("module")][{t.contains("alias_of") ? "again" : "unique", t.at("counts_as")}].add(
        as_count(t));
  }
  for (const Json& module : model().at("modules"))
    EXPECT_EQ(tallies_of(module.at("own")), own[module.at("path")]) << module.at("path");
}

TEST_P(AuditConserves, EveryDivisionAddsUpToTheTotal) {
  const Json& totals = model().at("totals");
  const Sum unique = of(totals.at("unique"));
  EXPECT_EQ(sum_of_values(totals.at("by_kind").at("unique")), unique);
  EXPECT_EQ(sum_of_values(totals.at("by_dtype")), unique);
  EXPECT_EQ(sum_of_values(totals.at("by_module_type")), unique);
  Sum parameters = of(totals.at("trainable"));
  parameters.add(totals.at("frozen"));
  EXPECT_EQ(parameters, of(totals.at("parameters")));
}

TEST_P(AuditConserves, UniqueAndAgainAndFurtherUsesAreTheNaiveCount) {
  const Json& totals = model().at("totals");
  Sum sum = of(totals.at("unique"));
  for (const Json& count : totals.at("by_kind").at("again")) sum.add(count);
  for (const Json& t : model().at("tensors")) {
    if (t.value("uses", std::int64_t{0}) > 1)
      sum.add(as_count(t), t.at("uses").get<std::int64_t>() - 1);
  }
  const Sum naive = of(totals.at("naive"));
  EXPECT_EQ(sum.elements, naive.elements);
  EXPECT_EQ(sum.bytes, naive.bytes);
}

TEST_P(AuditConserves, SectionsAddUpToTheFile) {
  std::int64_t bytes = 0;
  for (const Json& section : model().at("file").at("sections"))
    bytes += section.at("bytes").get<std::int64_t>();
  EXPECT_EQ(bytes, model().at("file").at("bytes"));
  EXPECT_EQ(bytes, static_cast<std::int64_t>(
                       std::filesystem::file_size(std::filesystem::path(TORCHTALLY_SOURCE_DIR) /
                                                  model().at("path").get<std::string>())));
}

TEST_P(AuditConserves, AliasesNameATensorThatCounts) {
  std::map<std::string, Json> by_name;
  for (const Json& t : model().at("tensors")) by_name[t.at("name")] = t;
  for (const Json& t : model().at("tensors")) {
    if (!t.contains("alias_of")) continue;
    const Json& leader = by_name.at(t.at("alias_of"));
    EXPECT_FALSE(leader.contains("alias_of"));
    for (const char* field : {"storage", "storage_offset", "shape", "stride", "counts_as"})
      EXPECT_EQ(t.at(field), leader.at(field)) << t.at("name");
  }
}

std::string name_of(const testing::TestParamInfo<std::size_t>& parameter) {
  return test_name(sample_paths().at(parameter.param));
}

INSTANTIATE_TEST_SUITE_P(EverySample, AuditConserves,
                         testing::Range(std::size_t{0}, manifest().at("models").size()), name_of);

}  // namespace
}  // namespace tally::tests
