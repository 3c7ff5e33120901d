// What the census says of storages, in words: how many of what, and which view is named.
#include <gtest/gtest.h>
#include <inspector/census/census.h>
#include <inspector/census/folded_tree.h>
#include <tests/inspector/snapshot_builder.h>

namespace tally::inspector {
namespace {

using test::SnapshotBuilder;

std::vector<std::string> texts(const SnapshotBuilder& b, const std::string& code) {
  const auto census = take_census(b.snapshot);
  EXPECT_TRUE(census);
  std::vector<std::string> found;
  for (const Finding& finding : census->findings) {
    if (finding.code == code) found.push_back(finding.text);
  }
  return found;
}

// 8 bytes of which a view of 7 numbers of one byte sees 7.
TEST(CensusWords, SayOneByteAndNameTheFirstView) {
  SnapshotBuilder b;
  const StorageId storage = b.storage(8);
  b.tensor(ModuleId(0), "first", b.view(storage, {7}, 0, Dtype::kInt8));
  b.tensor(ModuleId(0), "second", b.view(storage, {6}, 0, Dtype::kInt8));
  EXPECT_EQ(texts(b, "storage-kept-by-view"),
            std::vector<std::string>{
                "storage data/0 of 8 bytes is kept by views that see 7 bytes of it (first): "
                "clone() them before saving to drop 1 byte"});
}

TEST(CensusWords, SayNothingOfAStorageThatIsSeenWhole) {
  SnapshotBuilder b;
  b.tensor(ModuleId(0), "all", b.view(b.storage(8), {2}));
  EXPECT_TRUE(texts(b, "storage-kept-by-view").empty());
}

TEST(CensusWords, CountSetsOfEqualStorages) {
  SnapshotBuilder one;
  one.storage(40, 7), one.storage(40, 7), one.storage(44, 7), one.storage(40, 8);
  EXPECT_EQ(texts(one, "equal-storages"),
            std::vector<std::string>{"2 storages in 1 set are equal by size and CRC-32 but not "
                                     "shared: sharing them would save 40 bytes"});
  SnapshotBuilder two;  // three of 40 bytes, two of one byte
  for (int i = 0; i < 3; ++i) two.storage(40, 7);
  for (int i = 0; i < 2; ++i) two.storage(1, 9);
  EXPECT_EQ(texts(two, "equal-storages"),
            std::vector<std::string>{"5 storages in 2 sets are equal by size and CRC-32 but not "
                                     "shared: sharing them would save 81 bytes"});
  SnapshotBuilder byte;
  byte.storage(1, 9), byte.storage(1, 9);
  EXPECT_NE(texts(byte, "equal-storages").front().find("would save 1 byte"), std::string::npos);
  EXPECT_EQ(texts(byte, "equal-storages").front().find("bytes"), std::string::npos);
}

// Indices and values of a sparse tensor are what it is made of, no scales.
TEST(CensusWords, CountPartsOfQuantizedTensorsAlone) {
  SnapshotBuilder b;
  TensorRecord& sparse = b.tensor(ModuleId(0), "sparse", test::Shape{4});
  sparse.layout = Layout::kSparseCoo;
  sparse.parts = {{"indices", b.view(b.storage(16), {1, 2}, 0, Dtype::kInt64)}};
  const auto census = take_census(b.snapshot);
  ASSERT_TRUE(census);
  EXPECT_EQ(census->quantization_parts, Count{});
}

std::int64_t parameters(const Tally& tally) { return tally.parameters().elements; }

std::vector<std::string> labels(SiblingOrder order, std::size_t most) {
  SnapshotBuilder b;
  for (const auto& [name, size] :
       {std::pair("b", 30), std::pair("d", 40), std::pair("a", 10), std::pair("c", 20)})
    b.tensor(b.module(name, ModuleId(0), name), "weight", test::Shape{size});
  const auto census = take_census(b.snapshot);
  FoldedNode root = fold(b.snapshot, *census);
  arrange(root, order, most, parameters);
  std::vector<std::string> found;
  for (const FoldedNode& child : root.children) found.push_back(child.label);
  return found;
}

TEST(ArrangedRows, AreAsManyAsAskedForTheRestLast) {
  using Labels = std::vector<std::string>;
  EXPECT_EQ(labels(SiblingOrder::kFile, 4), (Labels{"b", "d", "a", "c"}));  // all fit
  EXPECT_EQ(labels(SiblingOrder::kFile, 3), (Labels{"b", "d", "[2 others]"}));
  EXPECT_EQ(labels(SiblingOrder::kName, 3), (Labels{"b", "d", "[2 others]"}));
  EXPECT_EQ(labels(SiblingOrder::kSize, 3), (Labels{"d", "b", "[2 others]"}));
  EXPECT_EQ(labels(SiblingOrder::kName, 0), (Labels{"a", "b", "c", "d"}));
  EXPECT_EQ(labels(SiblingOrder::kSize, 0), (Labels{"d", "b", "c", "a"}));
  EXPECT_EQ(labels(SiblingOrder::kFile, 1), (Labels{"[4 others]"}));
}

TEST(FoldedTree, TakesNumbersOfAnyLengthForNames) {
  SnapshotBuilder b;
  const ModuleId list = b.module("h", ModuleId(0));
  for (const char* number : {"999999999", "1000000000", "99999999999999999999999999"})
    b.tensor(b.module("h." + std::string(number), list), "weight", test::Shape{2});
  const auto census = take_census(b.snapshot);
  const FoldedNode root = fold(b.snapshot, *census);
  ASSERT_EQ(root.children.size(), 1U);
  EXPECT_EQ(root.children[0].children.size(), 3U);  // no run: ten digits and more are a name
}

}  // namespace
}  // namespace tally::inspector
