// Models whose trees no engineer builds: what inference makes of them, in time and stack that do
// not grow with the square or the depth.
#include <gtest/gtest.h>
#include <inspector/reconcile/infer/infer.h>
#include <tests/inspector/reconcile/build_snapshot.h>

#include <string>

namespace tally::inspector {
namespace {

/// A layer with hidden size `hidden`.
void add_layer(SnapshotBuilder& b, const std::string& path, std::int64_t hidden,
               std::int64_t intermediate) {
  for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
    b.linear(path + ".attn." + name, hidden, hidden, false);
  b.linear(path + ".mlp.up_proj", hidden, intermediate, false);
  b.linear(path + ".mlp.down_proj", intermediate, hidden, false);
  b.rms_norm(path + ".norm1", hidden);
  b.rms_norm(path + ".norm2", hidden);
}

Inference infer_of(const ModelSnapshot& snapshot) {
  return infer(snapshot, find_weights(snapshot, *take_census(snapshot)));
}

// A layer within 50,000 modules that are all called "0": each could be it.
TEST(HostileTrees, NestALayerInNumberedModules) {
  SnapshotBuilder b;
  add_layer(b, "0", 16, 48);
  ModelSnapshot snapshot = b.snapshot();
  constexpr int kDepth = 50'000;
  const ModelSnapshot inner = snapshot;
  ModuleNode around = snapshot.modules[1];
  snapshot.modules.resize(1);
  for (int i = 0; i < kDepth; ++i) {
    around.parent = ModuleId(i);
    snapshot.modules.push_back(around);
  }
  for (std::size_t m = 1; m < inner.modules.size(); ++m) {
    ModuleNode node = inner.modules[m];
    node.parent = m == 1 ? ModuleId(kDepth) : ModuleId(node.parent.value() + kDepth);
    snapshot.modules.push_back(node);
  }
  for (TensorRecord& tensor : snapshot.tensors)
    tensor.module = ModuleId(tensor.module.value() + kDepth);
  const Inference inference = infer_of(snapshot);
  ASSERT_TRUE(inference.transformer) << inference.reason;
  EXPECT_EQ(inference.spec.stacks.front().num_layers(), 1);
  EXPECT_EQ(inference.spec.stacks.front().hidden_size, 16);
  EXPECT_TRUE(inference.unexplained.empty());
}

// Ten square matrices of one module and one that no block takes: 9 of the 10 can be split in very
// many ways, all of which end at the tenth.
TEST(HostileTrees, HoldLayersThatCanBeSplitInNoWay) {
  SnapshotBuilder b;
  for (int layer = 0; layer < 8; ++layer) {
    const std::string path = "h." + std::to_string(layer) + ".m.w";
    for (int i = 0; i < 9; ++i) b.parameter(path + std::to_string(i), {16, 16});
    b.parameter(path + "9", {5, 16});
  }
  const Inference inference = infer_of(b.snapshot());
  EXPECT_FALSE(inference.transformer);
  EXPECT_EQ(inference.unexplained.size(), 80U);
}

// Two siblings of which each is a layer at a width of its own (8 and 10), while most elements of
// both together lie along 64.
TEST(HostileTrees, HoldLayersThatShareNoWidth) {
  SnapshotBuilder b;
  add_layer(b, "h.0", 8, 64);
  add_layer(b, "h.1", 10, 64);
  const Inference inference = infer_of(b.snapshot());
  EXPECT_FALSE(inference.transformer);
  EXPECT_EQ(inference.unexplained.size(), 16U);
}

TEST(HostileTrees, HaveMoreStacksThanAreToldApart) {
  SnapshotBuilder b;
  for (int stack = 0; stack < 101; ++stack) {
    for (int layer = 0; layer < 2; ++layer)
      add_layer(b,
                "s_" + std::string(1, 'a' + stack % 26) + std::string(1, 'a' + stack / 26) +
                    "x.h." + std::to_string(layer),
                8, 24);
  }
  const Inference inference = infer_of(b.snapshot());
  EXPECT_FALSE(inference.transformer);
  EXPECT_EQ(inference.reason, "its layers lie in 101 places; more than 100 are not told apart");
}

// Each layer behind the stack gets an id of its own, at once.
TEST(HostileTrees, HaveManyLayersBehindTheStack) {
  SnapshotBuilder b;
  b.embedding("a.embed", 40, 8);
  for (int layer = 0; layer < 2; ++layer) add_layer(b, "a.h." + std::to_string(layer), 8, 24);
  constexpr int kMany = 30'000;
  for (int i = 0; i < kMany; ++i) b.linear("z.m" + std::to_string(i) + "x", 8, 8, false);
  const Inference inference = infer_of(b.snapshot());
  ASSERT_TRUE(inference.transformer) << inference.reason;
  ASSERT_EQ(inference.spec.head_layers.size(), std::size_t{kMany});
  EXPECT_EQ(inference.spec.head_layers.front().id, "dense");
  EXPECT_EQ(inference.spec.head_layers.back().id, "dense" + std::to_string(kMany));
}

}  // namespace
}  // namespace tally::inspector
