#include <inspector/archive/inflate.h>
#include <inspector/formats/torchscript/findings/hidden_weights.h>
#include <tests/inspector/archive/zip_builder.h>
#include <tests/inspector/formats/torchscript/values/module_walker_fixture.h>

namespace tally::inspector {
namespace {

std::vector<HiddenWeights> hidden_in_code(const std::string& source) {
  std::vector<HiddenWeights> all;
  read_hidden_weights(source, [&](HiddenWeights h) { all.push_back(std::move(h)); });
  return all;
}

TEST(HiddenWeights, AreLongTextsOfCodeAndTheirLines) {
  const std::string text(4094, 'a');  // and its quotes
  const auto all = hidden_in_code("class A(Module):\n  def forward(s: A) -> str:\n    return \"" +
                                  text + "\"\n");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].what, "string");
  EXPECT_EQ(all[0].place, "forward");
  EXPECT_EQ(all[0].line, 3);
  EXPECT_EQ(all[0].bytes, 4096);
  EXPECT_TRUE(hidden_in_code("def f() -> str:\n  return \"" + text.substr(1) + "\"\n").empty());
}

// Names of parameters are written as they are: a quote in one opens no text.
TEST(HiddenWeights, AreNotInListsOfNames) {
  std::string names;
  for (int i = 0; i < 1000; ++i) names += "\"layer" + std::to_string(i) + "\", ";
  EXPECT_TRUE(
      hidden_in_code("class A(Module):\n  __parameters__ = [\"a\"b\", " + names + "]\n").empty());
}

TEST(HiddenWeights, AreListsOfRealNumbersOnly) {
  const auto list = [](const std::string& number, int count) {
    std::string text = "def f() -> List[float]:\n  return [";
    for (int i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + number;
    return text + "]\n";
  };
  const auto all = hidden_in_code(list("0.25", 1024));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].elements, 1024);
  EXPECT_EQ(all[0].bytes, 8192);
  EXPECT_TRUE(hidden_in_code(list("0.25", 1023)).empty());
  EXPECT_TRUE(hidden_in_code(list("1024", 1024)).empty());
}

TEST(HiddenWeights, TellWhatABlobIs) {
  EXPECT_EQ(blob_kind("ftrt\x01"), "a TensorRT engine");
  EXPECT_EQ(blob_kind("cHRydAAB"), "a TensorRT engine");  // base64 of "ptrt\0\1"
  EXPECT_EQ(blob_kind("\x7f"
                      "ELF"),
            "a program (ELF)");
  EXPECT_EQ(blob_kind("hello"), "");
  EXPECT_EQ(blob_kind(""), "");
}

TEST(HiddenWeights, OfOneSortAddToTheLastAfterTwenty) {
  ModelSnapshot s;
  for (int i = 0; i < 30; ++i) add_hidden({"string", "data.pkl", "a", 0, 1, 5000, -1, ""}, s);
  ASSERT_EQ(s.hidden.size(), 20U);
  EXPECT_EQ(s.hidden.back().count, 11);
  EXPECT_EQ(s.hidden.back().bytes, 55000);
  add_hidden({"mkldnn_constant", "c.py", "f", 1, 1, 0, -1, "w"}, s);
  add_hidden({"mkldnn_constant", "c.py", "f", 2, 1, 0, -1, "v"}, s);
  ASSERT_EQ(s.hidden.size(), 21U);
  EXPECT_EQ(s.hidden.back().count, 2);
  EXPECT_EQ(s.hidden.back().known, "w");
}

// As torch_tensorrt holds an engine: an object of its class, whose state is a list of texts.
TEST_F(ModuleWalkerTest, TellsTheEngineInAnObjectOfAnotherLibrary) {
  const std::string engine = "cHRyd" + std::string(5000, 'A');
  const std::string state =
      test::list({test::text("5"), test::text("engine"), test::text(engine), test::text("x")});
  expect_walked(module(
      "M", {test::text("trt"), test::object("__torch__.torch.classes.tensorrt", "Engine", state)}));
  ASSERT_EQ(snapshot_.hidden.size(), 1U);
  EXPECT_EQ(snapshot_.hidden[0].place, "trt[2]");
  EXPECT_EQ(snapshot_.hidden[0].record, "data.pkl");
  EXPECT_EQ(snapshot_.hidden[0].bytes, 5005);
  EXPECT_EQ(snapshot_.hidden[0].known, "a TensorRT engine");
}

// One text of the pickle under two names: its bytes are in the file once.
TEST_F(ModuleWalkerTest, TellsAHiddenTextOnceHoweverManyHoldIt) {
  const std::string shared = test::text(std::string(5000, 'A')) + "q\x07";
  expect_walked(module("M", {test::text("a"), shared, test::text("b"), "h\x07"}));
  ASSERT_EQ(snapshot_.hidden.size(), 1U);
  EXPECT_EQ(snapshot_.hidden[0].place, "a");
  EXPECT_EQ(snapshot_.hidden[0].bytes, 5000);
}

TEST(HiddenWeights, AreEnginesAmongTheExtraFiles) {
  const auto checked = [](const std::string& name, const std::string& stored) {
    test::ZipRecord r = test::record("m/" + name, stored);
    r.crc32 = crc32_of(r.stored);
    return r;
  };
  const std::string file = test::Zip{
      {checked("data.pkl", "."), checked("version", "3\n"),
       checked("extra/engine", "ptrt" + std::string(5000, 'x')),
       checked("extra/notes", std::string(6000, 'x'))},
      "",
      false,
      {},
      {},
      {},
      {}}.bytes();
  const MemorySource source(file);
  Result<ArchiveReader> archive = ArchiveReader::open(source);
  ASSERT_TRUE(archive) << archive.error().message;
  ModelSnapshot snapshot;
  note_hidden_weights(*archive, read_sources(*archive, "code/", ReadLimits()), snapshot);
  ASSERT_EQ(snapshot.hidden.size(), 1U);
  EXPECT_EQ(snapshot.hidden[0].record, "extra/engine");
  EXPECT_EQ(snapshot.hidden[0].bytes, 5004);
  ASSERT_EQ(snapshot.findings.size(), 1U);
  EXPECT_EQ(snapshot.findings[0].code, "hidden-weights");
}

}  // namespace
}  // namespace tally::inspector
