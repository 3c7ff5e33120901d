#include <gtest/gtest.h>
#include <inspector/model/snapshot_bytes.h>
#include <tests/inspector/full_snapshot.h>

#include <limits>

namespace tally::inspector {
namespace {

using test::full_snapshot;
using test::SnapshotBuilder;

std::string refusal(std::string_view bytes) {
  const Result<ModelSnapshot> snapshot = snapshot_from_bytes(bytes);
  if (snapshot) return "";
  EXPECT_EQ(snapshot.error().code, ErrorCode::kInternal);
  return snapshot.error().message;
}

TEST(SnapshotBytes, ReadsBackEveryField) {
  const ModelSnapshot before = full_snapshot();
  const Result<ModelSnapshot> after = snapshot_from_bytes(to_bytes(before));
  ASSERT_TRUE(after) << after.error().message;
  test::expect_equal(before, *after);
}

TEST(SnapshotBytes, ReadsBackAnEmptySnapshot) {
  const Result<ModelSnapshot> after = snapshot_from_bytes(to_bytes(ModelSnapshot{}));
  ASSERT_TRUE(after);
  test::expect_equal(ModelSnapshot{}, *after);
}

TEST(SnapshotBytes, ReadsBackEveryKindTypeAndLayout) {
  SnapshotBuilder b;
  for (std::size_t kind = 0; kind < kTensorKinds; ++kind)
    b.tensor(kRoot, "t", {2}, static_cast<TensorKind>(kind));
  for (int dtype = 0; dtype <= static_cast<int>(Dtype::kQUInt2x4); ++dtype) {
    b.tensor(kRoot, "t", {3}, TensorKind::kBuffer, static_cast<Dtype>(dtype));
  }
  const Result<ModelSnapshot> after = snapshot_from_bytes(to_bytes(b.snapshot));
  ASSERT_TRUE(after) << after.error().message;
  test::expect_equal(b.snapshot, *after);
}

// Reports have a form for neither; the answer must arrive all the same.
TEST(SnapshotBytes, LosesScalesThatAreNoNumbers) {
  for (const double scale :
       {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    SnapshotBuilder b;
    b.tensor(kRoot, "w", {2}).quantization = Quantization{"per_tensor_affine", scale, 0, 0};
    const Result<ModelSnapshot> after = snapshot_from_bytes(to_bytes(b.snapshot));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->tensors[0].quantization->scale, 0);
  }
}

TEST(SnapshotBytes, RefusesEveryTruncationAndWhatFollows) {
  const std::string whole = to_bytes(full_snapshot());
  for (std::size_t n = 0; n < whole.size(); ++n)
    ASSERT_NE(refusal(std::string_view(whole).substr(0, n)), "") << n;
  EXPECT_NE(refusal(whole + '\0'), "");
}

// Nothing that one changed byte makes of it may be worse than a refusal or another sound snapshot:
// under a sanitizer this is a test of the reader.
TEST(SnapshotBytes, HoldsWhateverByteIsChanged) {
  const std::string whole = to_bytes(full_snapshot());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int change : {1, 0x80, 0xff}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ change);
      const Result<ModelSnapshot> snapshot = snapshot_from_bytes(changed);
      if (!snapshot) continue;
      ASSERT_EQ(to_bytes(*snapshot).size(), whole.size()) << i;
    }
  }
}

TEST(SnapshotBytes, RefusesTextThatIsNoUtf8) {
  ModelSnapshot snapshot;
  snapshot.format = "caf\xe9";
  EXPECT_NE(refusal(to_bytes(snapshot)), "");
}

TEST(SnapshotBytes, RefusesUnknownKindsTypesAndLayouts) {
  const auto changed = [](const auto& change) {
    SnapshotBuilder b;
    change(b.tensor(kRoot, "w", {2}));
    return refusal(to_bytes(b.snapshot));
  };
  EXPECT_EQ(changed([](TensorRecord&) {}), "");
  EXPECT_NE(changed([](TensorRecord& t) { t.kind = static_cast<TensorKind>(kTensorKinds); }), "");
  EXPECT_NE(changed([](TensorRecord& t) { t.view.dtype = static_cast<Dtype>(kDtypeCount); }), "");
  EXPECT_NE(changed([](TensorRecord& t) { t.layout = static_cast<Layout>(kLayoutCount); }), "");
}

/// What is said when the snapshot is changed in one place before it is written.
template <class Change>
std::string refusal_after(const Change& change) {
  SnapshotBuilder b;
  const auto child = b.module("a", kRoot);
  b.tensor(child, "w", {2, 3});
  b.tensor(child, "part", {2}).parts = {{"scales", b.view(StorageId(1), {1})}};
  TensorRecord& sparse = b.tensor(child, "sparse", b.view(StorageId::none(), {4}));
  sparse.layout = Layout::kSparseCoo;
  sparse.view.strides.clear();
  sparse.parts = {{"values", b.view(StorageId(0), {1})}};
  change(b.snapshot);
  return refusal(to_bytes(b.snapshot));
}

TEST(SnapshotBytes, RefusesReferencesThatAreOutOfRange) {
  EXPECT_EQ(refusal_after([](ModelSnapshot&) {}), "");
  const std::string said = "the answer of the process that read it cannot be read";
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.modules[1].parent = ModuleId(1); }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.modules[1].parent = ModuleId::none(); }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.modules[0].parent = ModuleId(0); }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.modules[1].same_as = ModuleId(1); }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].module = ModuleId(2); }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].module = ModuleId::none(); }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.storage = StorageId(2); }),
            said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.storage = StorageId::none(); }),
            said);
  EXPECT_EQ(
      refusal_after([](ModelSnapshot& s) { s.tensors[1].parts[0].view.storage = StorageId(2); }),
      said);
  EXPECT_EQ(refusal_after(
                [](ModelSnapshot& s) { s.tensors[1].parts[0].view.storage = StorageId::none(); }),
            said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[2].view.storage = StorageId(0); }),
            said);
  for (const Operation& wrong :
       {Operation{"f", {{0, -2, TensorId::none()}}, {0}},
        Operation{"f", {{0, 0, TensorId(99)}}, {0}}, Operation{"f", {{0, -1, TensorId(99)}}, {0}},
        Operation{"f", {}, {}}})
    EXPECT_EQ(refusal_after([&](ModelSnapshot& s) { s.operations = {wrong}; }), said);
}

TEST(SnapshotBytes, RefusesViewsThatNoLoaderLetsPass) {
  const std::string said = "the answer of the process that read it cannot be read";
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.strides.pop_back(); }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.offset = 1; }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.offset = -1; }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.strides[0] = INT64_MAX; }),
            said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.strides[1] = -1; }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.sizes[0] = -2; }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.sizes[0] = 0; }),
            said);  // yet it states 6 elements
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.elements = -6; }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[0].view.bytes = -24; }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.storages[0].bytes = 23; }), said);
  EXPECT_EQ(refusal_after([](ModelSnapshot& s) { s.tensors[2].view.elements = -1; }), said);
}

TEST(SnapshotBytes, RefusesWhatIsNoSnapshot) {
  for (const std::string& bytes : {std::string(), std::string("snapshot"), std::string(64, '\xff')})
    EXPECT_NE(refusal(bytes), "");
}

TEST(Dtype, IsFoundByBothNames) {
  for (int i = 0; i <= static_cast<int>(Dtype::kQUInt2x4); ++i) {
    const DtypeInfo& row = info(static_cast<Dtype>(i));
    EXPECT_EQ(dtype_from_name(row.name), row.dtype);
    EXPECT_EQ(dtype_from_storage_name(row.storage_name), row.dtype);
  }
  EXPECT_FALSE(dtype_from_name("float"));
  EXPECT_FALSE(dtype_from_storage_name("float32"));
}

TEST(FullName, JoinsPathAndName) {
  SnapshotBuilder b;
  const auto fc = b.module("fc", kRoot);
  EXPECT_EQ(full_name(b.snapshot, b.tensor(kRoot, "w", {1})), "w");
  EXPECT_EQ(full_name(b.snapshot, b.tensor(fc, "w", {1})), "fc.w");
  EXPECT_EQ(full_name(b.snapshot, b.tensor(fc, "[0]", {1})), "fc.[0]");
  EXPECT_EQ(full_name(b.snapshot, b.tensor(fc, "", {1})), "fc");
}

TEST(ShortType, IsTheLastPart) {
  EXPECT_EQ(short_type("torch.nn.modules.linear.Linear"), "Linear");
  EXPECT_EQ(short_type("Linear"), "Linear");
  EXPECT_EQ(short_type(""), "");
}

}  // namespace
}  // namespace tally::inspector
