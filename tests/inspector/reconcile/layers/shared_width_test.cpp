#include <gtest/gtest.h>
#include <inspector/reconcile/facts/units.h>
#include <inspector/reconcile/layers/shared_width.h>
#include <tests/inspector/reconcile/build_snapshot.h>

#include <string>

namespace tally::inspector {
namespace {

constexpr int kMany = 100'000;  // time that grows with the square takes minutes

Weights weights_of(const ModelSnapshot& snapshot) {
  return find_weights(snapshot, *take_census(snapshot));
}

// 4·6 + 6·6 elements lie along 6, and 4·6 along 4: 6 is in all of them.
TEST(SharedWidths, AreThoseOfAllThatLiesBelow) {
  SnapshotBuilder b;
  b.parameter("a.x.weight", {4, 6});
  b.parameter("a.y.weight", {6, 6});
  b.parameter("b.weight", {5, 50});
  const auto widths = shared_widths(weights_of(b.snapshot()));
  const SharedWidth& a = widths[b.module("a")];
  EXPECT_EQ(a.width, 6);
  EXPECT_EQ(a.matrices, 2);
  EXPECT_DOUBLE_EQ(a.share, 1.0);
  EXPECT_EQ(widths[b.module("a.x")].width, 4);  // among equals the smaller, where no vector decides
  const SharedWidth& root = widths[0];
  EXPECT_EQ(root.width, 5);  // and 50: 250 of 310 elements
  EXPECT_EQ(root.matrices, 3);
  EXPECT_DOUBLE_EQ(root.share, 250.0 / 310.0);
}

TEST(SharedWidths, AreDecidedByVectorsWhereMatricesSayNothing) {
  SnapshotBuilder b;
  b.parameter("a.weight", {4, 6});
  b.parameter("a.bias", {6});
  EXPECT_EQ(shared_widths(weights_of(b.snapshot()))[0].width, 6);
}

// One matrix under three names, in modules beside and below each other: 10·20 elements once, beside
// 15·20 of another. Twice would make 20 no larger, but 10 more than 15.
TEST(SharedWidths, CountATiedMatrixOnce) {
  SnapshotBuilder b;
  const StorageId tied = b.parameter("a.x.weight", {10, 20});
  b.parameter("a.y.weight", {10, 20}, "Module", tied);
  b.parameter("b.weight", {10, 20}, "Module", tied);
  b.parameter("b.c.weight", {15, 21});
  const auto widths = shared_widths(weights_of(b.snapshot()));
  EXPECT_EQ(widths[b.module("a")].matrices, 1);
  EXPECT_EQ(widths[0].matrices, 2);
  EXPECT_EQ(widths[0].width, 15);  // and 21: 315 of 515
  EXPECT_DOUBLE_EQ(widths[0].share, 315.0 / 515.0);
}

/// `count` modules called "0", each within the one before it; a matrix of another size in each.
ModelSnapshot chain(int count) {
  SnapshotBuilder b;
  b.parameter("0.weight", {2, 3});
  ModelSnapshot snapshot = b.snapshot();
  for (int i = 1; i < count; ++i) {
    ModuleNode node = snapshot.modules.back();
    TensorRecord tensor = snapshot.tensors.back();
    node.parent = ModuleId(snapshot.modules.size() - 1);
    tensor.module = ModuleId(snapshot.modules.size());
    tensor.view.storage = StorageId(snapshot.storages.size());
    tensor.view.sizes[1] = 3 + i;
    tensor.view.elements = 2 * tensor.view.sizes[1];
    snapshot.storages.push_back(snapshot.storages.back());
    snapshot.modules.push_back(std::move(node));
    snapshot.tensors.push_back(std::move(tensor));
  }
  return snapshot;
}

TEST(SharedWidths, OfDeeplyNestedModulesAreFoundInOnePass) {
  const auto widths = shared_widths(weights_of(chain(kMany)));
  EXPECT_EQ(widths[0].matrices, kMany);
  EXPECT_EQ(widths[0].width, 2);
  EXPECT_EQ(widths.back().matrices, 1);
}

TEST(Units, OfAModuleWithVeryManyWeightsFindEachItsBias) {
  SnapshotBuilder b;
  for (int i = 0; i < kMany / 2; ++i) {
    const std::string name = "m.w" + std::to_string(i);
    b.parameter(name, {3, 2});
    b.parameter(name + "_bias", {3});
  }
  const Weights weights = weights_of(b.snapshot());
  const Units units = find_units(b.snapshot(), weights, {b.module("m")});
  ASSERT_EQ(units.matrices.size(), std::size_t{kMany / 2});
  for (const Matrix& m : units.matrices) EXPECT_EQ(m.bias, WeightId(m.weight.value() + 1));
  EXPECT_TRUE(units.vectors.empty());
}

}  // namespace
}  // namespace tally::inspector
