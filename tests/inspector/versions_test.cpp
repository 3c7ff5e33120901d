// What every PyTorch since 1.3 wrote, read to the element: the archives and figures of
// tests/versions, which PyTorch's Python side took from its modules in memory.

#include <gtest/gtest.h>
#include <tests/run_torchtally.h>
#include <tests/torch_paths.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace tally::tests {
namespace {

using Json = nlohmann::json;

/// A file that we do not count exactly, and why that is right.
struct Apart {
  const char* file;
  const char* said;  ///< in the refusal; nullptr: the file is read or refused by name
  const char* why;
};
constexpr Apart kApart[] = {
    {"state_scripted.pt", "is restored by __setstate__",
     "what __setstate__ makes of its state is known only when it is run"},
    {"for_lite_interpreter_flatbuffer.pt", "is a PyTorch Mobile flatbuffer", "another format"},
    {"state_dict.pt", "torch.save file", "tensors without modules"},
    {"state_dict_without_crc32.pt", "is a torch.save file", "tensors without modules"},
    {"for_inference.pt", nullptr, "the weights are no longer in the file"},
    {"for_mobile.pt", nullptr, "the weights are packed for XNNPACK"},
    {"for_mobile_lite.pt", nullptr, "the weights are packed for XNNPACK"},
};

/// The versions whose archives are there, the number of their minor release, in its order.
std::map<int, std::string> versions() {
  std::map<int, std::string> found;
  for (const auto& folder : std::filesystem::directory_iterator(
           std::filesystem::path(TORCHTALLY_SOURCE_DIR) / "tests/versions")) {
    if (!folder.is_directory()) continue;
    const std::string name = folder.path().filename();
    found.emplace(std::stoi(name) * 1000 + std::stoi(name.substr(name.find('.') + 1)), name);
  }
  return found;
}

class Versions : public testing::TestWithParam<std::pair<const int, std::string>> {
 protected:
  int minor() const { return GetParam().first; }
  std::string folder() const { return "tests/versions/" + GetParam().second + "/"; }
  Json figures() const {
    return Json::parse(
               read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) / folder() / "figures.json"))
        .at("figures");
  }

  /// The audit of each file that PyTorch wrote.
  std::map<std::string, Json> audits() const {
    std::vector<std::string> arguments{"audit", "-f", "json"};
    const Json written = figures();
    for (const auto& [file, rows] : written.items()) arguments.push_back(folder() + file);
    const Json report = Json::parse(run_torchtally(arguments).out);
    std::map<std::string, Json> audits;
    for (const Json& model : report.at("models"))
      audits[model.at("path").get<std::string>().substr(folder().size())] = model;
    EXPECT_EQ(audits.size(), written.size());
    return audits;
  }

  using Tensor = std::tuple<std::string, std::string, std::string, std::vector<std::int64_t>,
                            std::int64_t, bool>;  // kind, name, dtype, shape, elements, trainable

  /// What PyTorch has and what we have, in the same terms: sorted, aliases at each of their names.
  void expect_equal(const Json& expected, const Json& audit) const {
    std::vector<Tensor> theirs, ours;
    std::set<std::string> packed;  // modules
    for (const Json& row : expected) {
      std::string kind = row.at("kind"), name = common_path(row.at("name"));
      // Up to PyTorch 1.5 a class does not say which of its tensors are buffers.
      if (kind == "buffer" && minor() < 1006) kind = "attribute";
      if (kind == "packed") packed.insert(name);
      const bool named = kind != "packed" && kind != "constant";
      theirs.emplace_back(kind, kind == "constant" ? "" : name, row.at("dtype"), row.at("shape"),
                          row.at("elements"), named && row.at("requires_grad").get<bool>());
    }
    for (const Json& t : audit.at("tensors")) {
      std::string kind = t.at("kind"), name = common_path(t.at("name"));
      // The module whose weight it is; where quantized modules keep it there, each version differs.
      const auto of = std::find_if(packed.begin(), packed.end(), [&](const std::string& module) {
        return name.rfind(module + ".", 0) == 0;
      });
      if ((kind == "packed" || kind == "state") && of != packed.end()) kind = "packed", name = *of;
      const bool named = kind != "packed" && kind != "constant";
      ours.emplace_back(kind, kind == "constant" ? "" : name, t.at("dtype"), t.at("shape"),
                        t.at("elements"), named && t.at("requires_grad").get<bool>());
    }
    std::sort(theirs.begin(), theirs.end());
    std::sort(ours.begin(), ours.end());
    EXPECT_EQ(ours, theirs);
  }
};

TEST_P(Versions, AreReadToTheElement) {
  const Json written = figures();
  for (const auto& [file, audit] : audits()) {
    SCOPED_TRACE(folder() + file);
    const auto* const apart = std::find_if(std::begin(kApart), std::end(kApart),
                                           [&](const Apart& a) { return a.file == file; });
    const bool refused = audit.contains("error");
    const std::string message = refused ? audit.at("error").at("message") : "";
    if (minor() < 1003) {
      EXPECT_NE(message.find("PyTorch 1.0 to 1.2 (model.json)"), std::string::npos) << message;
    } else if (apart != std::end(kApart)) {
      EXPECT_EQ(message.find("damaged"), std::string::npos) << message;
      const std::string said = apart->said == nullptr ? "" : apart->said;
      EXPECT_NE(message.find(said), std::string::npos) << message << ", not: " << apart->why;
    } else if (refused) {
      ADD_FAILURE() << message;
    } else {
      expect_equal(written.at(file), audit);
    }
  }
}

TEST_P(Versions, HideNothingFromWhoReadsThem) {
  for (const auto& [file, audit] : audits()) {
    if (audit.contains("error")) continue;
    for (const Json& finding : audit.at("findings")) {
      const std::string text = finding.at("text");
      EXPECT_EQ(text.find("belong to no"), std::string::npos) << folder() << file << ": " << text;
      EXPECT_EQ(text.find("no reader of"), std::string::npos) << folder() << file << ": " << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(PyTorch, Versions, testing::ValuesIn(versions()),
                         [](const testing::TestParamInfo<Versions::ParamType>& row) {
                           std::string name = row.param.second;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(VersionsThere, ReachFromTheFirstFormatToTheNewestRelease) {
  const std::map<int, std::string> there = versions();
  for (const int minor : {1002, 1003, 1005, 1008, 1013, 2002, 2006, 2011, 2015})
    EXPECT_EQ(there.count(minor), 1u) << minor;
}

}  // namespace
}  // namespace tally::tests
