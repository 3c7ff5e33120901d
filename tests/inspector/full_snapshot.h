// A snapshot with something in every field, and the comparison of two snapshots field by field.
#pragma once

#include <gtest/gtest.h>
#include <tests/inspector/snapshot_builder.h>

#include <tuple>

namespace tally::inspector::test {

inline ModelSnapshot full_snapshot() {
  SnapshotBuilder b;
  ModelSnapshot& s = b.snapshot;
  s.path = "models/caf\xc3\xa9 \"x\"\n.pt";
  s.file_bytes = 141'107'412'992;
  s.format = "torch.package";
  s.archive_version = 10;
  s.byte_order = "little";
  const auto a = b.module("a", kRoot, "torch.nn.modules.linear.Linear"),
             again = b.module("a.again", a);
  s.modules[a].constants = {{"in_features", "768"}, {"mode", "\"zeros\""}};
  s.modules[a].attributes = {{"training", "true"}};
  s.modules[again].same_as = a;
  b.tensor(a, "weight", b.view(b.storage(4000, 0xffffffff), {10, 3}, 7));
  TensorRecord& quantized = b.tensor(a, "packed[0]", {3, 4}, TensorKind::kPacked, Dtype::kQInt8);
  quantized.quantization = Quantization{"per_channel_affine", 0.1, INT64_MIN, 1};
  quantized.parts = {{"scales", b.view(StorageId(0), {3}, 1, Dtype::kFloat64)},
                     {"zero_points", b.view(StorageId(0), {3}, 2, Dtype::kInt64)}};
  TensorRecord& sparse =
      b.tensor(kRoot, "mask[\"k\"]", b.view(StorageId::none(), {8, 10}), TensorKind::kBuffer);
  sparse.layout = Layout::kSparseCsr;
  sparse.view.strides.clear();
  sparse.parts = {{"values", b.view(StorageId(0), {3})}};
  TensorRecord& constant = b.tensor(kRoot, "CONSTANTS.c0", Shape{}, TensorKind::kConstant);
  constant.uses = 3;
  constant.setting = true;
  constant.used_by = "torch.conv2d";
  s.operations = {{"torch.conv2d", {{0, 7, TensorId::none()}, {1, -1, TensorId(3)}}, {8, 9}},
                  {"torch.rand", {}, {10}}};
  s.storages[1].device = "cuda:0";
  s.sections = {{"weights", 2, 4012}, {"directory", 0, 99}};
  s.findings = {{"unused-storage", "1 storage of 4 bytes"}};
  s.hidden = {{"mkldnn_constant", "code/m.py", "forward", 7, 3, 0, -1, "weight_mkldnn"},
              {"string", "data.pkl", "engine", 0, 1, 5000, 7, ""}};
  s.burnt_in = {{"device", "cuda:0", 3, "code/m.py:7 in forward"}};
  s.producer = "PyTorch 2.1 or newer";
  s.code_sizes = {{{"view", {-1, -1, 12, 64}}, {"chunk", {3, -1}}}, {{"reshape", {}}}};
  s.modules[a].code_sizes = 1;
  return s;
}

inline void expect_equal(const StridedView& a, const StridedView& b) {
  EXPECT_EQ(a.dtype, b.dtype);
  EXPECT_EQ(a.sizes, b.sizes);
  EXPECT_EQ(a.strides, b.strides);
  EXPECT_EQ(a.storage, b.storage);
  EXPECT_EQ(a.offset, b.offset);
  EXPECT_EQ(a.elements, b.elements);
  EXPECT_EQ(a.bytes, b.bytes);
}

inline void expect_equal(const TensorRecord& a, const TensorRecord& b) {
  EXPECT_EQ(a.module, b.module);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.layout, b.layout);
  EXPECT_EQ(a.requires_grad, b.requires_grad);
  EXPECT_EQ(a.uses, b.uses);
  EXPECT_EQ(a.setting, b.setting);
  EXPECT_EQ(a.used_by, b.used_by);
  expect_equal(a.view, b.view);
  ASSERT_EQ(a.parts.size(), b.parts.size());
  for (std::size_t i = 0; i < a.parts.size(); ++i) {
    EXPECT_EQ(a.parts[i].role, b.parts[i].role);
    expect_equal(a.parts[i].view, b.parts[i].view);
  }
  ASSERT_EQ(a.quantization.has_value(), b.quantization.has_value());
  if (!a.quantization) return;
  EXPECT_EQ(a.quantization->scheme, b.quantization->scheme);
  EXPECT_EQ(a.quantization->scale, b.quantization->scale);
  EXPECT_EQ(a.quantization->zero_point, b.quantization->zero_point);
  EXPECT_EQ(a.quantization->axis, b.quantization->axis);
}

inline void expect_equal(const ModelSnapshot& a, const ModelSnapshot& b) {
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.file_bytes, b.file_bytes);
  EXPECT_EQ(a.format, b.format);
  EXPECT_EQ(a.archive_version, b.archive_version);
  EXPECT_EQ(a.byte_order, b.byte_order);
  ASSERT_EQ(a.modules.size(), b.modules.size());
  for (std::size_t i = 0; i < a.modules.size(); ++i) {
    EXPECT_EQ(a.modules[i].path, b.modules[i].path);
    EXPECT_EQ(a.modules[i].parent, b.modules[i].parent);
    EXPECT_EQ(a.modules[i].type, b.modules[i].type);
    EXPECT_EQ(a.modules[i].same_as, b.modules[i].same_as);
    EXPECT_EQ(a.modules[i].constants, b.modules[i].constants);
    EXPECT_EQ(a.modules[i].attributes, b.modules[i].attributes);
    EXPECT_EQ(a.modules[i].code_sizes, b.modules[i].code_sizes);
  }
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) expect_equal(a.tensors[i], b.tensors[i]);
  ASSERT_EQ(a.operations.size(), b.operations.size());
  for (std::size_t i = 0; i < a.operations.size(); ++i) {
    EXPECT_EQ(a.operations[i].name, b.operations[i].name);
    EXPECT_EQ(a.operations[i].outputs, b.operations[i].outputs);
    ASSERT_EQ(a.operations[i].operands.size(), b.operations[i].operands.size());
    for (std::size_t k = 0; k < a.operations[i].operands.size(); ++k) {
      const Operand &x = a.operations[i].operands[k], &y = b.operations[i].operands[k];
      EXPECT_EQ(x.position, y.position);
      EXPECT_EQ(x.value, y.value);
      EXPECT_EQ(x.tensor, y.tensor);
    }
  }
  ASSERT_EQ(a.storages.size(), b.storages.size());
  for (std::size_t i = 0; i < a.storages.size(); ++i) {
    EXPECT_EQ(a.storages[i].record, b.storages[i].record);
    EXPECT_EQ(a.storages[i].bytes, b.storages[i].bytes);
    EXPECT_EQ(a.storages[i].crc32, b.storages[i].crc32);
    EXPECT_EQ(a.storages[i].device, b.storages[i].device);
  }
  ASSERT_EQ(a.sections.size(), b.sections.size());
  for (std::size_t i = 0; i < a.sections.size(); ++i) {
    EXPECT_EQ(a.sections[i].category, b.sections[i].category);
    EXPECT_EQ(a.sections[i].records, b.sections[i].records);
    EXPECT_EQ(a.sections[i].bytes, b.sections[i].bytes);
  }
  ASSERT_EQ(a.findings.size(), b.findings.size());
  for (std::size_t i = 0; i < a.findings.size(); ++i) {
    EXPECT_EQ(a.findings[i].code, b.findings[i].code);
    EXPECT_EQ(a.findings[i].text, b.findings[i].text);
  }
  EXPECT_EQ(a.producer, b.producer);
  ASSERT_EQ(a.hidden.size(), b.hidden.size());
  for (std::size_t i = 0; i < a.hidden.size(); ++i) {
    const HiddenWeights &x = a.hidden[i], &y = b.hidden[i];
    EXPECT_EQ(std::tie(x.what, x.record, x.place, x.line, x.count, x.bytes, x.elements, x.known),
              std::tie(y.what, y.record, y.place, y.line, y.count, y.bytes, y.elements, y.known));
  }
  ASSERT_EQ(a.burnt_in.size(), b.burnt_in.size());
  for (std::size_t i = 0; i < a.burnt_in.size(); ++i) {
    const BurntIn &x = a.burnt_in[i], &y = b.burnt_in[i];
    EXPECT_EQ(std::tie(x.what, x.value, x.methods, x.first),
              std::tie(y.what, y.value, y.methods, y.first));
  }
  ASSERT_EQ(a.code_sizes.size(), b.code_sizes.size());
  for (std::size_t i = 0; i < a.code_sizes.size(); ++i) {
    ASSERT_EQ(a.code_sizes[i].size(), b.code_sizes[i].size());
    for (std::size_t k = 0; k < a.code_sizes[i].size(); ++k) {
      EXPECT_EQ(a.code_sizes[i][k].op, b.code_sizes[i][k].op);
      EXPECT_EQ(a.code_sizes[i][k].sizes, b.code_sizes[i][k].sizes);
    }
  }
}

}  // namespace tally::inspector::test
