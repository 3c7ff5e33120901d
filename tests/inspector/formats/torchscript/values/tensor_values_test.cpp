#include <gtest/gtest.h>
#include <inspector/formats/torchscript/values/value_types.h>
#include <tests/inspector/formats/torchscript/values/tensor_values_fixture.h>

#include <ostream>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

constexpr std::int64_t kHuge = INT64_MAX;

// -----------------------------------------------------------------------------------------------------------
// what is read

TEST_F(TensorValues, ReadsAStridedTensor) {
  add("data/0", 60, 0xcafe);
  const TensorRecord t =
      tensor_of(tensor(storage("FloatStorage", "0", 15), 3, {4, 3}, {3, 1}, true));
  EXPECT_EQ(t.view.dtype, Dtype::kFloat32);
  EXPECT_EQ(t.view.offset, 3);
  EXPECT_EQ(t.view.sizes, (Shape{4, 3}));
  EXPECT_EQ(t.view.strides, (Shape{3, 1}));
  EXPECT_EQ(t.view.elements, 12);
  EXPECT_EQ(t.view.bytes, 48);
  EXPECT_TRUE(t.requires_grad);
  EXPECT_EQ(t.layout, Layout::kStrided);
  ASSERT_EQ(snapshot_.storages.size(), 1u);
  EXPECT_EQ(snapshot_.storages[0].record, "data/0");
  EXPECT_EQ(snapshot_.storages[0].bytes, 60);
  EXPECT_EQ(snapshot_.storages[0].crc32, 0xcafeu);
  EXPECT_EQ(snapshot_.storages[0].device, "cpu");
}

TEST_F(TensorValues, EntersAStorageOnce) {
  add("data/0", 60);
  add("data/1", 4);
  EXPECT_EQ(tensor_of(floats("0", 15)).view.storage, StorageId(0));
  EXPECT_EQ(tensor_of(floats("1", 1)).view.storage, StorageId(1));
  EXPECT_EQ(tensor_of(floats("0", 15)).view.storage, StorageId(0));
  EXPECT_EQ(snapshot_.storages.size(), 2u);
}

TEST_F(TensorValues, ReadsAParameterInItsWrapper) {
  add("data/0", 60);
  const TensorRecord t = tensor_of(
      call(global("torch._utils", "_rebuild_parameter"), {floats("0", 15), boolean(true), "N"}));
  EXPECT_EQ(t.view.elements, 15);
  EXPECT_TRUE(t.requires_grad);
}

TEST_F(TensorValues, ReadsScalarsEmptyAndExpandedTensors) {
  add("data/0", 60);
  EXPECT_EQ(tensor_of(tensor(storage("FloatStorage", "0", 15), 14, {}, {})).view.elements, 1);
  const TensorRecord empty =
      tensor_of(tensor(storage("FloatStorage", "0", 15), 1000, {4, 0, 2}, {kHuge, kHuge, 1}));
  EXPECT_EQ(empty.view.elements, 0);
  EXPECT_EQ(empty.view.bytes, 0);
  // 15 floats seen a thousand times: elements count, storage does not.
  const TensorRecord expanded =
      tensor_of(tensor(storage("FloatStorage", "0", 15), 0, {1000, 15}, {0, 1}));
  EXPECT_EQ(expanded.view.elements, 15'000);
  EXPECT_EQ(expanded.view.bytes, 60'000);
  // A dimension of one never steps, whatever its stride.
  EXPECT_EQ(
      tensor_of(tensor(storage("FloatStorage", "0", 15), 0, {1, 15}, {kHuge, 1})).view.elements,
      15);
}

TEST_F(TensorValues, NeedsNoRecordForAnEmptyStorage) {
  EXPECT_EQ(
      tensor_of(tensor(storage("FloatStorage", "none", 0), 0, {0, 13}, {13, 1})).view.elements, 0);
  EXPECT_EQ(snapshot_.storages[0].bytes, 0);
}

struct TypeRow {
  const char* storage;
  const char* dtype;
  int bytes;  ///< torch.tensor([], dtype=…).element_size()
};
std::ostream& operator<<(std::ostream& out, const TypeRow& row) { return out << row.dtype; }

/// A tensor of `elements` in a row; quantized where its type is.
std::string row_of(const std::string& type, std::int64_t stored, std::int64_t offset,
                   std::int64_t elements) {
  const std::string of = storage(type + "Storage", "0", stored);
  if (type[0] != 'Q') return tensor(of, offset, {elements}, {1});
  return call(global("torch._utils", "_rebuild_qtensor"),
              {of, integer(offset), integers({elements}), integers({1}),
               tuple({global("torch", "per_tensor_affine"), real(1), integer(0)}), boolean(false),
               call(global("collections", "OrderedDict"), {})});
}

class TensorTypes : public TensorValues, public testing::WithParamInterface<TypeRow> {};

TEST_P(TensorTypes, HaveTheirSize) {
  const auto [type, dtype, bytes] = GetParam();
  add("data/0", 7 * bytes);
  const TensorRecord t = tensor_of(row_of(type, 7, 0, 7));
  EXPECT_EQ(info(t.view.dtype).name, dtype);
  EXPECT_EQ(t.view.elements, 7);
  EXPECT_EQ(t.view.bytes, 7 * bytes);
  EXPECT_NE(refusal(row_of(type, 7, 1, 7)).find("reaches past the end"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, TensorTypes,
    testing::Values(
        TypeRow{"Float", "float32", 4}, TypeRow{"Double", "float64", 8},
        TypeRow{"Half", "float16", 2}, TypeRow{"BFloat16", "bfloat16", 2},
        TypeRow{"Float8_e5m2", "float8_e5m2", 1}, TypeRow{"Float8_e4m3fn", "float8_e4m3fn", 1},
        TypeRow{"Float8_e5m2fnuz", "float8_e5m2fnuz", 1},
        TypeRow{"Float8_e4m3fnuz", "float8_e4m3fnuz", 1},
        TypeRow{"Float8_e8m0fnu", "float8_e8m0fnu", 1},
        TypeRow{"Float4_e2m1fn_x2", "float4_e2m1fn_x2", 1}, TypeRow{"ComplexHalf", "complex32", 4},
        TypeRow{"ComplexFloat", "complex64", 8}, TypeRow{"ComplexDouble", "complex128", 16},
        TypeRow{"Long", "int64", 8}, TypeRow{"Int", "int32", 4}, TypeRow{"Short", "int16", 2},
        TypeRow{"Char", "int8", 1}, TypeRow{"Byte", "uint8", 1}, TypeRow{"UInt16", "uint16", 2},
        TypeRow{"UInt32", "uint32", 4}, TypeRow{"UInt64", "uint64", 8}, TypeRow{"Bool", "bool", 1},
        TypeRow{"QInt8", "qint8", 1}, TypeRow{"QUInt8", "quint8", 1},
        TypeRow{"QInt32", "qint32", 4}),
    [](const testing::TestParamInfo<TypeRow>& row) { return std::string(row.param.dtype); });

// Two elements a byte, four elements a byte; a part of a byte counts as a whole one.
TEST_F(TensorValues, MeasuresTypesBelowAByteInBits) {
  add("data/0", 5);
  const TensorRecord nine = tensor_of(row_of("QUInt4x2", 5, 0, 9));
  EXPECT_EQ(nine.view.elements, 9);
  EXPECT_EQ(nine.view.bytes, 5);
  EXPECT_EQ(tensor_of(row_of("QUInt4x2", 5, 0, 10)).view.bytes, 5);
  EXPECT_NE(refusal(row_of("QUInt4x2", 5, 0, 11)), "");
  EXPECT_EQ(tensor_of(row_of("QUInt2x4", 5, 0, 20)).view.bytes, 5);
  EXPECT_NE(refusal(row_of("QUInt2x4", 5, 0, 21)), "");
}

// ----------------------------------------------------------------------------------------------
// extents that do not fit

TEST_F(TensorValues, RefusesOneElementPastTheEnd) {
  const std::string said = "reaches past the end of its storage of 60 bytes";
  EXPECT_EQ(refusal(0, {16}, {1}), said);
  EXPECT_EQ(refusal(15, {}, {}), said);
  EXPECT_EQ(refusal(1, {5, 3}, {3, 1}), said);
  EXPECT_EQ(refusal(0, {5, 3}, {4, 1}), said);  // last element at 4 × 4 + 2 = 18
  EXPECT_EQ(refusal(0, {2}, {15}), said);
}

TEST_F(TensorValues, RefusesNegativeNumbers) {
  EXPECT_EQ(refusal(-1, {2}, {1}), "starts at the negative offset -1");
  EXPECT_EQ(refusal(0, {-2}, {1}), "has the negative size -2");
  EXPECT_EQ(refusal(5, {2}, {-1}), "has the negative stride -1");
  EXPECT_EQ(refusal(0, {0, -1}, {1, 1}), "has the negative size -1");
  EXPECT_EQ(refusal(0, {INT64_MIN}, {1}), "has the negative size -9223372036854775808");
}

TEST_F(TensorValues, RefusesProductsThatOverflow) {
  EXPECT_EQ(refusal(0, {kHuge, 2}, {0, 0}), "has more elements than 2^63");
  EXPECT_EQ(refusal(0, {std::int64_t{1} << 32, std::int64_t{1} << 32}, {0, 0}),
            "has more elements than 2^63");  // 2^64 wraps to 0
  EXPECT_EQ(refusal(0, {2}, {kHuge}), "reaches past the end of its storage of 60 bytes");
  EXPECT_EQ(refusal(kHuge, {2}, {kHuge}), "has more elements than 2^63");
  EXPECT_EQ(refusal(0, {2, 2, 2}, {kHuge, kHuge, 1}), "has more elements than 2^63");
  EXPECT_EQ(refusal(0, {kHuge}, {kHuge}), "has more elements than 2^63");
  EXPECT_EQ(refusal(0, {std::int64_t{1} << 61}, {0}),
            "has more bytes than 2^63");  // 2^61 floats of 4 bytes
}

TEST_F(TensorValues, RefusesStridesForOtherSizes) {
  EXPECT_EQ(refusal(0, {5, 3}, {1}), "has 2 sizes and 1 strides");
  EXPECT_EQ(refusal(0, {}, {1}), "has 0 sizes and 1 strides");
}

TEST_F(TensorValues, RefusesMoreDimensionsThanPyTorch) {
  add("data/0", 60);
  const Shape ones(64, 1);
  EXPECT_EQ(tensor_of(tensor(storage("FloatStorage", "0", 15), 0, ones, ones)).view.elements, 1);
  EXPECT_EQ(refusal(0, Shape(65, 1), Shape(65, 1)), "has 65 dimensions; PyTorch allows 64");
}

// --------------------------------------------------------------------------------------------------------------
// storages

TEST_F(TensorValues, RefusesAMissingRecord) {
  EXPECT_EQ(refusal(floats("7", 1)), "its storage, record data/7, is missing");
}

TEST_F(TensorValues, RefusesAStorageShorterThanItSays) {
  add("data/0", 59);
  EXPECT_EQ(refusal(floats("0", 15)),
            "its storage, record data/0, is shorter than it says: 59 bytes");
  EXPECT_EQ(refusal(tensor(storage("FloatStorage", "0", kHuge), 0, {1}, {1})),
            "its storage, record data/0, is shorter than it says: 59 bytes");
  // A tensor within what is there, of a storage that says more.
  EXPECT_NE(refusal(tensor(storage("FloatStorage", "0", 15), 0, {1}, {1})), "");
}

TEST_F(TensorValues, RefusesStoragesThatAreNone) {
  add("data/0", 60);
  const auto of = [](const Values& id) { return tensor(tuple(id) + "Q", 0, {1}, {1}); };
  const std::string type = global("torch", "FloatStorage");
  EXPECT_EQ(refusal(of({text("storage"), type, text("0"), text("cpu")})), "names no storage");
  EXPECT_EQ(refusal(of({text("module"), type, text("0"), text("cpu"), integer(1)})),
            "names no storage");
  // Behind the size PyTorch 1.3 wrote None, and nothing else.
  EXPECT_EQ(tensor_of(of({text("storage"), type, text("0"), text("cpu"), integer(15), "N"}))
                .view.elements,
            1);
  EXPECT_EQ(refusal(of({text("storage"), type, text("0"), text("cpu"), integer(15), integer(0)})),
            "names no storage");
  EXPECT_EQ(refusal(of({text("storage"), text("Float"), text("0"), text("cpu"), integer(1)})),
            "a storage's type is of the wrong type");
  EXPECT_EQ(refusal(of({text("storage"), type, integer(0), text("cpu"), integer(1)})),
            "a storage's key is of the wrong type");
  EXPECT_EQ(refusal(of({text("storage"), type, text("0"), "N", integer(1)})),
            "a storage's device is of the wrong type");
  EXPECT_EQ(refusal(of({text("storage"), type, text("0"), text("cpu"), "N"})),
            "a storage's size is of the wrong type");
  EXPECT_EQ(refusal(of({text("storage"), type, text("0"), text("cpu"), integer(-1)})),
            "has a storage of negative size");
  EXPECT_EQ(refusal(tensor(integer(3) + "Q", 0, {1}, {1})), "a storage's id is of the wrong type");
  EXPECT_EQ(refusal(tensor("N", 0, {1}, {1})), "the storage is of the wrong type");
}

TEST_F(TensorValues, RefusesUnknownTypes) {
  add("data/0", 60);
  for (const char* type :
       {"Float", "Storage", "UntypedStorage", "FloatStorageX", "floatStorage", "Q\xffStorage"}) {
    EXPECT_EQ(refusal(tensor(storage(type, "0", 1), 0, {1}, {1}))
                  .rfind("has a storage of the unknown type ", 0),
              0u)
        << type;
  }
}

// -----------------------------------------------------------------------------------------------------------------
// calls

TEST_F(TensorValues, RefusesOtherRebuildFunctions) {
  add("data/0", 60);
  const std::string said = ", which torch.jit.save does not write";
  EXPECT_EQ(refusal(call(global("torch._utils", "_rebuild_xla_tensor"), {})),
            "is built by _rebuild_xla_tensor" + said);
  EXPECT_EQ(refusal(call(global("torch._tensor", "_rebuild_from_type_v2"), {"N", "N"})),
            "is built by _rebuild_from_type_v2" + said);
  // A parameter of a parameter of a …: no recursion.
  const std::string parameter =
      call(global("torch._utils", "_rebuild_parameter"), {floats("0", 15), boolean(true)});
  EXPECT_EQ(refusal(call(global("torch._utils", "_rebuild_parameter"), {parameter, boolean(true)})),
            "is built by _rebuild_parameter" + said);
}

TEST_F(TensorValues, RefusesMissingAndWrongArguments) {
  add("data/0", 60);
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2"),
                    of = storage("FloatStorage", "0", 15);
  const Values arguments = {of, integer(0), integers({15}), integers({1}), boolean(false)};
  const char* const names[] = {"the storage", "the storage offset", "the size", "the stride",
                               "requires_grad"};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    EXPECT_EQ(refusal(call(rebuild, Values(arguments.begin(),
                                           arguments.begin() + static_cast<std::ptrdiff_t>(i)))),
              std::string(names[i]) + " is missing");
    Values wrong = arguments;
    wrong[i] = "N";
    EXPECT_EQ(refusal(call(rebuild, wrong)), std::string(names[i]) + " is of the wrong type");
  }
  EXPECT_EQ(
      refusal(call(rebuild, {of, integer(0), tuple({real(15)}), integers({1}), boolean(false)})),
      "a size is of the wrong type");
  EXPECT_EQ(refusal(call(rebuild, {of, integer(0), integers({15}), tuple({"N"}), boolean(false)})),
            "a stride is of the wrong type");
  EXPECT_EQ(refusal(rebuild + integer(1) + "R"), "the storage is missing");
  // Hooks are never saved; behind them stand the bits of conjugates, and nothing further.
  const std::string hooks = call(global("collections", "OrderedDict"), {}),
                    bits = call(global("torch.jit._pickle", "restore_type_tag"),
                                {dict({text("conj"), boolean(true)}), text("Dict[str, bool]")});
  const auto with = [&](const Values& more) {
    Values all = arguments;
    all.insert(all.end(), more.begin(), more.end());
    return call(rebuild, all);
  };
  EXPECT_EQ(refusal(with({})), "the hooks is missing");
  EXPECT_EQ(refusal(with({call(global("collections", "OrderedDict"), {list({})})})),
            "has hooks that are no empty OrderedDict");
  EXPECT_EQ(tensor_of(with({hooks, bits})).view.elements, 15);
  EXPECT_EQ(refusal(with({hooks, dict({text("conj"), list({})})})),
            "one of its bits is of the wrong type");
  EXPECT_EQ(refusal(with({hooks, bits, bits})), "is built of 8 arguments");
}

TEST_F(TensorValues, RefusesGradientsOfIntegers) {
  add("data/0", 60);
  EXPECT_EQ(refusal(tensor(storage("IntStorage", "0", 15), 0, {15}, {1}, true)),
            "requires gradients, yet has elements of the type int32");
  EXPECT_TRUE(tensor_of(tensor(storage("HalfStorage", "0", 30), 0, {15}, {1}, true)).requires_grad);
}

TEST_F(TensorValues, RefusesDevicesThatAreNone) {
  add("data/0", 60);
  const auto on = [&](const std::string& device) {
    return tensor(tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text(device),
                         integer(15)}) +
                      "Q",
                  0, {15}, {1});
  };
  for (const char* device : {"cpu", "cuda:0", "cuda:11", "meta", "mps"})
    EXPECT_EQ(tensor_of(on(device)).view.elements, 15) << device;
  for (const char* device : {"", "gpu", "cuda:", "cuda:01", "cuda:-1", "cuda 0", "CPU"})
    EXPECT_EQ(refusal(on(device)), "is on the unknown device " + std::string(device));
}

TEST_F(TensorValues, TakesOtherCallsForNoTensors) {
  for (const std::string& value :
       {call(global("torch", "device"), {text("cpu")}), std::string("N"),
        call(global("torch.jit._pickle", "restore_type_tag"), {"N", text("int")})}) {
    const std::string bytes = whole(value);
    const Result<pickle::Pickle> p = pickle::read(bytes);
    ASSERT_TRUE(p);
    EXPECT_FALSE(is_tensor(*p, (*p)[p->root]));
  }
}

TEST_F(TensorValues, FollowsTypeTags) {
  const auto kind_of = [](const std::string& name, const Values& arguments) {
    const std::string bytes = whole(call(global("torch.jit._pickle", name), arguments));
    const Result<pickle::Pickle> p = pickle::read(bytes);
    EXPECT_TRUE(p);
    return untagged(*p, (*p)[p->root]).kind;
  };
  const std::string items = list({integer(5)}), tag = text("List[int]");
  EXPECT_EQ(kind_of("restore_type_tag", {items, tag}), pickle::Kind::kList);
  EXPECT_EQ(kind_of("restore_type_tag", {dict({}), tag}), pickle::Kind::kDict);
  EXPECT_EQ(kind_of("build_intlist", {items}), pickle::Kind::kList);
  for (const Values& arguments :
       {Values{}, {items}, {items, integer(1)}, {integer(5), tag}, {items, tag, tag}})
    EXPECT_EQ(kind_of("restore_type_tag", arguments), pickle::Kind::kCall);
  EXPECT_EQ(kind_of("build_intlist", {items, tag}), pickle::Kind::kCall);
  EXPECT_EQ(kind_of("build_tensor_from_id", {items}), pickle::Kind::kCall);
}

// torch.jit.load parses every tag: "Unknown type name 'as_dict'".
TEST(TypeTags, AreTypesOfWhatTheyTag) {
  const auto is_wrong = [](const std::string& value, const std::string& tag) {
    const std::string bytes = whole(tuple(
        {integer(1), call(global("torch.jit._pickle", "restore_type_tag"), {value, text(tag)})}));
    const Result<pickle::Pickle> p = pickle::read(bytes);
    EXPECT_TRUE(p);
    return find_wrong_tag(*p) != nullptr;
  };
  const std::string items = list({integer(5)}), entries = dict({});
  EXPECT_FALSE(is_wrong(items, "List[int]"));
  EXPECT_FALSE(is_wrong(entries, "Dict[str, Optional[__torch__.my.Class]]"));
  EXPECT_TRUE(is_wrong(items, "as_dict"));
  EXPECT_TRUE(is_wrong(items, "Dict[str, int]"));
  EXPECT_TRUE(is_wrong(entries, "List[int]"));
  EXPECT_TRUE(is_wrong(items, "List[int"));
}

}  // namespace
}  // namespace tally::inspector
