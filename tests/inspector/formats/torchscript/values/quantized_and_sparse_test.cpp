// Tensors that are more than one view: quantized and sparse ones.

#include <gtest/gtest.h>
#include <tests/inspector/formats/torchscript/values/tensor_values_fixture.h>

#include <cmath>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

constexpr std::int64_t kHuge = INT64_MAX;

// -------------------------------------------------------------------------------------------------------------
// quantized

std::string quantized(const std::string& quantizer) {
  return call(global("torch._utils", "_rebuild_qtensor"),
              {storage("QInt8Storage", "0", 12), integer(0), integers({3, 4}), integers({4, 1}),
               quantizer, boolean(false), call(global("collections", "OrderedDict"), {})});
}

TEST_F(TensorValues, ReadsAScaleForTheTensor) {
  add("data/0", 12);
  const TensorRecord t =
      tensor_of(quantized(tuple({global("torch", "per_tensor_affine"), real(0.125), integer(-7)})));
  EXPECT_EQ(t.view.elements, 12);
  EXPECT_EQ(t.view.bytes, 12);
  ASSERT_TRUE(t.quantization);
  EXPECT_EQ(t.quantization->scheme, "per_tensor_affine");
  EXPECT_EQ(t.quantization->scale, 0.125);
  EXPECT_EQ(t.quantization->zero_point, -7);
  EXPECT_TRUE(t.parts.empty());
}

TEST_F(TensorValues, ReadsScalesForChannelsApartFromTheElements) {
  add("data/0", 12);
  add("data/1", 24);
  add("data/2", 24);
  const std::string scales = tensor(storage("DoubleStorage", "1", 3), 0, {3}, {1}),
                    zeros = tensor(storage("LongStorage", "2", 3), 0, {3}, {1});
  for (const char* scheme : {"per_channel_affine", "per_channel_affine_float_qparams"}) {
    const TensorRecord t =
        tensor_of(quantized(tuple({global("torch", scheme), scales, zeros, integer(1)})));
    ASSERT_TRUE(t.quantization);
    EXPECT_EQ(t.quantization->scheme, scheme);
    EXPECT_EQ(t.quantization->axis, 1);
    EXPECT_EQ(t.view.bytes, 12);
    ASSERT_EQ(t.parts.size(), 2u);
    EXPECT_EQ(t.parts[0].role, "scales");
    EXPECT_EQ(t.parts[0].view.bytes, 24);
    EXPECT_EQ(t.parts[1].role, "zero_points");
    EXPECT_EQ(t.parts[1].view.dtype, Dtype::kInt64);
  }
}

TEST_F(TensorValues, ReadsScalesThatPyTorch13WroteAsNumbers) {
  add("data/0", 12);
  const std::string channels = global("torch", "per_channel_affine");
  const auto listed = [](const char* build, const Values& values) {
    return call(global("torch.jit._pickle", build), {list(values)});
  };
  const std::string scales = listed("build_doublelist", {real(0.5), real(0.25), real(2)}),
                    zeros = listed("build_intlist", {integer(0), integer(1), integer(-2)});
  const TensorRecord t = tensor_of(quantized(tuple({channels, scales, zeros, integer(1)})));
  ASSERT_TRUE(t.quantization);
  EXPECT_EQ(t.quantization->scheme, "per_channel_affine");
  EXPECT_EQ(t.quantization->axis, 1);
  EXPECT_TRUE(t.parts.empty());
  EXPECT_EQ(t.view.bytes, 12);
  EXPECT_EQ(refusal(quantized(tuple({channels, scales, floats("0", 3), integer(0)}))),
            "the list of zero points is of the wrong type");
  EXPECT_EQ(refusal(quantized(
                tuple({channels, scales, listed("build_intlist", {integer(0)}), integer(0)}))),
            "has scales and zero points of different shapes");
  EXPECT_EQ(refusal(quantized(tuple({channels, zeros, zeros, integer(0)}))),
            "a scale is of the wrong type");
}

TEST_F(TensorValues, RefusesQuantizersThatAreNone) {
  add("data/0", 12);
  const std::string affine = global("torch", "per_tensor_affine"),
                    channels = global("torch", "per_channel_affine");
  EXPECT_EQ(refusal(quantized("N")), "the quantizer is of the wrong type");
  EXPECT_EQ(refusal(quantized(tuple({}))), "the quantization scheme is missing");
  EXPECT_EQ(refusal(quantized(tuple({text("per_tensor_affine")}))),
            "the quantization scheme is of the wrong type");
  EXPECT_EQ(refusal(quantized(tuple({global("torch", "symmetric")}))),
            "has the unknown quantization scheme symmetric");
  EXPECT_EQ(refusal(quantized(tuple({affine}))), "the scale is missing");
  EXPECT_EQ(refusal(quantized(tuple({affine, integer(1), integer(0)}))),
            "the scale is of the wrong type");
  EXPECT_EQ(refusal(quantized(tuple({affine, real(1)}))), "the zero point is missing");
  for (const double scale : {std::nan(""), HUGE_VAL})
    EXPECT_EQ(refusal(quantized(tuple({affine, real(scale), integer(0)}))),
              "has a scale that is no finite number");
  EXPECT_EQ(refusal(quantized(tuple({channels, floats("0", 3), floats("0", 3)}))),
            "the channel axis is missing");
  EXPECT_EQ(refusal(quantized(tuple({channels, real(1)}))), "the scales is of the wrong type");
  EXPECT_EQ(refusal(quantized(tuple({channels, floats("0", 3), floats("0", 3), integer(2)}))),
            "has the channel axis 2 of 2 dimensions");
  add("data/3", 12);
  const std::string whole = tensor(storage("IntStorage", "3", 3), 0, {3}, {1});
  EXPECT_EQ(refusal(quantized(tuple({channels, whole, whole, integer(0)}))),
            "has scales of the type int32");
  EXPECT_EQ(refusal(quantized(tuple({affine, real(1), integer(0), integer(0)}))),
            "has a quantizer of 4 items");
  EXPECT_EQ(refusal(quantized(tuple({channels, floats("0", 3), floats("0", 2), integer(0)}))),
            "has scales and zero points of different shapes");
  EXPECT_EQ(refusal(tensor(storage("QInt8Storage", "0", 12), 0, {12}, {1})),
            "has no quantizer, yet integers of a quantized type");
  EXPECT_EQ(refusal(quantized(tuple({channels, quantized("N"), quantized("N"), integer(0)}))),
            "has a part that is no plain tensor");
  EXPECT_EQ(refusal(quantized(tuple({channels, floats("0", 4), floats("0", 3), integer(0)}))),
            "its storage, record data/0, is shorter than it says: 12 bytes");
}

// ----------------------------------------------------------------------------------------------------------------
// sparse

std::string sparse(std::int64_t layout, const Shape& sizes, const Values& parts) {
  Values arguments = {integer(layout), integers(sizes), boolean(true)};
  arguments.insert(arguments.end(), parts.begin(), parts.end());
  arguments.push_back(call(global("collections", "OrderedDict"), {}));
  return call(global("torch._utils", "_rebuild_sparse_tensor"), arguments);
}

TEST_F(TensorValues, CountsDenseElementsAndStoredBytesOfSparseTensors) {
  add("data/0", 48);
  add("data/1", 12);
  const std::string indices = tensor(storage("LongStorage", "0", 6), 0, {2, 3}, {3, 1}),
                    values = floats("1", 3);
  const TensorRecord coo = tensor_of(sparse(1, {8, 10}, {indices, values}));
  EXPECT_EQ(coo.layout, Layout::kSparseCoo);
  EXPECT_EQ(coo.view.elements, 80);
  EXPECT_EQ(coo.view.bytes, 48 + 12);
  EXPECT_FALSE(coo.view.storage.valid());
  EXPECT_EQ(coo.view.dtype, Dtype::kFloat32);
  EXPECT_TRUE(coo.requires_grad);
  ASSERT_EQ(coo.parts.size(), 2u);
  EXPECT_EQ(coo.parts[0].role, "indices");
  EXPECT_EQ(coo.parts[1].role, "values");
  const TensorRecord csr = tensor_of(sparse(2, {8, 10}, {indices, indices, values}));
  EXPECT_EQ(csr.layout, Layout::kSparseCsr);
  EXPECT_EQ(csr.view.bytes, 48 + 48 + 12);
  ASSERT_EQ(csr.parts.size(), 3u);
  EXPECT_EQ(csr.parts[0].role, "crow_indices");
  EXPECT_EQ(csr.parts[1].role, "col_indices");
}

TEST_F(TensorValues, RefusesSparseTensorsThatAreNone) {
  add("data/0", 48);
  const std::string part = floats("0", 3);
  EXPECT_EQ(refusal(sparse(0, {8}, {part, part})), "has the unknown layout 0");
  EXPECT_EQ(refusal(sparse(3, {8}, {part, part})), "has the unknown layout 3");
  EXPECT_EQ(refusal(sparse(1, {-8}, {part, part})), "has the negative size -8");
  EXPECT_EQ(refusal(sparse(1, {kHuge, kHuge}, {part, part})), "has more elements than 2^63");
  EXPECT_EQ(refusal(sparse(1, Shape(65, 1), {part, part})), "has 65 dimensions; PyTorch allows 64");
  EXPECT_EQ(refusal(sparse(2, {8}, {part, part})),
            "has a part that is no plain tensor");  // the OrderedDict in values' place
  EXPECT_EQ(refusal(sparse(1, {8}, {"N", part})), "indices is of the wrong type");
  EXPECT_EQ(refusal(sparse(1, {8}, {part, floats("9", 3)})),
            "its storage, record data/9, is missing");
}

// c10's SparseTensorImpl: as many sizes as sparse and dense dimensions, a value for each index.
TEST_F(TensorValues, RefusesSparseTensorsWhosePartsDisagree) {
  add("data/0", 48);
  add("data/1", 24);
  const std::string indices = tensor(storage("LongStorage", "0", 6), 0, {2, 3}, {3, 1}),
                    values = floats("1", 3),
                    wide = tensor(storage("FloatStorage", "1", 6), 0, {3, 2}, {2, 1});
  EXPECT_EQ(tensor_of(sparse(1, {8, 10, 2}, {indices, wide})).view.elements, 160);
  for (const auto& [sizes, parts] : {std::pair<Shape, Values>{{8}, {indices, values}},
                                     {{8, 10, 2}, {indices, values}},
                                     {{8, 10}, {indices, wide}},
                                     {{8, 10}, {indices, floats("1", 2)}},
                                     {{8, 10}, {floats("1", 2), floats("1", 2)}}})
    EXPECT_EQ(refusal(sparse(1, sizes, parts)),
              "has " + std::to_string(sizes.size()) +
                  " dimensions, which its indices and values do not have");
  const std::string whole = tensor(storage("IntStorage", "0", 6), 0, {2, 3}, {3, 1});
  EXPECT_EQ(refusal(sparse(1, {8, 10}, {whole, values})), "has indices of the type int32");
}

}  // namespace
}  // namespace tally::inspector
