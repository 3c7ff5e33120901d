#include <gtest/gtest.h>
#include <inspector/census/folded_tree.h>
#include <tests/inspector/census/random_snapshot.h>

namespace tally::inspector {
namespace {

using test::random_snapshot;
using test::Shape;
using test::SnapshotBuilder;

FoldedNode tree_of(const ModelSnapshot& snapshot) {
  const Result<Census> census = take_census(snapshot);
  EXPECT_TRUE(census);
  return fold(snapshot, *census);
}

/// "a ×2(b c)" for a node of two modules with the children b and c; the root without its label.
std::string shape_of(const FoldedNode& node) {
  std::string text = node.label;
  if (node.times() > 1) text += " x" + std::to_string(node.times());
  std::string inner;
  for (const FoldedNode& child : node.children)
    inner += (inner.empty() ? "" : ", ") + shape_of(child);
  return inner.empty() ? text : text + "(" + inner + ")";
}

std::int64_t params(const Tally& tally) { return tally.parameters().elements; }

/// A model with `count` alike blocks below "h", each a linear layer of `in` features and a norm.
ModuleId add_block(SnapshotBuilder& b, const std::string& path, ModuleId parent, std::int64_t in) {
  const auto block = b.module(path, parent, "Block"), fc = b.module(path + ".fc", block, "Linear"),
             norm = b.module(path + ".norm", block, "Norm");
  b.tensor(fc, "weight", Shape{4, in});
  b.tensor(norm, "weight", Shape{4});
  return block;
}

TEST(FoldedTree, FoldsALayerThatRepeats) {
  SnapshotBuilder b;
  b.tensor(b.module("wte", kRoot), "weight", Shape{10, 4});
  const auto h = b.module("h", kRoot, "List");
  for (int i = 0; i < 12; ++i) add_block(b, "h." + std::to_string(i), h, 4);
  b.tensor(b.module("ln_f", kRoot), "weight", Shape{4});
  const FoldedNode root = tree_of(b.snapshot);
  EXPECT_EQ(shape_of(root), "(wte, h.[0-11] x12(fc x12, norm x12), ln_f)");
  const FoldedNode& blocks = root.children[1];
  EXPECT_EQ(params(blocks.total), 12 * (16 + 4));
  EXPECT_EQ(params(blocks.own), 0);
  EXPECT_EQ(params(blocks.children[0].total), 12 * 16);
  EXPECT_EQ(params(root.total), 40 + 240 + 4);
  EXPECT_EQ(b.snapshot.modules[blocks.modules[11]].path, "h.11");
}

TEST(FoldedTree, KeepsUnlikeLayersApart) {
  SnapshotBuilder b;
  const auto h = b.module("h", kRoot, "List");
  for (const int i : {0, 1}) add_block(b, "h." + std::to_string(i), h, 4);
  for (const int i : {2, 3, 4}) add_block(b, "h." + std::to_string(i), h, 8);
  EXPECT_EQ(shape_of(tree_of(b.snapshot)),
            "(h([0-1] x2(fc x2, norm x2), [2-4] x3(fc x3, norm x3)))");
}

TEST(FoldedTree, KeepsLayersApartByAnythingThatCounts) {
  const auto shape_with = [](auto change) {
    SnapshotBuilder b;
    b.tensor(b.module("0", kRoot), "weight", Shape{4});
    b.tensor(b.module("1", kRoot), "weight", Shape{4});
    change(b.snapshot);
    return shape_of(tree_of(b.snapshot));
  };
  EXPECT_EQ(shape_with([](ModelSnapshot&) {}), "([0-1] x2)");
  EXPECT_EQ(shape_with([](ModelSnapshot& s) { s.modules[2].type = "Other"; }), "(0, 1)");
  EXPECT_EQ(shape_with([](ModelSnapshot& s) { s.tensors[1].name = "bias"; }), "(0, 1)");
  EXPECT_EQ(shape_with([](ModelSnapshot& s) { s.tensors[1].kind = TensorKind::kBuffer; }),
            "(0, 1)");
  EXPECT_EQ(shape_with([](ModelSnapshot& s) { s.tensors[1].requires_grad = false; }), "(0, 1)");
  EXPECT_EQ(shape_with([](ModelSnapshot& s) { s.tensors[1].view.dtype = Dtype::kInt32; }),
            "(0, 1)");
  EXPECT_EQ(shape_with([](ModelSnapshot& s) {
              s.tensors[1].view.sizes = {2, 2};
              s.tensors[1].view.strides = {2, 1};
            }),
            "(0, 1)");
  EXPECT_EQ(shape_with([](ModelSnapshot& s) { s.tensors[1].view = s.tensors[0].view; }),
            "(0, 1)");  // counts elsewhere
}

TEST(FoldedTree, DoesNotFoldAcrossGapsOrOtherNames) {
  const auto shape_with = [](const std::vector<std::string>& labels) {
    SnapshotBuilder b;
    for (const std::string& label : labels) b.tensor(b.module(label, kRoot), "weight", Shape{4});
    return shape_of(tree_of(b.snapshot));
  };
  EXPECT_EQ(shape_with({"0", "1", "3", "4"}), "([0-1] x2, [3-4] x2)");
  EXPECT_EQ(shape_with({"0", "2"}), "(0, 2)");
  EXPECT_EQ(shape_with({"1", "0"}), "(1, 0)");
  EXPECT_EQ(shape_with({"a", "b"}), "(a, b)");
  EXPECT_EQ(shape_with({"0", "x", "1"}), "(0, x, 1)");
  EXPECT_EQ(shape_with({"999999999", "1000000000"}),
            "(999999999, 1000000000)");  // no layer has such a number
  EXPECT_EQ(shape_with({"7", "8", "9"}), "([7-9] x3)");
}

TEST(FoldedTree, JoinsAContainerWithItsOnlyRun) {
  SnapshotBuilder b;
  const auto model = b.module("model", kRoot), layers = b.module("model.layers", model, "List");
  for (const int i : {0, 1, 2}) add_block(b, "model.layers." + std::to_string(i), layers, 4);
  EXPECT_EQ(shape_of(tree_of(b.snapshot)), "(model.layers.[0-2] x3(fc x3, norm x3))");
}

TEST(FoldedTree, DoesNotJoinAContainerThatHoldsTensors) {
  SnapshotBuilder b;
  const auto h = b.module("h", kRoot, "List");
  b.tensor(h, "scale", Shape{1});
  for (const int i : {0, 1}) b.tensor(b.module("h." + std::to_string(i), h), "weight", Shape{4});
  EXPECT_EQ(shape_of(tree_of(b.snapshot)), "(h([0-1] x2))");
}

TEST(FoldedTree, FoldsRunsInRuns) {
  SnapshotBuilder b;
  const auto experts_of = [&](const std::string& path, ModuleId parent) {
    const auto list = b.module(path + ".experts", parent, "List");
    for (const int e : {0, 1, 2, 3})
      b.tensor(b.module(path + ".experts." + std::to_string(e), list), "weight", Shape{5});
  };
  for (const std::string path : {"0", "1"}) {
    const auto block = b.module(path, kRoot, "Block");
    experts_of(path, block);
    b.tensor(b.module(path + ".norm", block), "weight", Shape{4});
  }
  const FoldedNode root = tree_of(b.snapshot);
  ASSERT_EQ(shape_of(root), "([0-1] x2(experts.[0-3] x8, norm x2))");
  EXPECT_EQ(params(root.children[0].children[0].total), 2 * 4 * 5);
}

TEST(FoldedTree, TakesWholePathsWhereTheyDoNotContinueTheParents) {
  SnapshotBuilder b;
  const auto longer = b.module("a.long.path", kRoot);
  b.module("x", longer);
  b.module("a.long.path[\"k\"]", longer);
  EXPECT_EQ(shape_of(tree_of(b.snapshot)), "(a.long.path(x, [\"k\"]))");
}

// ---------------------------------------------------------------------------------------------------------------
// arrange

SnapshotBuilder five_layers() {
  SnapshotBuilder b;
  for (const auto& [name, elements] : std::vector<std::pair<std::string, std::int64_t>>{
           {"d", 3}, {"a", 5}, {"e", 1}, {"b", 4}, {"c", 2}}) {
    b.tensor(b.module(name, kRoot), "weight", Shape{elements});
  }
  return b;
}

std::string arranged(SiblingOrder order, std::size_t max_rows) {
  FoldedNode root = tree_of(five_layers().snapshot);
  arrange(root, order, max_rows, params);
  return shape_of(root);
}

TEST(ArrangedTree, IsInTheOrderAskedFor) {
  EXPECT_EQ(arranged(SiblingOrder::kFile, 0), "(d, a, e, b, c)");
  EXPECT_EQ(arranged(SiblingOrder::kSize, 0), "(a, b, d, c, e)");
  EXPECT_EQ(arranged(SiblingOrder::kName, 0), "(a, b, c, d, e)");
}

TEST(ArrangedTree, SumsUpTheSmallestAsOthers) {
  EXPECT_EQ(arranged(SiblingOrder::kFile, 3), "(a, b, [3 others] x3)");
  EXPECT_EQ(arranged(SiblingOrder::kFile, 4), "(d, a, b, [2 others] x2)");
  EXPECT_EQ(arranged(SiblingOrder::kSize, 5), "(a, b, d, c, e)");
  EXPECT_EQ(arranged(SiblingOrder::kName, 1), "([5 others] x5)");
  FoldedNode root = tree_of(five_layers().snapshot);
  arrange(root, SiblingOrder::kFile, 3, params);
  EXPECT_EQ(params(root.children.back().total), 3 + 1 + 2);
}

TEST(ArrangedTree, KeepsTheFilesOrderAmongEqualSizes) {
  SnapshotBuilder b;
  for (const char* name : {"y", "x", "z"}) b.tensor(b.module(name, kRoot), "weight", Shape{4});
  FoldedNode root = tree_of(b.snapshot);
  arrange(root, SiblingOrder::kSize, 0, params);
  EXPECT_EQ(shape_of(root), "(y, x, z)");
}

TEST(ArrangedTree, ArrangesEveryLevel) {
  SnapshotBuilder b;
  const auto block = b.module("block", kRoot);
  b.tensor(b.module("block.small", block), "weight", Shape{1});
  b.tensor(b.module("block.large", block), "weight", Shape{9});
  FoldedNode root = tree_of(b.snapshot);
  arrange(root, SiblingOrder::kSize, 0, params);
  EXPECT_EQ(shape_of(root), "(block(large, small))");
}

// ----------------------------------------------------------------------------------------------------------
// conservation

Count unique_of(const Tally& t) { return sum(t.unique); }
Count again_of(const Tally& t) { return sum(t.again); }

void expect_adds_up(const FoldedNode& node) {
  if (node.label.find(" others]") != std::string::npos) return;  // a sum of what is not shown
  Count unique = unique_of(node.own), again = again_of(node.own);
  for (const FoldedNode& child : node.children) {
    unique = sum({unique, unique_of(child.total), {}, {}, {}, {}});
    again = sum({again, again_of(child.total), {}, {}, {}, {}});
    expect_adds_up(child);
  }
  ASSERT_EQ(unique, unique_of(node.total)) << node.label;
  ASSERT_EQ(again, again_of(node.total)) << node.label;
}

std::int64_t modules_in(const FoldedNode& node) {
  std::int64_t count = node.times();
  for (const FoldedNode& child : node.children) count += modules_in(child);
  return count;
}

TEST(FoldedTree, AddsUpOnRandomModels) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const ModelSnapshot s = random_snapshot(seed);
    const Result<Census> census = take_census(s);
    ASSERT_TRUE(census);
    FoldedNode root = fold(s, *census);
    ASSERT_EQ(unique_of(root.total), census->unique);
    expect_adds_up(root);
    ASSERT_LE(modules_in(root),
              static_cast<std::int64_t>(s.modules.size()));  // less the containers that were joined
    arrange(root, SiblingOrder::kSize, 1 + seed % 4, params);
    ASSERT_EQ(unique_of(root.total), census->unique);
    expect_adds_up(root);
  }
}

}  // namespace
}  // namespace tally::inspector
