// What PyTorch has saved, walked.
#include <gtest/gtest.h>
#include <tests/inspector/formats/torchscript/values/module_walker_fixture.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace tally::inspector {
namespace {

using nlohmann::json;

/// Our names in the form of data/make.py: steps joined by dots, states called __state__. It has a
/// state for packed objects too, which our names leave out.
std::string plain_path(std::string path) {
  const std::pair<std::string, std::string> changes[] = {
      {"CONSTANTS.c", ""}, {"[\"", "."},     {"\"]", ""},       {"[", "."},
      {"]", ""},           {"<state>.", ""}, {"__state__.", ""}};
  for (const auto& [from, to] : changes) {
    for (std::size_t at; (at = path.find(from)) != std::string::npos;)
      path.replace(at, from.size(), to);
  }
  return path;
}

/// What pickles.json says of a plain tensor.
void expect_view(const ModelSnapshot& snapshot, const StridedView& view, const json& said) {
  EXPECT_EQ(snapshot.storages.at(view.storage).record.substr(5),
            said["storage"]["key"].get<std::string>());
  EXPECT_EQ(std::string(info(view.dtype).storage_name) + "Storage", said["storage"]["type"]);
  EXPECT_EQ(view.offset, said["offset"].get<std::int64_t>());
  EXPECT_EQ(view.sizes, said["sizes"].get<std::vector<std::int64_t>>());
  EXPECT_EQ(view.strides, said["strides"].get<std::vector<std::int64_t>>());
  std::int64_t elements = 1;
  for (const std::int64_t size : view.sizes) elements *= size;
  EXPECT_EQ(view.elements, elements);
}

class PicklesOfTorch : public ModuleWalkerTest, public testing::WithParamInterface<const char*> {};

// pickles.json holds what Python's own pickle module found in the same bytes.
TEST_P(PicklesOfTorch, HoldWhatPythonReads) {
  const std::string folder = TORCHTALLY_SOURCE_DIR "/tests/inspector/data/";
  std::ifstream in(folder + "pickles/" + GetParam() + ".pkl", std::ios::binary),
      truth(folder + "pickles.json");
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const json said = json::parse(truth).at(GetParam());
  const Result<pickle::Pickle> p = pickle::read(bytes);
  ASSERT_TRUE(p) << p.error().message;
  declare("Colour", "Enum").members = {"1", "2"};
  for (const char* name : {"Conv2d", "StatefulTable", "ConvReLU2d"}) declare_setstate(name);
  declare("Counter", "");
  declare_what_is_held(*p);
  if (GetParam() == std::string("frozen_constants")) {
    snapshot_.modules.push_back({});
    const auto done = walker().walk_constants({*p, "constants.pkl", "data/", ""}, kRoot);
    ASSERT_TRUE(done) << done.error().message;
  } else {
    const auto done = walker().walk_model({*p, "data.pkl", "data/", ""}, ModuleId::none());
    ASSERT_TRUE(done) << done.error().message;
  }
  ASSERT_EQ(snapshot_.tensors.size(), said.size());
  for (std::size_t i = 0; i < said.size(); ++i) {
    const TensorRecord& t = snapshot_.tensors[i];
    SCOPED_TRACE(said[i]["path"]);
    EXPECT_EQ(plain_path(full_name(snapshot_, t)), plain_path(said[i]["path"]));
    EXPECT_EQ(t.requires_grad, said[i]["requires_grad"].get<bool>());
    if (said[i].contains("layout")) {
      EXPECT_EQ(name(t.layout), "sparse_" + said[i]["layout"].get<std::string>());
      EXPECT_EQ(t.view.sizes, said[i]["sizes"].get<std::vector<std::int64_t>>());
      ASSERT_EQ(t.parts.size(), said[i]["parts"].size());
      for (std::size_t part = 0; part < t.parts.size(); ++part)
        expect_view(snapshot_, t.parts[part].view, said[i]["parts"][part]);
      continue;
    }
    EXPECT_EQ(t.layout, Layout::kStrided);
    EXPECT_EQ(t.quantization.has_value(), said[i]["quantized"].get<bool>());
    expect_view(snapshot_, t.view, said[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Data, PicklesOfTorch,
                         testing::Values("mlp", "strides", "dtypes", "containers", "rich_types",
                                         "tied", "setstate", "sparse_coo", "sparse_csr",
                                         "quantized_static", "quantized_dynamic", "quantized_4bit",
                                         "recurrent", "frozen_constants"),
                         [](const testing::TestParamInfo<const char*>& row) {
                           return std::string(row.param);
                         });

}  // namespace
}  // namespace tally::inspector
