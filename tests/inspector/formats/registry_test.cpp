#include <gtest/gtest.h>
#include <inspector/formats/registry.h>
#include <tests/inspector/archive/zip_builder.h>
#include <tests/run_torchtally.h>

namespace tally::inspector {
namespace {

using namespace std::string_literals;
using test::record;
using test::Zip;
using test::ZipRecord;

using Records = std::vector<std::pair<std::string, std::string>>;

std::string zipped(const Records& records) {
  std::vector<ZipRecord> all;
  for (const auto& [name, bytes] : records) all.push_back(record("a/" + name, bytes));
  return Zip{std::move(all), "", false, {}, {}, {}, {}}.bytes();
}

std::string refusal(const std::string& file) {
  const Result<ModelSnapshot> snapshot = read_model(MemorySource(file));
  return snapshot ? "" : snapshot.error().message;
}

ModelSnapshot sample(const std::string& name) {
  const Result<ModelSnapshot> snapshot =
      read_model(std::string(TORCHTALLY_SOURCE_DIR) + "/sample_models/" + name + ".pt");
  EXPECT_TRUE(snapshot) << snapshot.error().message;
  return snapshot ? *snapshot : ModelSnapshot{};
}

/// The scripted, empty module of class M: pickled by hand after PyTorch's pickler.
const std::string kModule =
    "\x80\x02"
    "c__torch__\nM\n)\x81}b."s;

TEST(Registry, ReadsTorchScriptAndTorchPackage) {
  // What PyTorch says of both: sample_models/manifest.json.
  const ModelSnapshot script = sample("scripted_mlp");
  EXPECT_EQ(script.format, "TorchScript");
  EXPECT_EQ(script.archive_version, 3);
  const ModelSnapshot package = sample("package");
  EXPECT_EQ(package.format, "torch.package");
  EXPECT_FALSE(package.tensors.empty());
}

TEST(Registry, NamesFilesThatAreNoModel) {
  EXPECT_EQ(refusal("GGUF\x03\0\0\0"s), "is a GGUF file (llama.cpp), not a TorchScript archive");
  EXPECT_EQ(refusal(zipped({{"data.pkl", "x"}, {"version", "3\n"}})),
            "is a torch.save file: a state_dict or a pickled module, not a TorchScript archive");
  EXPECT_EQ(refusal(zipped({{"notes.txt", "x"}})),
            "is a ZIP archive of another kind, not a TorchScript archive");
  EXPECT_EQ(refusal(zipped({{"data.pkl", kModule}, {"code/__torch__.py", ""}})),
            "is a torch.save file: a state_dict or a pickled module, not a TorchScript archive");
}

TEST(Registry, TellsAnInterruptedSaveFromAStateDict) {
  EXPECT_EQ(refusal(zipped({{"data.pkl", kModule}, {"version", "3\n"}})),
            "the archive has no code: torch.jit.save was interrupted, and what is a parameter "
            "cannot be told");
}

TEST(Registry, ReadsAPickleOfHundredsOfMegabytes) {
  // An engine as a string: BINUNICODE of 300 MB in the module's state.
  const std::uint32_t bytes = 300 << 20;
  std::string state = "}X\x04\0\0\0blobX"s;
  for (int i = 0; i < 4; ++i) state += static_cast<char>(bytes >> (8 * i) & 0xff);
  state.append(bytes, 'e').append("sb.");
  const std::string file =
      zipped({{"data.pkl",
               "\x80\x02"
               "c__torch__\nM\n)\x81"s +
                   state},
              {"constants.pkl", "\x80\x02)."},
              {"version", "3\n"},
              {"code/__torch__.py",
               "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  blob : str\n"}});
  EXPECT_EQ(refusal(file), "");
}

TEST(Registry, NamesShardsOfDistributedCheckpoints) {
  // A shard is whole files of torch.save, one behind the other; these are PyTorch's own.
  const std::string folder = TORCHTALLY_SOURCE_DIR "/tests/versions/";
  const std::string one = tests::read_file(folder + "2.11.0/state_dict.pt"),
                    other = tests::read_file(folder + "1.13.1/state_dict.pt");
  ASSERT_NE(one.size(), other.size());
  for (const std::string& shard : {one + one, one + other, other + one + one}) {
    const Result<ModelSnapshot> snapshot = read_model(MemorySource(shard));
    ASSERT_FALSE(snapshot);
    EXPECT_EQ(snapshot.error().code, ErrorCode::kNotAModel);
    EXPECT_NE(snapshot.error().message.find("shards of torch.distributed.checkpoint"),
              std::string::npos)
        << snapshot.error().message;
  }
}

TEST(Registry, RefusesAFileOfTwoFormats) {
  EXPECT_EQ(refusal(zipped({{"data.pkl", kModule},
                            {"code/__torch__.py", ""},
                            {"version", "3\n"},
                            {".data/ts_code/0/data.pkl", kModule}})),
            "can be read in two ways: as a TorchScript archive and as a torch.package");
}

std::string refusal_of_version(const std::string& version) {
  return refusal(zipped({{"data.pkl", "no pickle"}, {"code/a.py", ""}, {"version", version}}));
}

// caffe2/serialize/versions.h: 1 to 10. LibTorch's std::stoull reads more than its writer writes.
TEST(Registry, KnowsTheVersionsOfArchives) {
  const std::string none = "record version holds no version of an archive";
  for (const char* version : {"", "\n", "0\n", "-3\n", " 3\n", "3 \n", "3\n\n", "x", "3x"})
    EXPECT_EQ(refusal_of_version(version), none) << version;
  EXPECT_EQ(refusal_of_version("99999999999999999999\n"), none);
  EXPECT_EQ(refusal_of_version("11\n"),
            "the archive has version 11, newer than any that this program knows (10)");
  for (const char* version : {"1", "3\n", "10\n"})
    EXPECT_EQ(refusal_of_version(version).rfind("record data.pkl is damaged", 0), 0u) << version;
}

}  // namespace
}  // namespace tally::inspector
