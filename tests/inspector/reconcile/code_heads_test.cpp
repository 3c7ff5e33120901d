// What sizes in a layer's code say of its heads, kind by kind. The lists are those that tracing the
// line named beside them writes.
#include <gtest/gtest.h>
#include <inspector/reconcile/facts/code_heads.h>

namespace tally::inspector {
namespace {

using Widths = std::vector<std::int64_t>;

CodeHeads read(std::vector<SizeList> lists, const AttentionWidths& widths) {
  ModelSnapshot snapshot;
  snapshot.modules.push_back({"h.0.attn", ModuleId::none(), "M", ModuleId::none(), {}, {}, 0});
  snapshot.code_sizes.push_back(std::move(lists));
  return heads_in_code(snapshot, {kRoot}, widths);
}

// q.view(b, t, n, d), k.view(b, t, n_kv, d)
TEST(CodeHeads, AreBothSizesOfASplit) {
  const auto heads = read({{"view", {-1, -1, 6, 8}}, {"view", {-1, -1, 2, 8}}}, {48, 16, 36});
  EXPECT_EQ(heads.head_dim, 8);
  EXPECT_EQ(heads.reason, "the code of h.0.attn has view [?, ?, 6, 8]");
}

// q.view(b * n, t, d) of a file traced with numbers: batch 1
TEST(CodeHeads, AreBothSizesInFrontOfABatchedProduct) {
  EXPECT_EQ(read({{"view", {4, 7, 12}}}, {48, 48, 44}).head_dim, 12);
}

// q.view(b, t, -1, d)
TEST(CodeHeads, AreTheLastSizeAlone) {
  EXPECT_EQ(read({{"view", {-1, -1, -1, 12}}}, {48, 24, 44}).head_dim, 12);
  EXPECT_EQ(read({{"unflatten", {-1, 12}}}, {48, 24, 44}).head_dim, 12);
}

// q.view(b, n, t, hidden // n)
TEST(CodeHeads, AreTheirNumberAlone) {
  EXPECT_EQ(read({{"view", {-1, 4, -1, -1}}}, {32, 32, 32}).head_dim, 8);
}

// qkv.view(b, t, -1, 3 * d).chunk(3, -1), and qkv.chunk(3, -1) with q.view(b, t, -1, d) behind it
TEST(CodeHeads, KnowWhatIsCutInThree) {
  const AttentionWidths fused{144, 144, 144, true};
  EXPECT_EQ(read({{"view", {-1, -1, -1, 36}}, {"chunk", {3, -1}}}, fused).head_dim, 12);
  EXPECT_EQ(read({{"chunk", {3, -1}}, {"view", {-1, -1, -1, 36}}}, fused).head_dim, 36);
  EXPECT_EQ(read({{"split", {144, 2}}, {"view", {-1, -1, -1, 36}}}, fused).head_dim, 36);
  EXPECT_EQ(read({{"view", {-1, -1, -1, 36}}, {"split", {12, -1}}}, fused).head_dim, 12);
  const auto open = read({{"view", {-1, -1, -1, 36}}}, fused);
  EXPECT_EQ(open.head_dim, 0);
  EXPECT_EQ(open.candidates, (Widths{12, 36}));
}

// Time that grows with the square takes minutes; a cut without sizes says nothing.
TEST(CodeHeads, AreReadFromVeryManyListsInOnePass) {
  std::vector<SizeList> lists(100'000, {"view", {-1, -1, -1, 36}});
  lists.push_back({"chunk", {}});
  lists.push_back({"chunk", {3, -1}});
  EXPECT_EQ(read(std::move(lists), {144, 144, 144, true}).head_dim, 12);
}

// qkv.chunk(3, -1) with q.unflatten(-1, (n, -1)); torch.nn cuts by unflatten(-1, (3, hidden))
TEST(CodeHeads, AreNoQueriesKeysAndValues) {
  EXPECT_EQ(read({{"unflatten", {6, -1}}}, {54, 54, 54, true}).head_dim, 9);
  EXPECT_EQ(read({{"unflatten", {3, -1}}, {"view", {-1, 6, -1, -1}}}, {54, 54, 54, true}).head_dim,
            9);
}

// Falcon: fused.view(b, t, n + 2, d)
TEST(CodeHeads, MayLieInOneMatrixWithKeysAndValues) {
  EXPECT_EQ(read({{"view", {-1, -1, 7, 8}}}, {40, 8, 40, true}).head_dim, 8);
}

TEST(CodeHeads, StayOpenWhereTheCodeSaysTwo) {
  const auto heads = read({{"view", {-1, -1, 6, 8}}, {"view", {-1, -1, 3, 16}}}, {48, 48, 48});
  EXPECT_EQ(heads.head_dim, 0);
  EXPECT_EQ(heads.candidates, (Widths{8, 16}));
}

TEST(CodeHeads, StayOpenWhereNothingFits) {
  for (const SizeList& list :
       std::vector<SizeList>{{"reshape", {1, 7, 48}},        // heads put together again
                             {"view", {-1, 48}},             // tokens in one row
                             {"reshape", {-1, -1, 48}},      // the same, sizes computed
                             {"view", {-1, -1, -1, 9}},      // divides nothing
                             {"reshape", {1, 7, 6, -1, 2}},  // pairs of rotated elements
                             {"chunk", {3, -1}},
                             {"view", {-1, 5, -1, -1}}}) {
    const auto heads = read({list}, {48, 48, 48});
    EXPECT_EQ(heads.head_dim, 0) << heads.reason;
    EXPECT_TRUE(heads.candidates.empty());
  }
}

}  // namespace
}  // namespace tally::inspector
