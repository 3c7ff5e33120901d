#include <gtest/gtest.h>
#include <inspector/reconcile/explain/export_changes.h>
#include <tests/inspector/reconcile/build_snapshot.h>

namespace tally::inspector {
namespace {

// Two convolutions take one bias of 2^62 elements: the norms that they may have taken in would have
// 2·2·2^62 parameters, which no count holds.
TEST(ExportChanges, LeaveACountOutThatDoesNotFit) {
  SnapshotBuilder b;
  b.parameter("weight", {3, 1, 1, 1});
  b.parameter("bias", {std::int64_t{1} << 60});
  ModelSnapshot snapshot = b.snapshot();
  for (TensorRecord& tensor : snapshot.tensors) tensor.kind = TensorKind::kConstant;
  StridedView& bias = snapshot.tensors[1].view;
  bias.sizes = {std::int64_t{1} << 62};
  bias.elements = bias.bytes = std::int64_t{1} << 62;
  const Operation convolution{
      "torch.conv2d", {{0, 0, TensorId::none()}, {1, -1, TensorId(0)}, {2, -1, TensorId(1)}}, {1}};
  snapshot.operations = {convolution, convolution};
  const Weights weights = find_weights(snapshot, *take_census(snapshot));
  ASSERT_EQ(weights.storing, Storing::kFrozen);
  const auto changes = export_changes(snapshot, weights, {});
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes.front().what, ExportChange::What::kBiasesForNorms);
  EXPECT_EQ(changes.front().count, 2);
  EXPECT_FALSE(changes.front().params.has_value());
}

}  // namespace
}  // namespace tally::inspector
