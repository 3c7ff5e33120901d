#include <gtest/gtest.h>
#include <inspector/census/census.h>
#include <tests/inspector/census/random_snapshot.h>

#include <set>
#include <tuple>

namespace tally::inspector {
namespace {

using test::random_snapshot;
using test::Shape;
using test::SnapshotBuilder;

Census census_of(const ModelSnapshot& snapshot, const std::vector<bool>* only = nullptr) {
  Result<Census> census = take_census(snapshot, only);
  EXPECT_TRUE(census) << census.error().message;
  return census ? *census : Census{};
}
Census census_of(const SnapshotBuilder& b) { return census_of(b.snapshot); }

Count count(std::int64_t tensors, std::int64_t elements, std::int64_t bytes) {
  return {tensors, elements, bytes};
}

std::vector<std::string> codes(const Census& census) {
  std::vector<std::string> found;
  for (const Finding& f : census.findings) found.push_back(f.code);
  return found;
}

void print(const Count& c, std::ostream& out) {
  out << c.tensors << " tensors, " << c.elements << " elements, " << c.bytes << " bytes";
}

}  // namespace

void PrintTo(const Count& c, std::ostream* out) { print(c, *out); }

namespace {

// ---------------------------------------------------------------------------------------------------------------
// aliases

TEST(Census, CountsATiedEmbeddingOnce) {
  SnapshotBuilder b;
  const auto wte = b.module("wte", kRoot), head = b.module("lm_head", kRoot);
  const StridedView weight = b.view(b.storage(29 * 6 * 4), {29, 6});
  b.tensor(wte, "weight", weight);
  b.tensor(head, "weight", weight);
  const Census c = census_of(b);
  EXPECT_EQ(c.unique, count(1, 174, 696));
  EXPECT_EQ(c.naive, count(2, 348, 1392));
  EXPECT_FALSE(c.tensors[0].alias_of.valid());
  EXPECT_EQ(c.tensors[1].alias_of, TensorId(0));
  EXPECT_EQ(c.own[wte].parameters(), count(1, 174, 696));
  EXPECT_EQ(c.own[head].parameters(), Count{});
  EXPECT_EQ(c.own[head].again[0], count(1, 174, 696));
}

// The trap of counting by storage: 100 instead of 300.
TEST(Census, CountsThreeViewsOfOneStorageAsThreeTensors) {
  SnapshotBuilder b;
  const auto s = b.storage(1200);
  for (const std::int64_t offset : {0, 100, 200})
    b.tensor(kRoot, "v" + std::to_string(offset), b.view(s, {100}, offset));
  EXPECT_EQ(census_of(b).unique, count(3, 300, 1200));
  EXPECT_EQ(census_of(b).storages[0].tensors, 3);
}

TEST(Census, TellsViewsApartByEachPartOfTheirKey) {
  SnapshotBuilder b;
  const auto s = b.storage(240), other = b.storage(240);
  const StridedView base = b.view(s, {4, 3});
  StridedView elsewhere = base, shifted = base, reshaped = b.view(s, {3, 4}), transposed = base;
  elsewhere.storage = other;
  shifted.offset = 1;
  transposed.strides = {1, 4};
  for (const StridedView& v : {base, elsewhere, shifted, reshaped, transposed, base})
    b.tensor(kRoot, "t", v);
  const Census c = census_of(b);
  EXPECT_EQ(c.unique.tensors, 5);
  EXPECT_EQ(c.tensors[5].alias_of, TensorId(0));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_FALSE(c.tensors[i].alias_of.valid()) << i;
}

TEST(Census, DoesNotMistakeSizesForStrides) {
  SnapshotBuilder b;
  const auto s = b.storage(400);
  StridedView flat = b.view(s, {2, 1}), row = b.view(s, {2});
  flat.strides = {1, 1};
  row.strides = {1};
  b.tensor(kRoot, "flat", flat);
  b.tensor(kRoot, "row", row);
  EXPECT_EQ(census_of(b).unique.tensors, 2);
}

TEST(Census, CountsAGroupUnderItsHighestKind) {
  SnapshotBuilder b;
  const auto rnn = b.module("rnn", kRoot);
  const StridedView v = b.view(b.storage(40), {10});
  b.tensor(rnn, "_flat_weights[0]", v, TensorKind::kAttribute);
  b.tensor(rnn, "cached", v, TensorKind::kBuffer);
  b.tensor(rnn, "weight", v, TensorKind::kParameter);
  b.tensor(rnn, "weight_again", v, TensorKind::kParameter);
  const Census c = census_of(b);
  EXPECT_FALSE(c.tensors[2].alias_of.valid());
  for (const std::size_t i : {0, 1, 3}) EXPECT_EQ(c.tensors[i].alias_of, TensorId(2)) << i;
  for (const TensorCount& t : c.tensors) EXPECT_EQ(t.kind, TensorKind::kParameter);
  EXPECT_EQ(c.all.parameters(), count(1, 10, 40));
  EXPECT_EQ(c.all.again[0], count(3, 30, 120));
  EXPECT_EQ(sum(c.all.unique), count(1, 10, 40));
}

TEST(Census, RanksKinds) {
  for (std::size_t higher = 0; higher < kTensorKinds; ++higher) {
    for (std::size_t lower = higher + 1; lower < kTensorKinds; ++lower) {
      SnapshotBuilder b;
      const StridedView v = b.view(b.storage(4), {1});
      b.tensor(kRoot, "low", v, static_cast<TensorKind>(lower));
      b.tensor(kRoot, "high", v, static_cast<TensorKind>(higher));
      EXPECT_EQ(census_of(b).tensors[0].alias_of, TensorId(1));
    }
  }
  EXPECT_EQ(name(TensorKind::kParameter), "parameter");
  EXPECT_EQ(name(static_cast<TensorKind>(5)), "constant");
}

// ----------------------------------------------------------------------------------------------------------------
// totals

TEST(Census, AddsModulesUpToTheirParents) {
  SnapshotBuilder b;
  const auto h = b.module("h", kRoot, "List"), h0 = b.module("h.0", h, "Linear"),
             h1 = b.module("h.1", h, "Linear");
  b.tensor(kRoot, "scale", Shape{});
  b.tensor(h0, "weight", Shape{5, 7});
  b.tensor(h1, "weight", Shape{5, 7});
  b.tensor(h1, "mean", Shape{5}, TensorKind::kBuffer, Dtype::kFloat64);
  const Census c = census_of(b);
  EXPECT_EQ(c.own[h].parameters(), Count{});
  EXPECT_EQ(c.total[h].parameters(), count(2, 70, 280));
  EXPECT_EQ(c.total[h1].of(TensorKind::kBuffer), count(1, 5, 40));
  EXPECT_EQ(c.all.parameters(), count(3, 71, 284));
  EXPECT_EQ(c.unique, count(4, 76, 324));
}

TEST(Census, SplitsByDtypeAndLayerType) {
  SnapshotBuilder b;
  const auto linear = b.module("fc", kRoot, "Linear");
  b.tensor(linear, "weight", Shape{3, 4}, TensorKind::kParameter, Dtype::kBFloat16);
  b.tensor(linear, "bias", Shape{3});
  b.tensor(kRoot, "step", Shape{}, TensorKind::kBuffer, Dtype::kInt64);
  const Census c = census_of(b);
  EXPECT_EQ(c.by_dtype, (std::map<std::string, Count>{{"bfloat16", count(1, 12, 24)},
                                                      {"float32", count(1, 3, 12)},
                                                      {"int64", count(1, 1, 8)}}));
  EXPECT_EQ(c.by_module_type, (std::map<std::string, Count>{{"Linear", count(2, 15, 36)},
                                                            {"Model", count(1, 1, 8)}}));
}

TEST(Census, SplitsParametersIntoTrainableAndFixed) {
  SnapshotBuilder b;
  b.tensor(kRoot, "trained", Shape{2});
  b.tensor(kRoot, "frozen", Shape{3}).requires_grad = false;
  b.tensor(kRoot, "buffer", Shape{4}, TensorKind::kBuffer).requires_grad =
      true;  // no parameter: neither
  const Census c = census_of(b);
  EXPECT_EQ(c.all.trainable, count(1, 2, 8));
  EXPECT_EQ(c.all.fixed, count(1, 3, 12));
}

// Freezing merges equal constants: the code names one twice that was two.
TEST(Census, CountsConstantsOnceForEachUseInTheNaiveNumber) {
  SnapshotBuilder b;
  b.tensor(kRoot, "CONSTANTS.c0", Shape{8}, TensorKind::kConstant).uses = 3;
  b.tensor(kRoot, "CONSTANTS.c1", Shape{5}, TensorKind::kConstant).uses = 0;
  const Census c = census_of(b);
  EXPECT_EQ(c.unique, count(2, 13, 52));
  EXPECT_EQ(c.naive, count(4, 3 * 8 + 5, 3 * 32 + 20));
}

TEST(Census, CountsScalesAndZeroPointsApart) {
  SnapshotBuilder b;
  const auto s = b.storage(24), z = b.storage(24);
  TensorRecord& t = b.tensor(kRoot, "w", Shape{3, 4}, TensorKind::kPacked, Dtype::kQInt8);
  t.quantization = Quantization{"per_channel_affine", 0, 0, 0};
  t.parts = {{"scales", b.view(s, {3}, 0, Dtype::kFloat64)},
             {"zero_points", b.view(z, {3}, 0, Dtype::kInt64)}};
  const TensorRecord again = t;
  b.snapshot.tensors.push_back(again);
  const Census c = census_of(b);
  EXPECT_EQ(c.unique, count(1, 12, 12));
  EXPECT_EQ(c.quantization_parts, count(2, 6, 48));
  EXPECT_EQ(c.storages[0].tensors, 1);
  EXPECT_EQ(codes(c), (std::vector<std::string>{"quantized"}));
}

TEST(Census, TellsSparseTensorsApartByTheirParts) {
  SnapshotBuilder b;
  const auto s = b.storage(12), r = b.storage(12);
  for (const auto values : {s, r, s}) {
    TensorRecord& t =
        b.tensor(kRoot, "mask", b.view(StorageId::none(), {8, 10}), TensorKind::kBuffer);
    t.layout = Layout::kSparseCoo;
    t.view.strides.clear();
    t.view.bytes = 12;
    t.parts = {{"values", b.view(values, {3})}};
  }
  const Census c = census_of(b);
  EXPECT_EQ(c.unique, count(2, 160, 24));
  EXPECT_EQ(c.tensors[2].alias_of, TensorId(0));
  EXPECT_EQ(c.storages[0].tensors, 1);
  EXPECT_EQ(c.storages[0].covered_bytes, 12);
}

// The same indices, other values.
TEST(Census, TellsSparseTensorsApartByEachOfTheirParts) {
  SnapshotBuilder b;
  const auto indices = b.storage(48);
  for (const auto values : {b.storage(12), b.storage(12)}) {
    TensorRecord& t =
        b.tensor(kRoot, "mask", b.view(StorageId::none(), {8, 10}), TensorKind::kBuffer);
    t.layout = Layout::kSparseCoo;
    t.view.strides.clear();
    t.view.bytes = 60;
    t.parts = {{"indices", b.view(indices, {2, 3}, 0, Dtype::kInt64)},
               {"values", b.view(values, {3})}};
  }
  EXPECT_EQ(census_of(b).unique, count(2, 160, 120));
}

TEST(Census, OfAnEmptyModelIsZero) {
  const Census c = census_of(SnapshotBuilder());
  EXPECT_EQ(c.unique, Count{});
  EXPECT_EQ(c.all.parameters(), Count{});
  EXPECT_TRUE(c.findings.empty());
  EXPECT_TRUE(census_of(ModelSnapshot{}).total.empty());
}

TEST(Census, RefusesTotalsPast2To63) {
  SnapshotBuilder b;
  StridedView v = b.view(b.storage(4), {1});
  v.elements = v.bytes = INT64_MAX;
  v.sizes = {INT64_MAX};
  v.strides = {0};
  b.tensor(kRoot, "a", v);
  EXPECT_TRUE(take_census(b.snapshot));
  v.offset = 0;
  v.strides = {0};
  v.sizes = {1, INT64_MAX};
  v.strides = {0, 0};
  b.tensor(kRoot, "b", v);
  const Result<Census> refused = take_census(b.snapshot);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(refused.error().message, "its tensors have more than 2^63 elements or bytes together");
}

TEST(Census, RefusesUsesPast2To63) {
  SnapshotBuilder b;
  b.tensor(kRoot, "CONSTANTS.c0", Shape{8}, TensorKind::kConstant).uses = INT64_MAX;
  EXPECT_FALSE(take_census(b.snapshot));
}

// Two of 2^62 - 1 bytes fit together, and sharing them saves one; with a third the file is refused.
TEST(Census, NamesEqualStoragesOfNearlyAllBytesThatThereMayBe) {
  SnapshotBuilder b;
  const StorageRecord half{"data/0", (std::int64_t{1} << 62) - 1, 7, "cpu"};
  b.snapshot.storages = {half, half};
  const Result<Census> census = take_census(b.snapshot);
  ASSERT_TRUE(census);
  const auto found = std::find_if(census->findings.begin(), census->findings.end(),
                                  [](const Finding& f) { return f.code == "equal-storages"; });
  ASSERT_NE(found, census->findings.end());
  EXPECT_NE(found->text.find("would save 4611686018427387903 bytes"), std::string::npos)
      << found->text;
  b.snapshot.storages.push_back(half);
  EXPECT_FALSE(take_census(b.snapshot));
}

// ----------------------------------------------------------------------------------------------------------------
// filter

TEST(Census, CountsOnlyWhatAFilterLetsThrough) {
  SnapshotBuilder b;
  const auto a = b.module("a", kRoot), z = b.module("z", kRoot);
  const StridedView tied = b.view(b.storage(40), {10});
  b.tensor(a, "w", tied);
  b.tensor(z, "w", tied);
  b.tensor(z, "own", Shape{3});
  const std::vector<bool> only = {false, true, true};
  const Census c = census_of(b.snapshot, &only);
  // z.w counts at a.w in the whole model, and so nowhere here: as an alias of what the filter
  // leaves out.
  EXPECT_EQ(c.unique, count(1, 3, 12));
  EXPECT_EQ(c.all.again[0], count(1, 10, 40));
  EXPECT_EQ(c.naive, count(2, 13, 52));
  EXPECT_EQ(c.own[a].parameters(), Count{});
}

// --------------------------------------------------------------------------------------------------------------
// storages

TEST(Census, MeasuresWhatViewsCoverOfAStorage) {
  SnapshotBuilder b;
  const auto s = b.storage(400);
  b.tensor(kRoot, "head", b.view(s, {10}));        // bytes 0 to 40
  b.tensor(kRoot, "overlap", b.view(s, {10}, 5));  // 20 to 60
  b.tensor(kRoot, "tail", b.view(s, {5}, 90));     // 360 to 380
  b.tensor(kRoot, "inside", b.view(s, {2}, 91));   // within the tail
  b.tensor(kRoot, "empty", b.view(s, {0}, 50));    // nothing
  const Census c = census_of(b);
  EXPECT_EQ(c.storages[0].covered_bytes, 60 + 20);
  EXPECT_EQ(c.storages[0].tensors, 5);
  EXPECT_EQ(c.storage_bytes, 400);
}

TEST(Census, MeasuresViewsWithinViewsOnce) {
  SnapshotBuilder b;
  const auto s = b.storage(400);
  b.tensor(kRoot, "whole", b.view(s, {10}));
  b.tensor(kRoot, "early", b.view(s, {2}, 2));
  b.tensor(kRoot, "late", b.view(s, {2}, 6));
  EXPECT_EQ(census_of(b).storages[0].covered_bytes, 40);
}

TEST(Census, MeasuresStridedViewsFromFirstToLast) {
  SnapshotBuilder b;
  StridedView v = b.view(b.storage(400), {3, 2}, 1);
  v.strides = {10, 4};  // first element 1, last 1 + 2 × 10 + 4 = 25
  b.tensor(kRoot, "v", v);
  EXPECT_EQ(census_of(b).storages[0].covered_bytes, 4 * 25);
}

TEST(Census, MeasuresTypesBelowAByte) {
  SnapshotBuilder b;
  const auto s = b.storage(10);
  b.tensor(kRoot, "v", b.view(s, {3}, 3, Dtype::kQUInt4x2));  // half-bytes 3, 4, 5: bytes 1 and 2
  EXPECT_EQ(census_of(b).storages[0].covered_bytes, 2);
  SnapshotBuilder half;
  // Half-bytes 3 and 4: bytes 1 and 2, of which the second is half used.
  half.tensor(kRoot, "v", half.view(half.storage(10), {2}, 3, Dtype::kQUInt4x2));
  EXPECT_EQ(census_of(half).storages[0].covered_bytes, 2);
}

TEST(Census, FindsLargeStoragesKeptBySmallViews) {
  SnapshotBuilder b;
  const auto fc = b.module("fc", kRoot);
  b.tensor(fc, "weight", b.view(b.storage(4000), {10}));
  b.tensor(fc, "whole", Shape{10});
  const Census c = census_of(b);
  ASSERT_EQ(codes(c), (std::vector<std::string>{"storage-kept-by-view"}));
  EXPECT_EQ(c.findings[0].text,
            "storage data/0 of 4000 bytes is kept by views that see 40 bytes of it (fc.weight): "
            "clone() them before saving to drop 3960 bytes");
}

TEST(Census, SumsUpFindingsOfOneSort) {
  SnapshotBuilder b;
  for (int i = 0; i < 25; ++i)
    b.tensor(kRoot, "t" + std::to_string(i), b.view(b.storage(400), {1}));
  const Census c = census_of(b);
  ASSERT_EQ(c.findings.size(), 21u);
  EXPECT_EQ(c.findings.back().text,
            "and 5 more storages that are larger than what views see of them");
}

TEST(Census, SumsUpTheOneFindingTooMany) {
  const auto findings = [](int storages) {
    SnapshotBuilder b;
    for (int i = 0; i < storages; ++i)
      b.tensor(kRoot, "t" + std::to_string(i), b.view(b.storage(400), {1}));
    return census_of(b).findings;
  };
  EXPECT_EQ(findings(20).size(), 20u);
  ASSERT_EQ(findings(21).size(), 21u);
  EXPECT_EQ(findings(21).back().text,
            "and 1 more storage that is larger than what views see of it");
}

TEST(Census, FindsEqualStoragesThatAreNotShared) {
  SnapshotBuilder b;
  for (const std::uint32_t crc : {7u, 7u, 7u, 9u, 9u, 8u})
    b.tensor(kRoot, "t", b.view(b.storage(40, crc), {10}));
  b.tensor(kRoot, "t", b.view(b.storage(44, 7), {11}));  // of another size
  for (int i = 0; i < 2; ++i)
    b.tensor(kRoot, "t", b.view(b.storage(40, 0), {10}));  // no CRC-32 was computed
  const Census c = census_of(b);
  ASSERT_EQ(codes(c), (std::vector<std::string>{"equal-storages"}));
  // Three of 40 bytes and two of 40: sharing leaves one of each.
  EXPECT_EQ(c.findings[0].text,
            "5 storages in 2 sets are equal by size and CRC-32 but not shared: sharing them would "
            "save 120 bytes");
}

// Two of 40 bytes are 1 % of 4,000, and less than that of 4,040.
TEST(Census, FindsEqualStoragesFromOnePercentOn) {
  for (const std::int64_t other : {3920, 3960}) {
    SnapshotBuilder b;
    for (const std::uint32_t crc : {7u, 7u}) b.tensor(kRoot, "t", b.view(b.storage(40, crc), {10}));
    b.tensor(kRoot, "u", b.view(b.storage(other, 9), {other / 4}));
    EXPECT_EQ(codes(census_of(b)).size(), other == 3920 ? 1U : 0U) << other;
  }
}

// As spectrograms do, which hold the same hann_window each.
TEST(Census, DoesNotMindEqualBuffersAndConstants) {
  for (const TensorKind kind : {TensorKind::kBuffer, TensorKind::kConstant}) {
    SnapshotBuilder b;
    b.snapshot.modules[0].attributes = {{"training", "true"}};
    for (int i = 0; i < 2; ++i) b.tensor(kRoot, "w", b.view(b.storage(40, 7), {10}), kind);
    EXPECT_TRUE(codes(census_of(b)).empty());
  }
}

TEST(Census, SaysThatAFrozenModelHidesItsWeights) {
  SnapshotBuilder b;
  b.tensor(kRoot, "CONSTANTS.c0", Shape{8}, TensorKind::kConstant);
  EXPECT_EQ(codes(census_of(b)), (std::vector<std::string>{"frozen"}));
  b.tensor(kRoot, "w", Shape{3});  // freezing keeps what it is told to
  const Census kept = census_of(b);
  ASSERT_EQ(codes(kept), (std::vector<std::string>{"frozen"}));
  EXPECT_NE(kept.findings[0].text.find("only 3 elements of parameters"), std::string::npos);
}

// Scripted and traced modules have the attribute, functions that are traced as well.
TEST(Census, CallsNoModelFrozenThatKnowsOfTraining) {
  SnapshotBuilder b;
  b.tensor(kRoot, "CONSTANTS.c0", Shape{8}, TensorKind::kConstant);
  b.snapshot.modules[0].attributes = {{"training", "true"}};
  EXPECT_TRUE(codes(census_of(b)).empty());
}

TEST(Census, CountsSettingsOfConvolutionsApart) {
  SnapshotBuilder b;
  b.tensor(kRoot, "packed[0]", Shape{11}, TensorKind::kPacked, Dtype::kInt16).setting = true;
  b.tensor(kRoot, "packed[1]", Shape{4}, TensorKind::kPacked, Dtype::kInt8);
  const Census c = census_of(b);
  EXPECT_EQ(c.settings, count(1, 11, 22));
  EXPECT_EQ(c.unique, count(1, 4, 4));
  EXPECT_EQ(c.naive, count(1, 4, 4));
}

// ----------------------------------------------------------------------------------------------------------
// conservation

TEST(Census, AddsUpOnRandomModels) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const ModelSnapshot s = random_snapshot(seed);
    const Census c = census_of(s);
    // Children and own make the parent, kind by kind.
    for (std::size_t m = 0; m < s.modules.size(); ++m) {
      for (std::size_t kind = 0; kind < kTensorKinds; ++kind) {
        Count unique = c.own[m].unique[kind], again = c.own[m].again[kind];
        for (std::size_t child = 1; child < s.modules.size(); ++child) {
          if (s.modules[child].parent != ModuleId(m)) continue;
          unique = sum({unique, c.total[child].unique[kind], {}, {}, {}, {}});
          again = sum({again, c.total[child].again[kind], {}, {}, {}, {}});
        }
        ASSERT_EQ(c.total[m].unique[kind], unique);
        ASSERT_EQ(c.total[m].again[kind], again);
      }
      ASSERT_EQ(sum({c.own[m].trainable, c.own[m].fixed, {}, {}, {}, {}}), c.own[m].parameters());
    }
    // Unique and again make the naive number, which is the plain sum over names.
    Count names, distinct;
    std::set<std::tuple<StorageId, std::int64_t, Shape, Shape>> keys;
    for (const TensorRecord& t : s.tensors) {
      const Count one{1, t.view.elements, t.view.bytes};
      names = sum({names, one, {}, {}, {}, {}});
      if (keys.emplace(t.view.storage, t.view.offset, t.view.sizes, t.view.strides).second)
        distinct = sum({distinct, one, {}, {}, {}, {}});
    }
    ASSERT_EQ(c.naive, names);
    ASSERT_EQ(c.unique, distinct);
    ASSERT_EQ(sum(c.all.unique), c.unique);
    ASSERT_EQ(sum({sum(c.all.unique), sum(c.all.again), {}, {}, {}, {}}), c.naive);
    Count by_dtype, by_type;
    for (const auto& [dtype, n] : c.by_dtype) by_dtype = sum({by_dtype, n, {}, {}, {}, {}});
    for (const auto& [type, n] : c.by_module_type) by_type = sum({by_type, n, {}, {}, {}, {}});
    ASSERT_EQ(by_dtype, c.unique);
    ASSERT_EQ(by_type, c.unique);
    // A filter and its opposite share out the whole.
    std::vector<bool> odd(s.tensors.size()), even(s.tensors.size());
    for (std::size_t i = 0; i < odd.size(); ++i) (i % 2 == 0 ? even : odd)[i] = true;
    const Census first = census_of(s, &odd), second = census_of(s, &even);
    ASSERT_EQ(sum({first.unique, second.unique, {}, {}, {}, {}}), c.unique);
    ASSERT_EQ(sum({first.naive, second.naive, {}, {}, {}, {}}), c.naive);
    for (std::size_t i = 0; i < s.storages.size(); ++i)
      ASSERT_LE(c.storages[i].covered_bytes, s.storages[i].bytes);
  }
}

}  // namespace
}  // namespace tally::inspector
