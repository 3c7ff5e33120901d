#include <gtest/gtest.h>
#include <inspector/model/error_json.h>
#include <inspector/model/snapshot_json.h>
#include <tests/inspector/full_snapshot.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace tally::inspector {
namespace {

using nlohmann::json;
using test::full_snapshot;
using test::SnapshotBuilder;

std::string refusal(const json& value) {
  const Result<ModelSnapshot> snapshot = snapshot_from_json(value);
  if (snapshot) return "";
  EXPECT_EQ(snapshot.error().code, ErrorCode::kInternal);
  return snapshot.error().message;
}

TEST(SnapshotJson, ReadsBackEveryField) {
  const ModelSnapshot before = full_snapshot();
  const Result<ModelSnapshot> after = snapshot_from_json(json::parse(to_json(before).dump()));
  ASSERT_TRUE(after) << after.error().message;
  test::expect_equal(before, *after);
}

TEST(SnapshotJson, ReadsBackAnEmptySnapshot) {
  const Result<ModelSnapshot> after = snapshot_from_json(to_json(ModelSnapshot{}));
  ASSERT_TRUE(after);
  test::expect_equal(ModelSnapshot{}, *after);
}

TEST(SnapshotJson, ReadsBackEveryKindTypeAndLayout) {
  SnapshotBuilder b;
  for (std::size_t kind = 0; kind < kTensorKinds; ++kind)
    b.tensor(kRoot, "t", {2}, static_cast<TensorKind>(kind));
  for (int dtype = 0; dtype <= static_cast<int>(Dtype::kQUInt2x4); ++dtype) {
    b.tensor(kRoot, "t", {3}, TensorKind::kBuffer, static_cast<Dtype>(dtype));
  }
  const Result<ModelSnapshot> after = snapshot_from_json(to_json(b.snapshot));
  ASSERT_TRUE(after) << after.error().message;
  test::expect_equal(b.snapshot, *after);
}

// JSON has neither; the answer must arrive all the same.
TEST(SnapshotJson, LosesScalesThatAreNoNumbers) {
  for (const double scale :
       {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    SnapshotBuilder b;
    b.tensor(kRoot, "w", {2}).quantization = Quantization{"per_tensor_affine", scale, 0, 0};
    const Result<ModelSnapshot> after = snapshot_from_json(json::parse(to_json(b.snapshot).dump()));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->tensors[0].quantization->scale, 0);
  }
}

TEST(SnapshotJson, RefusesEveryMissingField) {
  const json whole = to_json(full_snapshot());
  for (const auto& [key, value] : whole.items()) {
    json cut = whole;
    cut.erase(key);
    EXPECT_NE(refusal(cut), "") << key;
    cut[key] = json::object({{"wrong", 1}});
    EXPECT_NE(refusal(cut), "") << key;
  }
}

TEST(SnapshotJson, RefusesEveryShortenedRow) {
  const json whole = to_json(full_snapshot());
  for (const char* table : {"modules", "tensors", "storages", "sections", "findings"}) {
    for (std::size_t row = 0; row < whole[table].size(); ++row) {
      const bool plain = std::string(table) == "tensors" && whole[table][row].size() > 5;
      for (std::size_t kept = 0; kept < whole[table][row].size(); ++kept) {
        if (plain && kept == 5) continue;  // a row of five is a plain tensor
        json cut = whole;
        json& cells = cut[table][row];
        cells.erase(cells.begin() + static_cast<std::ptrdiff_t>(kept), cells.end());
        EXPECT_NE(refusal(cut), "") << table << " row " << row << " cut to " << kept;
      }
    }
  }
}

TEST(SnapshotJson, RefusesUnknownNames) {
  const json whole = to_json(full_snapshot());
  for (const json::json_pointer& place :
       {"/tensors/0/2"_json_pointer, "/tensors/0/3/0"_json_pointer, "/tensors/1/5"_json_pointer}) {
    json changed = whole;
    ASSERT_TRUE(changed.at(place).is_string());
    changed[place] = "unheard_of";
    EXPECT_NE(refusal(changed).find("unknown "), std::string::npos) << place;
  }
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
  return refusal(to_json(b.snapshot));
}

TEST(SnapshotJson, RefusesReferencesThatAreOutOfRange) {
  EXPECT_EQ(refusal_after([](ModelSnapshot&) {}), "");
  const std::string said = "the worker's answer cannot be read: a reference that is out of range";
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
        Operation{"f", {{0, 0, TensorId(-2)}}, {0}}, Operation{"f", {{0, -1, TensorId(99)}}, {0}},
        Operation{"f", {}, {}}})
    EXPECT_EQ(refusal_after([&](ModelSnapshot& s) { s.operations = {wrong}; }), said);
}

TEST(SnapshotJson, RefusesViewsThatNoLoaderLetsPass) {
  const std::string said = "the worker's answer cannot be read: a reference that is out of range";
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

TEST(SnapshotJson, RefusesWhatIsNoSnapshot) {
  for (const json& value : {json(), json(3), json::array(), json::object(), json("snapshot")})
    EXPECT_NE(refusal(value), "");
}

TEST(ErrorJson, ReadsBackEveryCode) {
  for (std::size_t code = 0; code < kErrorCodeNames.size(); ++code) {
    const Error before{static_cast<ErrorCode>(code), "what \"and\" where", "do this"};
    const Error after = error_from_json(to_json(before));
    EXPECT_EQ(after.code, before.code);
    EXPECT_EQ(after.message, before.message);
    EXPECT_EQ(after.hint, before.hint);
  }
}

TEST(ErrorJson, SaysThatAnErrorCannotBeRead) {
  for (const json& value :
       {json(), json("text"), json::object(), json{{"code", 1}, {"message", "m"}, {"hint", ""}},
        json{{"code", "usage"}}}) {
    const Error error = error_from_json(value);
    EXPECT_EQ(error.code, ErrorCode::kInternal);
    EXPECT_EQ(error.message.rfind("an error that cannot be read", 0), 0u);
  }
  EXPECT_EQ(error_from_json({{"code", "unheard_of"}, {"message", "m"}, {"hint", ""}}).code,
            ErrorCode::kInternal);
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
  EXPECT_EQ(full_name(b.snapshot, b.tensor(fc, "[0]", {1})), "fc[0]");
  EXPECT_EQ(full_name(b.snapshot, b.tensor(fc, "", {1})), "fc");
}

TEST(ShortType, IsTheLastPart) {
  EXPECT_EQ(short_type("torch.nn.modules.linear.Linear"), "Linear");
  EXPECT_EQ(short_type("Linear"), "Linear");
  EXPECT_EQ(short_type(""), "");
}

}  // namespace
}  // namespace tally::inspector
